import HeraldCore
import Testing

/// What failed connects of sessions do to the count of checks, and to when the next one comes.
@Suite struct ObservationTests {
    private let start = ContinuousClock.Instant.now

    private func tracker(fall: Int) -> HealthTracker {
        var settings = HealthCheckSettings()
        settings.interval = .seconds(10)
        settings.fastInterval = .seconds(1)
        settings.downInterval = .seconds(5)
        settings.rise = 2
        settings.fall = fall
        return HealthTracker(settings: settings, at: start)
    }

    @Test func markDownTakesItDownAtOnceAndChecksAreThoseOfADownServer() {
        var tracker = tracker(fall: 3)
        let transition = tracker.observe(.markDown, .refused, at: start + .seconds(7))
        #expect(transition?.to == .down)
        #expect(transition?.checks == nil)
        #expect(transition?.heldFor == .seconds(7))
        #expect(tracker.nextInterval == .seconds(5))
        #expect(tracker.observe(.markDown, .refused, at: start + .seconds(8)) == nil)
        #expect(tracker.record(.passed(latency: .zero), at: start + .seconds(9)) == nil)
        #expect(tracker.record(.passed(latency: .zero), at: start + .seconds(10))?.to == .up)
    }

    @Test func failCheckCountsAsOneCheck() {
        var tracker = tracker(fall: 2)
        #expect(tracker.observe(.failCheck, .refused, at: start) == nil)
        #expect(tracker.nextInterval == .seconds(1))
        #expect(tracker.observe(.failCheck, .refused, at: start)?.to == .down)
    }

    @Test func suddenDeathLeavesOneCheckToGo() {
        var tracker = tracker(fall: 5)
        for _ in 0..<3 { #expect(tracker.observe(.suddenDeath, .refused, at: start) == nil) }
        #expect(tracker.nextInterval == .seconds(1))
        #expect(tracker.record(.failed(.refused), at: start)?.checks == 5)
    }

    @Test func fastIntervalOnlyBringsTheNextCheckForward() {
        var tracker = tracker(fall: 1)
        #expect(tracker.observe(.fastInterval, .refused, at: start) == nil)
        #expect(tracker.nextInterval == .seconds(1))
        #expect(tracker.record(.passed(latency: .zero), at: start) == nil)
        #expect(tracker.nextInterval == .seconds(10))
    }
}
