import HeraldCore
import NetworkAddress
import Testing

/// Servers on a board, with an algorithm over them.
private struct Bench {
    let slots: [ServerSlot]
    let board: ServerBoard
    var algorithm: any BalanceAlgorithm
    var random = SplitMix64(seed: 7)

    init(_ balance: BackendSettings.Balance, shares: [Int], limits: [Int]? = nil) {
        slots = shares.indices.map { ServerSlot(share: shares[$0], limit: limits?[$0] ?? .max) }
        board = ServerBoard(
            slots,
            ranksByLoad: balance.algorithm.ranksByLoad,
            heaviest: shares.max() ?? 1,
            turns: TurnCounter()
        )
        algorithm = balance.algorithm.init(
            shares.enumerated().map { BalanceCandidate(identity: "s\($0)", weight: $1, share: $1) }
        )
    }

    mutating func pick(for client: IPAddress = client(0), excluding: [Int] = []) -> Int? {
        algorithm.pick(on: board, for: client, excluding: excluding, using: &random)
    }

    /// Picks, and lets the session stay; nil where there is no room.
    mutating func take(for client: IPAddress = client(0)) -> Int? {
        pick(for: client).map { index in
            #expect(board.enter(index))
            return index
        }
    }
}

/// The client of a number: all differ.
private func client(_ number: Int) -> IPAddress {
    .v4(IPv4Address(bits: 0x0A00_0000 + UInt32(number)))
}

@Suite struct EveryAlgorithmTests {
    static let algorithms = BackendSettings.Balance.allCases

    @Test(arguments: algorithms)
    func nobodyIsPickedWhoIsDownDrainedFullOrExcluded(balance: BackendSettings.Balance) {
        var random = SplitMix64(seed: 11)
        for _ in 0..<300 {
            let count = Int.random(in: 1...20, using: &random)
            let shares = (0..<count).map { _ in [0, 1, 1, 16, 256].randomElement(using: &random) ?? 0 }
            let limits = (0..<count).map { _ in [1, 2, 5, Int.max].randomElement(using: &random) ?? 1 }
            var bench = Bench(balance, shares: shares, limits: limits)
            for step in 0..<60 {
                let excluded = (0..<count).filter { _ in Int.random(in: 0..<8, using: &random) == 0 }
                let expected = (0..<count).filter { index in
                    let slot = bench.slots[index]
                    let isFull = slot.sessionCount >= limits[index]
                    return slot.currentShare > 0 && !isFull && !excluded.contains(index)
                }
                let index = bench.pick(for: client(step), excluding: excluded)
                #expect((index == nil) == expected.isEmpty)
                if let index {
                    #expect(expected.contains(index))
                    #expect(bench.board.enter(index))
                }
                let changed = Int.random(in: 0..<count, using: &random)
                if step % 3 == 0 {
                    bench.board.setShare(shares[changed] - bench.slots[changed].currentShare, of: bench.slots[changed])
                }
                if bench.slots[changed].sessionCount > 0 && step % 2 == 0 { bench.board.leave(bench.slots[changed]) }
            }
        }
    }

    @Test(arguments: algorithms)
    func withoutServersNobodyIsPicked(balance: BackendSettings.Balance) {
        for shares in [[], [0], [0, 0, 0]] {
            var bench = Bench(balance, shares: shares)
            #expect(bench.pick() == nil)
            #expect(!bench.board.hasTaker)
        }
    }

    @Test(arguments: algorithms)
    func aServerThatHasJustComeUpIsFoundBeforeTheSharesAreSpreadAnew(balance: BackendSettings.Balance) {
        var bench = Bench(balance, shares: [0, 1, 0])
        bench.board.setShare(0, of: bench.slots[1])
        #expect(bench.pick() == nil)
        bench.board.setShare(1, of: bench.slots[1])
        #expect(bench.pick() == 1)
    }
}

@Suite struct RoundRobinTests {
    @Test func everyServerHasItsShareExactly() {
        var bench = Bench(.roundrobin, shares: [3, 1, 0, 4])
        var served = [0, 0, 0, 0]
        for _ in 0..<800 { if let index = bench.pick() { served[index] += 1 } }
        #expect(served == [300, 100, 0, 400])
    }

    @Test func sessionsOfADeadServerSpreadOverTheOthersOnceSharesAreSpreadAnew() {
        var bench = Bench(.roundrobin, shares: [1, 1, 1, 1])
        bench.board.setShare(0, of: bench.slots[0])
        bench.algorithm = bench.algorithm.sharing([0, 1, 1, 1])
        var served = [0, 0, 0, 0]
        for _ in 0..<300 { if let index = bench.pick() { served[index] += 1 } }
        #expect(served == [0, 100, 100, 100])
    }

    @Test func furtherAttemptsSpreadTheSessionsOfAServerThatRefuses() {
        var bench = Bench(.roundrobin, shares: [1, 1, 1, 1])
        var served = [0, 0, 0, 0]
        for _ in 0..<3000 {
            var index = bench.pick()
            if index == 0 { index = bench.pick(excluding: [0]) }
            if let index { served[index] += 1 }
        }
        #expect(served == [0, 1000, 1000, 1000])
    }
}

@Suite struct LeastConnectionsTests {
    @Test func sessionsThatStaySpreadByWeight() {
        var bench = Bench(.leastconn, shares: [16, 32, 48, 0])
        for _ in 0..<600 { _ = bench.take() }
        let counts = bench.slots.map(\.sessionCount)
        #expect(zip(counts, [100, 200, 300, 0]).allSatisfy { abs($0 - $1) <= 1 })
    }

    @Test func nobodyHasFewerSessionsThanTheOneThatIsPicked() {
        var random = SplitMix64(seed: 3)
        var bench = Bench(.leastconn, shares: [Int](repeating: 1, count: 37))
        for _ in 0..<5000 {
            let least = bench.slots.map(\.sessionCount).min()
            let index = bench.take()
            #expect(index.map { bench.slots[$0].sessionCount - 1 } == least)
            if Int.random(in: 0..<2, using: &random) == 0,
                let busy = bench.slots.filter({ $0.sessionCount > 0 }).randomElement(using: &random)
            {
                bench.board.leave(busy)
            }
        }
    }

    @Test func idleServersTakeTurns() {
        var bench = Bench(.leastconn, shares: [1, 1, 1, 1, 1])
        var served = [Int](repeating: 0, count: 5)
        for _ in 0..<100 {
            guard let index = bench.take() else { continue }
            served[index] += 1
            bench.board.leave(bench.slots[index])
        }
        #expect(served == [20, 20, 20, 20, 20])
    }
}

@Suite struct FirstAvailableTests {
    @Test func serversFillInTheOrderOfTheFile() {
        var bench = Bench(.first, shares: [1, 1, 1], limits: [2, 1, 2])
        #expect((0..<5).map { _ in bench.take() } == [0, 0, 1, 2, 2])
        #expect(bench.take() == nil)
        bench.board.leave(bench.slots[1])
        #expect(bench.take() == 1)
    }
}

@Suite struct RandomChoiceTests {
    @Test func sharesCount() {
        var bench = Bench(.random, shares: [1, 3])
        var served = [0, 0]
        for _ in 0..<20_000 { if let index = bench.pick() { served[index] += 1 } }
        // Without sessions both are equal, and the first draw counts.
        #expect((0.23...0.27).contains(Double(served[0]) / 20_000))
    }

    @Test func twoChoicesKeepTheBusiestNearTheOthers() {
        var bench = Bench(.random, shares: [Int](repeating: 1, count: 100))
        for _ in 0..<10_000 { _ = bench.take() }
        // One choice would have some server at 130 and more.
        #expect(bench.slots.map(\.sessionCount).max() ?? 0 <= 106)
    }
}

@Suite struct SourceHashTests {
    private static let clients = (0..<20_000).map(client)

    private func servers(_ bench: inout Bench) -> [Int?] {
        SourceHashTests.clients.map { bench.pick(for: $0) }
    }

    @Test(arguments: [2, 3, 10, 64])
    func clientsSpreadEvenly(count: Int) {
        var bench = Bench(.source, shares: [Int](repeating: 1, count: count))
        var served = [Int](repeating: 0, count: count)
        for server in servers(&bench) { if let server { served[server] += 1 } }
        let fair = Double(SourceHashTests.clients.count) / Double(count)
        #expect(served.allSatisfy { (0.75...1.25).contains(Double($0) / fair) })
    }

    @Test func weightsCount() {
        var bench = Bench(.source, shares: [1, 3])
        let share = Double(servers(&bench).count { $0 == 0 }) / Double(SourceHashTests.clients.count)
        #expect((0.21...0.29).contains(share))
    }

    @Test(arguments: [3, 10, 50])
    func whenAServerGoesOnlyItsOwnClientsMove(count: Int) {
        var bench = Bench(.source, shares: [Int](repeating: 1, count: count))
        let before = servers(&bench)
        for gone in 0..<count {
            bench.board.setShare(0, of: bench.slots[gone])
            let after = servers(&bench)
            let moved = zip(before, after).filter { $0 != $1 }
            #expect(moved.allSatisfy { $0.0 == gone })
            #expect(Double(moved.count) <= 1.25 * Double(SourceHashTests.clients.count) / Double(count))
            // They don't all fall to one neighbour.
            #expect(count < 4 || Set(moved.map(\.1)).count > 2)
            bench.board.setShare(1, of: bench.slots[gone])
        }
        #expect(servers(&bench) == before)
    }

    @Test func aServerMoreTakesClientsFromOthersAndMovesNobodyElse() {
        var nine = Bench(.source, shares: [Int](repeating: 1, count: 9))
        var ten = Bench(.source, shares: [Int](repeating: 1, count: 10))
        let moved = zip(servers(&nine), servers(&ten)).filter { $0 != $1 }
        #expect(moved.allSatisfy { $0.1 == 9 })
        #expect(!moved.isEmpty)
    }

    @Test func whereNearlyEverybodyIsDownSomebodyIsFound() {
        var bench = Bench(.source, shares: [Int](repeating: 1, count: 5000))
        for index in 0..<5000 where index != 4321 { bench.board.setShare(0, of: bench.slots[index]) }
        #expect((0..<100).allSatisfy { bench.pick(for: client($0)) == 4321 })
    }

    /// What another Herald with the same file has to agree on.
    @Test func theServerOfAClientIsTheSameInEveryVersion() throws {
        var bench = Bench(.source, shares: [1, 1, 1])
        let clients = try ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2", "::1"].map {
            try #require(IPAddress($0))
        }
        #expect(clients.map { bench.pick(for: $0) } == [0, 1, 2, 2, 2, 0])
    }
}
