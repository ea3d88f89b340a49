import HeraldCore
import Testing

@Suite struct WeightedRotationTests {
    /// A list of weights that a test's output does not write out.
    struct Weighting: CustomTestStringConvertible {
        var name: String
        var weights: [Int]

        var testDescription: String { name }

        init(_ weights: [Int], name: String? = nil) {
            self.name = name ?? "\(weights)"
            self.weights = weights
        }
    }

    static let manyServers = Weighting((0..<100_000).map { $0 % 256 + 1 }, name: "100,000 servers")

    /// Weights without a common divisor, of few and of many turns a round.
    static let weightings = [
        Weighting([1]), Weighting([1, 1]), Weighting([2, 1]), Weighting([3, 2, 1]), Weighting([1, 2, 3]),
        Weighting([5, 1, 1]), Weighting([10] + Array(repeating: 1, count: 10)), Weighting([0, 3, 0, 1, 0]),
        Weighting([256, 1]), Weighting([256, 255, 254, 253, 252]),
        Weighting([100, 7, 31, 256, 0, 99, 255, 256, 13, 77, 128, 64, 3]),
        Weighting((1...256).map { $0 }, name: "1 to 256"),
        Weighting((0..<2000).map { $0 % 257 }, name: "2,000 servers of 0 to 256"),
    ]

    @Test(arguments: weightings)
    func eachServerIsChosenItsWeightTimesInARound(weighting: Weighting) {
        let weights = weighting.weights
        let balance = WeightedRotation(weights: weights)
        let turns = weights.reduce(0, +)
        for start in [0, 1, 12345] {
            var chosen = [Int](repeating: 0, count: weights.count)
            for turn in start..<start + turns {
                if let server = balance.pick(turn: UInt64(turn)) { chosen[server] += 1 }
            }
            #expect(chosen == weights)
        }
    }

    @Test func commonDivisorsShortenTheRound() {
        let balance = WeightedRotation(weights: [200, 100])
        #expect(Set([0, 1, 2].compactMap { balance.pick(turn: $0) }) == [0, 1])
        #expect((0..<3).filter { balance.pick(turn: $0) == 0 }.count == 2)
    }

    @Test(arguments: [1, 7, 256])
    func equalWeightsTakeTurnsInOrder(weight: Int) {
        let balance = WeightedRotation(weights: [weight, weight, 0, weight])
        #expect((0..<7).map { balance.pick(turn: $0) } == [0, 1, 3, 0, 1, 3, 0])
    }

    /// At every turn, each server has had what its weight promises up to then, but for a few sessions.
    @Test(arguments: weightings)
    func sessionsOfAServerAreSpreadEvenly(weighting: Weighting) {
        let weights = weighting.weights
        let balance = WeightedRotation(weights: weights)
        let total = weights.reduce(0, +)
        var chosen = [Int](repeating: 0, count: weights.count)
        var worst = 0.0
        for turn in 0..<min(total, 30_000) {
            guard let server = balance.pick(turn: UInt64(turn)) else { continue }
            chosen[server] += 1
            // A server is ahead most at its own pick, behind most just before it.
            let promised = Double(turn + 1) * Double(weights[server]) / Double(total)
            worst = max(worst, abs(Double(chosen[server]) - promised))
        }
        #expect(worst < 3.5)
    }

    @Test func smallUnequalWeightsDoNotClump() {
        let balance = WeightedRotation(weights: [3, 2, 1])
        let picks = (0..<13).map { balance.pick(turn: $0) }
        #expect(!zip(picks.dropFirst(), picks).contains { $0 == $1 && $0 != 0 })
        // The heavy one takes every second session.
        let runs = picks.split { $0 != 0 }
        #expect(runs.allSatisfy { $0.count <= 2 })
    }

    @Test func aHeavyServerAmongManyLightOnesIsSpread() {
        let balance = WeightedRotation(weights: [10] + Array(repeating: 1, count: 10))
        let picks = (0..<40).map { balance.pick(turn: $0) }
        #expect(picks.split { $0 != 0 }.allSatisfy { $0.count <= 2 })
        #expect(picks.split { $0 == 0 }.allSatisfy { $0.count <= 2 })
    }

    @Test(arguments: [[], [0], [0, 0, 0]])
    func nobodyIsChosenWhereNobodyTakesSessions(weights: [Int]) {
        let balance = WeightedRotation(weights: weights)
        #expect(balance.pick(turn: 0) == nil)
        #expect(balance.pick(turn: .max) == nil)
    }

    @Test(arguments: weightings + [manyServers])
    func theLastTurnsOfTheCounterAreNoSpecialCase(weighting: Weighting) {
        let balance = WeightedRotation(weights: weighting.weights)
        for turn in (UInt64.max - 10)...UInt64.max {
            #expect(balance.pick(turn: turn).map { weighting.weights[$0] > 0 } == true)
        }
    }

    @Test func tenThousandServersAreAllServed() {
        let weights = (0..<10_000).map { $0 % 256 + 1 }
        let balance = WeightedRotation(weights: weights)
        var chosen = [Int](repeating: 0, count: weights.count)
        for turn in 0..<UInt64(weights.reduce(0, +)) {
            if let server = balance.pick(turn: turn) { chosen[server] += 1 }
        }
        #expect(chosen == weights)

        let equal = WeightedRotation(weights: Array(repeating: 1, count: 10_000))
        #expect((0..<10_000).allSatisfy { equal.pick(turn: UInt64($0)) == $0 })
    }
}
