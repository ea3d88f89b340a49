import HeraldCore
import Testing

@Suite struct HealthTrackerTests {
    static let start = ContinuousClock.now
    static let pass = CheckOutcome.passed(latency: .milliseconds(1))
    static let fail = CheckOutcome.failed(.refused)

    var settings = HealthCheckSettings()

    init() {
        settings.interval = .seconds(2)
        settings.fastInterval = .seconds(1)
        settings.downInterval = .seconds(30)
    }

    /// Records checks a second apart, `+` for passed, and writes the state after each, capital at a transition.
    private func states(_ checks: String, rise: Int, fall: Int) -> String {
        var settings = settings
        settings.rise = rise
        settings.fall = fall
        var tracker = HealthTracker(settings: settings, at: Self.start)
        var now = Self.start
        return String(
            checks.map { check in
                now = now.advanced(by: .seconds(1))
                let transition = tracker.record(check == "+" ? Self.pass : Self.fail, at: now)
                let letter = tracker.state == .up ? "u" : "d"
                return Character(transition == nil ? letter : letter.uppercased())
            }
        )
    }

    @Test(arguments: [
        ("---+++", 2, 3, "uuDdUu"), ("--+--+---", 2, 3, "uuuuuuuuD"), ("---+-+-++", 2, 3, "uuDdddddU"),
        ("-+-+", 1, 1, "DUDU"), ("++++", 2, 3, "uuuu"), ("-----", 2, 5, "uuuuD"), ("-+++++", 5, 1, "DddddU"),
    ])
    func onlyChecksInARowChangeTheState(checks: String, rise: Int, fall: Int, expected: String) {
        #expect(states(checks, rise: rise, fall: fall) == expected)
    }

    @Test func transitionTellsWhatHappened() {
        var tracker = HealthTracker(settings: settings, at: Self.start)
        for _ in 0..<2 { #expect(tracker.record(Self.fail, at: Self.start.advanced(by: .seconds(5))) == nil) }
        let timedOut = CheckOutcome.failed(.timedOut(after: .seconds(2), .connecting))
        let down = tracker.record(timedOut, at: Self.start.advanced(by: .seconds(9)))
        #expect(down?.from == .up && down?.to == .down)
        #expect(down?.outcome == timedOut)
        #expect(down?.checks == 3)
        #expect(down?.heldFor == .seconds(9))
        #expect(tracker.since == Self.start.advanced(by: .seconds(9)))
        #expect(tracker.lastOutcome == timedOut)

        #expect(tracker.record(Self.pass, at: Self.start.advanced(by: .seconds(20))) == nil)
        let up = tracker.record(Self.pass, at: Self.start.advanced(by: .seconds(21)))
        #expect(up?.from == .down && up?.to == .up)
        #expect(up?.outcome == Self.pass)
        #expect(up?.checks == 2)
        #expect(up?.heldFor == .seconds(12))
    }

    @Test func intervalIsFastWhileTheStateIsInDoubt() {
        var tracker = HealthTracker(settings: settings, at: Self.start)
        var intervals = [tracker.nextInterval]
        for check in "-+---+-++" {
            _ = tracker.record(check == "+" ? Self.pass : Self.fail, at: Self.start)
            intervals.append(tracker.nextInterval)
        }
        #expect(intervals == [2, 1, 2, 1, 1, 30, 1, 30, 1, 2].map { .seconds($0) })
    }

    @Test func intervalsDefaultToTheInterval() {
        var settings = HealthCheckSettings()
        settings.interval = .seconds(7)
        var tracker = HealthTracker(settings: settings, at: Self.start)
        for _ in 0..<6 {
            #expect(tracker.nextInterval == .seconds(7))
            _ = tracker.record(Self.fail, at: Self.start)
        }
        #expect(tracker.timeout == .seconds(7))
        tracker.settings.timeout = .seconds(1)
        #expect(tracker.timeout == .seconds(1))
    }

    @Test func troubleOnThisHostTakesNoServerDown() {
        var tracker = HealthTracker(settings: settings, at: Self.start)
        for _ in 0..<10 { #expect(tracker.record(.failed(.local("too many open files")), at: Self.start) == nil) }
        #expect(tracker.state == .up)
        #expect(tracker.nextInterval == .seconds(2))
    }

    @Test func settingsMayChangeOnTheWay() {
        var tracker = HealthTracker(settings: settings, at: Self.start)
        _ = tracker.record(Self.fail, at: Self.start)
        tracker.settings.fall = 2
        #expect(tracker.record(Self.fail, at: Self.start)?.to == .down)
    }

    @Test(arguments: [
        (CheckOutcome.passed(latency: .microseconds(1200)), "passed in 1.2 ms"),
        (.failed(.refused), "connection refused"),
        (.failed(.timedOut(after: .seconds(2), .connecting)), "no connection within 2 s"),
        (.failed(.timedOut(after: .milliseconds(500), .announcing)), "PROXY header not taken within 500 ms"),
        (.failed(.timedOut(after: .seconds(2), .answering)), "no answer within 2 s"),
        (.failed(.local("too many open files")), "failed on this host: too many open files"),
    ])
    func outcomesAreToldInPlainWords(outcome: CheckOutcome, text: String) {
        #expect(outcome.description == text)
    }
}

@Suite struct CheckScheduleTests {
    @Test(arguments: [1, 2, 3, 100, 10_000])
    func firstChecksAreSpreadOverTheInterval(count: Int) {
        var random = SplitMix64(seed: 1)
        let interval = Duration.seconds(2)
        var previous = Duration.zero
        for index in 0..<count {
            let delay = CheckSchedule.firstDelay(server: index, of: count, interval: interval, using: &random)
            #expect(delay >= interval / count * index && delay <= interval / count * (index + 1))
            #expect(delay >= previous)
            previous = delay
        }
    }

    @Test func firstChecksOfLongIntervalsComeSoon() {
        var random = SplitMix64(seed: 2)
        for index in 0..<50 {
            let delay = CheckSchedule.firstDelay(server: index, of: 50, interval: .seconds(86_400), using: &random)
            #expect(delay <= Limits.maximumFirstCheckDelay)
        }
    }

    @Test func intervalsJitterAroundTheirLength() {
        var random = SplitMix64(seed: 3)
        var sum = Duration.zero
        var distinct: Set<Duration> = []
        for _ in 0..<10_000 {
            let delay = CheckSchedule.nextDelay(interval: .seconds(2), using: &random)
            #expect(delay >= .milliseconds(1900) && delay <= .milliseconds(2100))
            sum += delay
            distinct.insert(delay)
        }
        #expect(distinct.count > 9_900)
        #expect(sum > .seconds(19_950) && sum < .seconds(20_050))
    }

    @Test func serversThatWereCheckedTogetherDriftApart() {
        var random = SplitMix64(seed: 4)
        var times = [Duration](repeating: .zero, count: 20)
        for _ in 0..<50 {
            for index in times.indices {
                times[index] += CheckSchedule.nextDelay(interval: .seconds(2), using: &random)
            }
        }
        let spread = times.reduce(times[0], max) - times.reduce(times[0], min)
        #expect(spread > .milliseconds(500))
    }
}
