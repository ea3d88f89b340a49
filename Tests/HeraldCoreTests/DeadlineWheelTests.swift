import HeraldCore
import Testing

@Suite struct DeadlineWheelTests {
    /// Everything that expires by `tick`, in order.
    private func takeExpired(_ wheel: inout DeadlineWheel, upTo tick: UInt64) -> [Int] {
        var taken: [Int] = []
        while let payload = wheel.popNumber(upTo: tick) { taken.append(payload) }
        return taken
    }

    @Test func entriesExpireAtTheirTickAndNotBefore() {
        var wheel = DeadlineWheel(startingAt: 100, slotCount: 8)
        _ = wheel.schedule(1, at: 103)
        _ = wheel.schedule(2, at: 102)
        #expect(takeExpired(&wheel, upTo: 101) == [])
        #expect(takeExpired(&wheel, upTo: 102) == [2])
        #expect(takeExpired(&wheel, upTo: 103) == [1])
        #expect(takeExpired(&wheel, upTo: 10_000) == [])
        let isEmpty = wheel.isEmpty
        #expect(isEmpty)
    }

    @Test func ticksThatWereSleptThroughAreCaughtUpInOrder() {
        var wheel = DeadlineWheel(startingAt: 0, slotCount: 16)
        for tick in [5, 3, 9, 1, 16] { _ = wheel.schedule(tick, at: UInt64(tick)) }
        #expect(takeExpired(&wheel, upTo: 15) == [1, 3, 5, 9])
        #expect(takeExpired(&wheel, upTo: 16) == [16])
    }

    @Test func aVeryLongSleepCostsOneRound() {
        var wheel = DeadlineWheel(startingAt: 0, slotCount: 8)
        for tick in 1...40 { _ = wheel.schedule(tick, at: UInt64(tick)) }
        _ = wheel.schedule(-1, at: .max)
        #expect(takeExpired(&wheel, upTo: .max - 1).sorted() == Array(1...40))
        #expect(takeExpired(&wheel, upTo: .max) == [-1])
    }

    @Test(arguments: [1, 2, 8, 512])
    func deadlinesBeyondTheHorizonAreKept(slotCount: Int) {
        var wheel = DeadlineWheel(startingAt: 7, slotCount: slotCount)
        _ = wheel.schedule(1, at: 36_007)
        for tick in 8..<36_007 as Range<UInt64> {
            if let early = wheel.popNumber(upTo: tick) { Issue.record("\(early) expired at \(tick)") }
        }
        #expect(takeExpired(&wheel, upTo: 36_007) == [1])
    }

    @Test func thePastExpiresAtTheNextTick() {
        var wheel = DeadlineWheel(startingAt: 50)
        _ = wheel.schedule(1, at: 0)
        _ = wheel.schedule(2, at: 50)
        #expect(takeExpired(&wheel, upTo: 50) == [])
        #expect(takeExpired(&wheel, upTo: 51).sorted() == [1, 2])
    }

    @Test func cancelledEntriesDoNotExpire() {
        var wheel = DeadlineWheel(startingAt: 0)
        let first = wheel.schedule(1, at: 5)
        _ = wheel.schedule(2, at: 5)
        let wasCancelled = wheel.cancel(first)
        #expect(wasCancelled)
        let wasCancelledTwice = wheel.cancel(first)
        #expect(!wasCancelledTwice)
        #expect(takeExpired(&wheel, upTo: 5) == [2])
    }

    @Test func staleTokensNameNothingEvenWhenTheirPlaceIsTakenAgain() {
        var wheel = DeadlineWheel(startingAt: 0)
        let old = wheel.schedule(1, at: 1)
        #expect(takeExpired(&wheel, upTo: 1) == [1])
        _ = wheel.schedule(2, at: 2)
        let wasCancelled = wheel.cancel(old)
        #expect(!wasCancelled)
        #expect(takeExpired(&wheel, upTo: 2) == [2])
    }

    @Test func tokensStayStaleAfterTheMemoryWasGivenBack() {
        var wheel = DeadlineWheel(startingAt: 0, slotCount: 8)
        var tokens = (0..<1000).map { wheel.schedule($0, at: 5) }
        #expect(takeExpired(&wheel, upTo: 5).count == 1000)
        tokens += (0..<10).map { _ in tokens[999] }
        for payload in 0..<1000 { _ = wheel.schedule(payload, at: 9) }
        for token in tokens {
            let wasCancelled = wheel.cancel(token)
            #expect(!wasCancelled)
        }
        #expect(takeExpired(&wheel, upTo: 9).count == 1000)
    }

    @Test func whatExpiredMayStillBeCancelledUntilItIsTaken() {
        var wheel = DeadlineWheel(startingAt: 0)
        var tokens: [Int: DeadlineWheel.Token] = [:]
        for payload in 0..<10 { tokens[payload] = wheel.schedule(payload, at: 3) }
        var taken: [Int] = []
        while let payload = wheel.popNumber(upTo: 3) {
            taken.append(payload)
            // Each session that ends takes its neighbour with it.
            if let token = tokens[payload ^ 1] { wheel.cancel(token) }
        }
        #expect(taken.count == 5)
        #expect(Set(taken.map { $0 / 2 }).count == 5)
    }

    @Test func schedulingAgainAndAgainForNowDoesNotHoldTheLoopUp() {
        var wheel = DeadlineWheel(startingAt: 0)
        _ = wheel.schedule(0, at: 10)
        var rounds = 0
        while let payload = wheel.popNumber(upTo: 10) {
            rounds += 1
            _ = wheel.schedule(payload, at: 10)
            if rounds > 10 { break }
        }
        #expect(rounds == 1)
        #expect(takeExpired(&wheel, upTo: 11) == [0])
    }

    @Test func payloadsAreReleasedWhenTheyLeave() {
        var wheel = DeadlineWheel(startingAt: 0)
        weak var cancelled: NumberedTarget?
        weak var expired: NumberedTarget?
        do {
            let (first, second) = (NumberedTarget(1), NumberedTarget(2))
            (cancelled, expired) = (first, second)
            wheel.cancel(wheel.schedule(first, at: 1))
            _ = wheel.schedule(second, at: 1)
        }
        #expect(cancelled == nil)
        #expect(expired != nil)
        while wheel.popNumber(upTo: 1) != nil {}
        #expect(expired == nil)
        let count = wheel.count
        #expect(count == 0)
    }

    @Test(arguments: 1...20)
    func agreesWithANaiveModel(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var now = UInt64.random(in: 0...1000, using: &random)
        let slotCount = 1 << Int.random(in: 0...6, using: &random)
        var wheel = DeadlineWheel(startingAt: now, slotCount: slotCount)
        var model: [Int: (deadline: UInt64, token: DeadlineWheel.Token)] = [:]
        var stale: [DeadlineWheel.Token] = []
        var nextPayload = 0

        func schedule(ahead: ClosedRange<UInt64> = 0...200) {
            let tick = now + UInt64.random(in: ahead, using: &random)
            let token = wheel.schedule(nextPayload, at: tick)
            model[nextPayload] = (max(tick, now + 1), token)
            nextPayload += 1
        }
        func cancelOne() {
            guard let (payload, entry) = model.randomElement(using: &random) else { return }
            let wasCancelled = wheel.cancel(entry.token)
            #expect(wasCancelled)
            stale.append(entry.token)
            model[payload] = nil
        }

        for _ in 0..<2000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5: schedule()
            case 5..<7: cancelOne()
            case 7:
                if let token = stale.randomElement(using: &random) {
                    let wasCancelled = wheel.cancel(token)
                    #expect(!wasCancelled)
                }
            default:
                now += UInt64.random(in: 0...(Bool.random(using: &random) ? 3 : 300), using: &random)
                while let payload = wheel.popNumber(upTo: now) {
                    guard let entry = model.removeValue(forKey: payload) else {
                        Issue.record("\(payload) expired though it is not scheduled")
                        continue
                    }
                    #expect(entry.deadline <= now)
                    stale.append(entry.token)
                    // Sessions start and end from within the expiry of others.
                    if Int.random(in: 0..<4, using: &random) == 0 { cancelOne() }
                    if Int.random(in: 0..<4, using: &random) == 0 { schedule(ahead: 1...200) }
                }
                #expect(model.values.allSatisfy { $0.deadline > now })
            }
            let count = wheel.count
            #expect(count == model.count)
        }
    }
}

/// A number on the wheel.
private final class NumberedTarget: DeadlineTarget {
    let number: Int
    var deadline: DeadlineWheel.Token?

    init(_ number: Int) {
        self.number = number
    }

    func deadlineReached(at now: UInt64) -> UInt64? { nil }
}

extension DeadlineWheel {
    fileprivate mutating func schedule(_ number: Int, at tick: UInt64) -> Token {
        schedule(NumberedTarget(number), at: tick)
    }

    fileprivate mutating func popNumber(upTo tick: UInt64) -> Int? {
        (popExpired(upTo: tick) as? NumberedTarget)?.number
    }
}
