import HeraldCore
import NetworkAddress
import Synchronization
import Testing

/// Many threads on one pool at one time.
@Suite struct PoolContentionTests {
    /// Counts who is at a server, apart from the slot.
    private final class Witness: Sendable {
        let present = Atomic<Int>(0)
        let most = Atomic<Int>(0)

        func enter() {
            let count = present.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
            most.max(count, ordering: .relaxed)
        }

        func leave() {
            present.subtract(1, ordering: .sequentiallyConsistent)
        }
    }

    private final class Waiter: PoolWaiter {
        let client = IPAddress.v4(IPv4Address(127, 0, 0, 1))
        let failed: [ServerSlot] = []
        let server = Mutex<PoolServer?>(nil)

        func admit(to server: PoolServer) { self.server.withLock { $0 = server } }
        func dismiss() {}
    }

    private static let serverCount = 13
    private static let limit = 3
    #if DEBUG
    private static let rounds = 3000
    #else
    private static let rounds = 60_000
    #endif

    @Test(arguments: BackendSettings.Balance.allCases)
    func limitsHoldAndNobodyWaitsForEver(balance: BackendSettings.Balance) async throws {
        let slots = (0..<PoolContentionTests.serverCount).map { _ in
            ServerSlot(share: 1, limit: PoolContentionTests.limit)
        }
        let servers = slots.enumerated().map { index, slot in
            let address = SocketAddress(.v4(IPv4Address(bits: UInt32(index))), port: 80)
            return PoolServer(ServerSettings(name: "s\(index)", address: .ip(address)), address: address, slot: slot)
        }
        let witnesses = slots.map { _ in Witness() }
        let board = ServerBoard(
            slots,
            ranksByLoad: balance.algorithm.ranksByLoad,
            heaviest: 1,
            turns: TurnCounter()
        )
        let snapshot = PoolSnapshot(
            servers: servers,
            board: board,
            line: WaitingLine(),
            algorithm: balance.algorithm.init(slots.map { _ in BalanceCandidate(identity: "s", weight: 1, share: 1) })
        )
        await withTaskGroup { group in
            for worker in 0..<4 as Range<UInt64> {
                group.addTask {
                    var random = SplitMix64(seed: worker)
                    var open: [Int] = []
                    var waiting: [Waiter] = []
                    func begin(_ server: PoolServer) {
                        let index = Int(server.address.ip.asIPv6.low & 0xFF)
                        witnesses[index].enter()
                        open.append(index)
                    }
                    func takeIn() {
                        waiting.removeAll { waiter in
                            guard let server = waiter.server.withLock({ $0 }) else { return false }
                            begin(server)
                            return true
                        }
                    }
                    func end() {
                        guard let index = open.popLast() else { return }
                        witnesses[index].leave()
                        snapshot.leave(servers[index], using: &random)
                    }
                    for _ in 0..<PoolContentionTests.rounds {
                        let client = IPAddress.v4(IPv4Address(bits: UInt32(truncatingIfNeeded: random.next())))
                        switch snapshot.choose(for: client, using: &random) {
                        case .server(let server):
                            begin(server)
                        case .full:
                            let waiter = Waiter()
                            if snapshot.line.join(waiter, limit: 100) != nil { waiting.append(waiter) }
                            snapshot.admitWaiting(using: &random)
                        case .none:
                            Issue.record("no server takes sessions")
                        }
                        takeIn()
                        while open.count > 12 { end() }
                    }
                    while !open.isEmpty || !waiting.isEmpty {
                        takeIn()
                        if open.isEmpty {
                            // All that has room is open to those who wait, here or on the other threads.
                            snapshot.admitWaiting(using: &random)
                            await Task.yield()
                        } else {
                            end()
                        }
                    }
                }
            }
        }
        #expect(witnesses.allSatisfy { $0.most.load(ordering: .relaxed) <= PoolContentionTests.limit })
        #expect(slots.allSatisfy { $0.sessionCount == 0 })
        #expect(snapshot.line.count == 0)
        // The tree is right once all are done: everybody has room, in the order of the ranks.
        var random = SplitMix64(seed: 1)
        let all = PoolContentionTests.serverCount * PoolContentionTests.limit
        for _ in 0..<all {
            guard case .server = snapshot.choose(for: .v4(IPv4Address(bits: 1)), using: &random) else {
                Issue.record("there is room that nobody finds")
                return
            }
        }
        guard case .full = snapshot.choose(for: .v4(IPv4Address(bits: 1)), using: &random) else {
            Issue.record("a full pool took another session")
            return
        }
    }
}

@Suite struct WaitingLineTests {
    private final class Waiter: PoolWaiter {
        let client = IPAddress.v4(IPv4Address(127, 0, 0, 1))
        let failed: [ServerSlot]
        let wasAdmitted = Atomic(false)
        let wasDismissed = Atomic(false)

        init(failed: [ServerSlot] = []) {
            self.failed = failed
        }

        func admit(to server: PoolServer) { wasAdmitted.store(true, ordering: .relaxed) }
        func dismiss() { wasDismissed.store(true, ordering: .relaxed) }
    }

    private let server: PoolServer = {
        let address = SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: 80)
        return PoolServer(ServerSettings(name: "s", address: .ip(address)), address: address, slot: ServerSlot())
    }()

    @Test func whoeverCameFirstGoesFirstAndWhoLeftIsPassedOver() {
        let line = WaitingLine()
        let waiters = (0..<5).map { _ in Waiter() }
        let tickets = waiters.map { line.join($0, limit: 10)?.ticket }
        if let ticket = tickets[1] { line.leave(ticket) }
        #expect(line.count == 4)
        var room = 2
        line.admit { _ in
            room -= 1
            return room >= 0 ? server : nil
        }
        #expect(waiters.map { $0.wasAdmitted.load(ordering: .relaxed) } == [true, false, true, false, false])
        #expect(line.count == 2)
    }

    @Test func whoWaitsForAnotherServerKeepsThePlaceAndHoldsNobodyUp() {
        let line = WaitingLine()
        let waiters = [Waiter(failed: [server.slot]), Waiter(), Waiter(failed: [server.slot]), Waiter()]
        for waiter in waiters { _ = line.join(waiter, limit: 10) }
        line.admit { $0.failed.contains { $0 === server.slot } ? nil : server }
        #expect(waiters.map { $0.wasAdmitted.load(ordering: .relaxed) } == [false, true, false, true])
        #expect(line.count == 2)
        line.admit { _ in server }
        #expect(waiters.allSatisfy { $0.wasAdmitted.load(ordering: .relaxed) })
        #expect(line.count == 0)
    }

    @Test func noMoreWaitThanMay() {
        let line = WaitingLine()
        #expect(line.join(Waiter(), limit: 1) != nil)
        #expect(line.join(Waiter(), limit: 1) == nil)
        #expect(line.count == 1)
    }

    @Test func everybodyIsSentAway() {
        let line = WaitingLine()
        let waiters = (0..<3).map { _ in Waiter() }
        for waiter in waiters { _ = line.join(waiter, limit: 10) }
        line.dismissAll()
        #expect(waiters.allSatisfy { $0.wasDismissed.load(ordering: .relaxed) })
        #expect(line.count == 0)
        #expect(line.join(Waiter(), limit: 1) != nil)
    }
}
