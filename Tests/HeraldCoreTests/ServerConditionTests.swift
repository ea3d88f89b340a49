import HeraldCore
import NetworkAddress
import Testing

/// A server's state, from all that it depends on.
@Suite struct ServerConditionTests {
    private let start = ContinuousClock.Instant.now
    private static let pass = CheckOutcome.passed(latency: .milliseconds(2))
    private static let fail = CheckOutcome.failed(.status(503, expected: [200...399]))

    /// Weight 5, checked with a rise and a fall of two; `change` says what else.
    private func settings(_ change: (inout ServerSettings) -> Void = { _ in }) -> ServerSettings {
        let address = SocketAddress(.v4(IPv4Address(10, 0, 0, 1)), port: 80)
        var settings = ServerSettings(name: "s", address: .ip(address))
        settings.weight = 5
        var check = HealthCheckSettings()
        check.rise = 2
        check.fall = 2
        settings.check = check
        change(&settings)
        return settings
    }

    private func after(_ seconds: Double) -> ContinuousClock.Instant {
        start + .seconds(seconds)
    }

    private func condition(joins: Bool = false, _ change: (inout ServerSettings) -> Void = { _ in }) -> ServerCondition
    {
        ServerCondition(settings(change), joins: joins, at: start)
    }

    // MARK: The first state

    @Test func aServerStartsUp() {
        let condition = condition()
        #expect(condition.state == .up)
        #expect(condition.isUsable && condition.isChecked)
        #expect(condition.share(at: start) == 5 * Limits.slowStartSteps)
        #expect(condition.reason == nil)
        #expect(condition.since == start)
        #expect(condition.checkTimeout == .seconds(2))
        #expect(condition.nextCheckInterval == .seconds(2))
        #expect(condition.slowStartStep == nil)
    }

    @Test func aServerWithoutCheckIsNotChecked() {
        let condition = condition { $0.check = nil }
        #expect(condition.state == .up)
        #expect(!condition.isChecked)
        #expect(condition.checkTimeout == nil && condition.nextCheckInterval == nil)
    }

    @Test func aDisabledServerIsNeitherCheckedNorChosen() {
        var condition = condition { $0.isDisabled = true }
        #expect(condition.state == .maintenance)
        #expect(!condition.isUsable && !condition.isChecked)
        #expect(condition.share(at: start) == 0)
        #expect(condition.record(Self.fail, at: start) == nil)
    }

    @Test func aWeightOfZeroDrains() {
        let condition = condition { $0.weight = 0 }
        #expect(condition.state == .drain)
        #expect(!condition.isUsable && condition.isChecked)
    }

    // MARK: Checks

    @Test func checksTakeItDownAndBringItUp() {
        var condition = condition()
        #expect(condition.record(Self.fail, at: after(1)) == nil)
        let down = condition.record(Self.fail, at: after(3))
        #expect(down?.from == .up && down?.to == .down)
        #expect(down?.reason == "status 503, expected 200-399")
        #expect(down?.checks == 2)
        #expect(down?.heldFor == .seconds(3))
        #expect(condition.state == .down && !condition.isUsable)
        #expect(condition.share(at: after(3)) == 0)
        #expect(condition.lastOutcome == Self.fail)
        #expect(condition.record(Self.pass, at: after(4)) == nil)
        let up = condition.record(Self.pass, at: after(5))
        #expect(up?.from == .down && up?.to == .up)
        #expect(up?.reason == "passed in 2 ms")
        #expect(up?.checks == 2)
        #expect(up?.heldFor == .seconds(2))
        #expect(condition.reason == "passed in 2 ms")
        #expect(condition.since == after(5))
    }

    /// It takes no sessions either way: that it failed is told, for it decides what comes after the drain.
    @Test func aServerThatDrainsMayGoDown() {
        var condition = condition { $0.weight = 0 }
        _ = condition.record(Self.fail, at: start)
        let down = condition.record(Self.fail, at: start)
        #expect(down?.from == .drain && down?.to == .down)
        _ = condition.record(Self.pass, at: start)
        let up = condition.record(Self.pass, at: start)
        #expect(up?.from == .down && up?.to == .drain)
    }

    // MARK: Passive health

    @Test(arguments: [
        (ObservationSettings.Action.markDown, Int?.some(1)), (.failCheck, 2), (.suddenDeath, nil), (.fastInterval, nil),
    ])
    func failedConnectsOfSessions(action: ObservationSettings.Action, downAt: Int?) {
        var observation = ObservationSettings()
        observation.action = action
        observation.errorLimit = 7
        var condition = condition { $0.observation = observation }
        for count in 1...4 {
            let change = condition.observe(.refused, at: after(Double(count)))
            #expect((change != nil) == (count == downAt))
            guard let change else { continue }
            #expect(change.reason == "7 connects of sessions in a row failed, the last: connection refused")
            #expect(change.checks == nil)
            #expect(change.to == .down)
            #expect(change.heldFor == .seconds(Double(count)))
        }
        #expect(condition.state == (downAt == nil ? .up : .down))
        // One failed check more is enough after a sudden death, and only then.
        if downAt == nil {
            #expect((condition.record(Self.fail, at: start)?.to == .down) == (action == .suddenDeath))
        }
    }

    @Test func withoutObserveFailedConnectsAreNothing() {
        var condition = condition()
        for _ in 0..<50 { #expect(condition.observe(.refused, at: start) == nil) }
        #expect(condition.state == .up)
    }

    // MARK: Slow start

    @Test func theShareGrowsInStepsOfEqualLength() {
        var condition = condition(joins: true) { $0.slowStart = .seconds(32) }
        #expect(condition.state == .starting)
        #expect(condition.isUsable)
        #expect(condition.slowStartStep == .seconds(2))
        let shares = (0..<40).map { condition.share(at: after(Double($0))) }
        #expect(shares.prefix(32).enumerated().allSatisfy { $1 == 5 * ($0 / 2 + 1) }, "\(shares)")
        #expect(shares.dropFirst(32).allSatisfy { $0 == 80 })
        #expect(condition.slowStartMoved(at: after(31)) == nil)
        let change = condition.slowStartMoved(at: after(32))
        #expect(change?.from == .starting && change?.to == .up)
        #expect(change?.reason == "slow start is over")
        #expect(change?.checks == nil)
        #expect(condition.slowStartStep == nil)
        #expect(condition.slowStartMoved(at: after(33)) == nil)
    }

    @Test func roomGrowsAsTheShareDoes() {
        var limited = condition(joins: true) {
            $0.slowStart = .seconds(32)
            $0.maximumSessions = 40
        }
        #expect([0, 2, 16, 31].map { limited.sessionLimit(at: after($0)) } == [2, 5, 22, 40])
        _ = limited.slowStartMoved(at: after(32))
        #expect(limited.sessionLimit(at: after(32)) == 40)
        let small = condition(joins: true) {
            $0.slowStart = .seconds(32)
            $0.maximumSessions = 1
        }
        #expect(small.sessionLimit(at: start) == 1)
        #expect(condition(joins: true) { $0.slowStart = .seconds(32) }.sessionLimit(at: start) == .max)
    }

    /// At the very start there is nobody who could take the load meanwhile.
    @Test func theFirstServersDoNotStartSlowly() {
        let condition = condition { $0.slowStart = .seconds(30) }
        #expect(condition.state == .up)
        #expect(condition.share(at: start) == 80)
    }

    @Test func whoComesUpAgainStartsSlowlyAndWhoGoesDownStops() {
        var condition = condition { $0.slowStart = .seconds(32) }
        for time in [1.0, 2] { _ = condition.record(Self.fail, at: after(time)) }
        #expect(condition.state == .down)
        _ = condition.record(Self.pass, at: after(3))
        #expect(condition.record(Self.pass, at: after(10))?.to == .starting)
        #expect(condition.share(at: after(10)) == 5)
        #expect(condition.share(at: after(26)) == 45)
        for time in [27.0, 28] { _ = condition.record(Self.fail, at: after(time)) }
        #expect(condition.state == .down)
        #expect(condition.slowStartStep == nil)
        #expect(condition.slowStartMoved(at: after(60)) == nil)
        for time in [61.0, 62] { _ = condition.record(Self.pass, at: after(time)) }
        #expect(condition.share(at: after(62)) == 5, "it begins anew")
    }

    // MARK: Other settings, and none

    @Test func aServerThatVanishesDrainsAndMayComeBack() {
        var condition = condition { $0.slowStart = .seconds(16) }
        let gone = condition.vanish(at: after(5))
        #expect(gone?.to == .drain)
        #expect(gone?.reason == "it is not listed any more")
        #expect(gone?.heldFor == .seconds(5))
        #expect(condition.hasVanished && !condition.isChecked && !condition.isUsable)
        let back = condition.adopt(settings { $0.slowStart = .seconds(16) }, at: after(8))
        #expect(back?.from == .drain && back?.to == .starting)
        #expect(back?.reason == "it is wanted again")
        #expect(condition.isChecked && !condition.hasVanished)
        #expect(condition.share(at: after(8)) == 5)
    }

    @Test func whatIsDownStaysDownThroughVanishingAndOtherSettings() {
        var condition = condition()
        for _ in 0..<2 { _ = condition.record(Self.fail, at: after(1)) }
        #expect(condition.vanish(at: after(2)) == nil)
        #expect(condition.state == .down)
        #expect(condition.adopt(settings { $0.weight = 9 }, at: after(3)) == nil)
        #expect(condition.state == .down)
        // A check of another kind has still to find it up.
        let next = settings { $0.check?.interval = .seconds(9) }
        #expect(condition.checks(differFrom: next))
        #expect(condition.adopt(next, at: after(4)) == nil)
        #expect(condition.nextCheckInterval == .seconds(9))
    }

    @Test func withoutItsCheckAServerThatWasDownIsUp() {
        var condition = condition()
        for _ in 0..<2 { _ = condition.record(Self.fail, at: after(1)) }
        let change = condition.adopt(settings { $0.check = nil }, at: after(2))
        #expect(change?.from == .down && change?.to == .up)
        #expect(change?.reason == "its settings are others now")
        #expect(!condition.isChecked)
    }

    @Test func disablingAndEnabling() {
        var condition = condition { $0.slowStart = .seconds(16) }
        #expect(condition.adopt(settings { $0.isDisabled = true }, at: after(1))?.to == .maintenance)
        #expect(!condition.isChecked)
        let back = condition.adopt(settings { $0.slowStart = .seconds(16) }, at: after(2))
        #expect(back?.from == .maintenance && back?.to == .starting)
        #expect(condition.isChecked)
        // Without a slow start in the settings there is none to go on with.
        #expect(condition.adopt(settings(), at: after(3))?.to == .up)
        #expect(condition.share(at: after(3)) == 80)
    }

    @Test func anotherWeightCountsAtOnce() {
        var condition = condition()
        #expect(condition.adopt(settings { $0.weight = 7 }, at: after(1)) == nil)
        #expect(condition.share(at: after(1)) == 112)
        #expect(condition.adopt(settings { $0.weight = 0 }, at: after(1))?.to == .drain)
        #expect(condition.adopt(settings(), at: after(1))?.to == .up)
    }

    /// Whatever happens in whatever order: the state and what it allows agree, and a change is told once.
    @Test(arguments: 0..<20) func anythingInAnyOrder(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var observation = ObservationSettings()
        observation.action = .failCheck
        let variants = [
            settings(), settings { $0.weight = 0 }, settings { $0.isDisabled = true }, settings { $0.check = nil },
            settings { $0.slowStart = .seconds(4) }, settings { $0.observation = observation },
        ]
        var condition = ServerCondition(variants[0], joins: Bool.random(using: &random), at: start)
        var now = start
        for _ in 0..<500 {
            now += .milliseconds(Int.random(in: 0...2000, using: &random))
            let before = (state: condition.state, since: condition.since)
            let change: ServerCondition.Change? =
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1: condition.record(Bool.random(using: &random) ? Self.pass : Self.fail, at: now)
                case 2: condition.observe(.refused, at: now)
                case 3: condition.slowStartMoved(at: now)
                case 4: condition.adopt(variants[Int.random(in: variants.indices, using: &random)], at: now)
                default: condition.vanish(at: now)
                }
            #expect((change != nil) == (condition.state != before.state))
            if let change {
                #expect(change.from == before.state && change.to == condition.state)
                #expect(change.heldFor == before.since.duration(to: now))
            }
            #expect(condition.isUsable == (condition.share(at: now) > 0))
            #expect(!condition.hasVanished || (!condition.isUsable && !condition.isChecked))
            #expect(condition.state != .starting || condition.slowStartStep != nil)
        }
    }
}
