import HeraldCore
import NetworkAddress
import Testing

/// A pool under a million sessions, with time, servers and clients made up: every rule is looked at after every event.
///
/// From a seed, so that a failure can be seen again.
private final class Simulation {
    final class Client: PoolWaiter, @unchecked Sendable {
        // Unchecked: one thread runs the whole simulation.
        let client: IPAddress
        let failed: [ServerSlot] = []
        var ticket: WaitingLine.Ticket?
        var admitted: PoolServer?
        var isDismissed = false

        init(_ number: Int) {
            client = .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: number) &* 2_654_435_761))
        }

        func admit(to server: PoolServer) { admitted = server }
        func dismiss() { isDismissed = true }
    }

    static let serverCount = 100
    static let maximumQueue = 200

    var random: SplitMix64
    let balance: BackendSettings.Balance
    let limits: [Int]
    let weights: [Int]
    let servers: [PoolServer]
    let line = WaitingLine()
    let turns = TurnCounter()
    var snapshot: PoolSnapshot
    /// Sessions by server, as the simulation knows them.
    var open: [[PoolServer]]
    var openCount = 0
    var waiting: [Client] = []
    var lastAdmitted: WaitingLine.Ticket = 0
    var served = 0
    var refused = 0
    var timedOut = 0
    var dismissed = 0

    init(_ balance: BackendSettings.Balance, seed: UInt64) {
        random = SplitMix64(seed: seed)
        self.balance = balance
        let count = Simulation.serverCount
        var random = random
        limits = (0..<count).map { _ in Int.random(in: 1...30, using: &random) }
        weights = (0..<count).map { _ in Int.random(in: 1...16, using: &random) }
        let slots = (0..<count).map { [weights, limits] in ServerSlot(share: weights[$0], limit: limits[$0]) }
        servers = slots.enumerated().map { index, slot in
            let address = SocketAddress(.v4(IPv4Address(bits: UInt32(index))), port: 80)
            return PoolServer(ServerSettings(name: "s\(index)", address: .ip(address)), address: address, slot: slot)
        }
        open = [[PoolServer]](repeating: [], count: count)
        snapshot = Simulation.snapshot(balance, servers, weights, line, turns)
        self.random = random
    }

    static func snapshot(
        _ balance: BackendSettings.Balance,
        _ servers: [PoolServer],
        _ weights: [Int],
        _ line: WaitingLine,
        _ turns: TurnCounter
    ) -> PoolSnapshot {
        PoolSnapshot(
            servers: servers,
            board: ServerBoard(
                servers.map(\.slot),
                ranksByLoad: balance.algorithm.ranksByLoad,
                heaviest: 16,
                turns: turns
            ),
            line: line,
            algorithm: balance.algorithm.init(
                servers.enumerated().map { index, server in
                    BalanceCandidate(identity: server.name, weight: weights[index], share: server.slot.currentShare)
                }
            )
        )
    }

    // MARK: Events

    func arrive(_ number: Int) {
        let client = Client(number)
        switch snapshot.choose(for: client.client, using: &random) {
        case .server(let server):
            #expect(waiting.isEmpty, "a newcomer went before those who waited")
            begin(server)
        case .full:
            client.ticket = line.join(client, limit: Simulation.maximumQueue)?.ticket
            if client.ticket == nil {
                #expect(waiting.count == Simulation.maximumQueue)
                refused += 1
            } else {
                waiting.append(client)
                snapshot.admitWaiting(using: &random)
            }
        case .none:
            #expect(servers.allSatisfy { $0.slot.currentShare == 0 })
            refused += 1
        }
    }

    func begin(_ server: PoolServer) {
        let index = index(server)
        #expect(server.slot.currentShare > 0, "a server that takes none was chosen")
        open[index].append(server)
        openCount += 1
        #expect(open[index].count <= limits[index], "a full server was chosen")
        served += 1
    }

    func end() {
        guard openCount > 0 else { return }
        var index = Int.random(in: 0..<Simulation.serverCount, using: &random)
        while open[index].isEmpty { index = (index + 1) % Simulation.serverCount }
        let server = open[index].removeLast()
        openCount -= 1
        snapshot.leave(server, using: &random)
    }

    func flap() {
        let index = Int.random(in: 0..<Simulation.serverCount, using: &random)
        let slot = servers[index].slot
        snapshot.board.setShare(slot.currentShare > 0 ? 0 : weights[index], of: slot)
        if snapshot.board.hasTaker { snapshot.admitWaiting(using: &random) } else { line.dismissAll() }
    }

    /// All at once, as a network that fails, and comes back later.
    func failEverything() {
        for server in servers { snapshot.board.setShare(0, of: server.slot) }
        line.dismissAll()
        settle()
        #expect(waiting.isEmpty)
        for (index, server) in servers.enumerated() { snapshot.board.setShare(weights[index], of: server.slot) }
        snapshot.admitWaiting(using: &random)
    }

    func giveUpWaiting() {
        guard let position = waiting.indices.randomElement(using: &random) else { return }
        let client = waiting.remove(at: position)
        if let ticket = client.ticket { line.leave(ticket) }
        timedOut += 1
        // Its turn may have come in the same moment: then its place goes to the next one.
        if let server = client.admitted { snapshot.leave(server, using: &random) }
    }

    /// A new board over the same servers, as after a change in the name service.
    func rebuild() {
        snapshot = Simulation.snapshot(balance, servers, weights, line, turns)
    }

    // MARK: Rules

    /// Takes in what became of those who waited, and looks at every rule.
    func settle() {
        var stillWaiting: [Client] = []
        for client in waiting {
            if let server = client.admitted {
                #expect(stillWaiting.isEmpty, "somebody behind went first")
                if let ticket = client.ticket {
                    #expect(ticket >= lastAdmitted)
                    lastAdmitted = ticket
                }
                begin(server)
            } else if client.isDismissed {
                dismissed += 1
            } else {
                stillWaiting.append(client)
            }
        }
        waiting = stillWaiting
        #expect(line.count == waiting.count)
    }

    func lookAtServers() {
        for (index, server) in servers.enumerated() {
            #expect(server.slot.sessionCount == open[index].count)
        }
        guard !waiting.isEmpty else { return }
        #expect(!servers.indices.contains(where: hasRoom), "somebody waits though there is room")
    }

    private func hasRoom(_ index: Int) -> Bool {
        servers[index].slot.currentShare > 0 && open[index].count < limits[index]
    }

    private func index(_ server: PoolServer) -> Int {
        Int(server.address.ip.unmapped.asIPv6.low & 0xFFFF)
    }

    // MARK: Run

    func run(sessions: Int) {
        for number in 0..<sessions {
            arrive(number)
            settle()
            // Ends keep pace with arrivals, now ahead of them and now behind, so that the pool fills and empties.
            let pressure = number / 2000 % 3
            for _ in 0..<Int.random(in: 0...(pressure == 0 ? 3 : pressure), using: &random) { end() }
            settle()
            if Int.random(in: 0..<20, using: &random) == 0 { flap() }
            if Int.random(in: 0..<50, using: &random) == 0 { giveUpWaiting() }
            if Int.random(in: 0..<5000, using: &random) == 0 { rebuild() }
            if Int.random(in: 0..<50_000, using: &random) == 0 { failEverything() }
            settle()
            if number % 16 == 0 { lookAtServers() }
        }
        for client in waiting {
            if let ticket = client.ticket { line.leave(ticket) }
            timedOut += 1
        }
        while openCount > 0 { end() }
        waiting = []
        lookAtServers()
        #expect(served + refused + timedOut + dismissed == sessions, "a session was lost")
        #expect(served > sessions / 2)
        #expect(line.count == 0)
    }
}

@Suite struct PoolSimulationTests {
    #if DEBUG
    static let sessions = 20_000
    #else
    static let sessions = 1_000_000
    #endif

    @Test(arguments: BackendSettings.Balance.allCases)
    func noRuleIsBrokenHoweverServersFlap(balance: BackendSettings.Balance) {
        Simulation(balance, seed: 2026).run(sessions: PoolSimulationTests.sessions)
    }
}
