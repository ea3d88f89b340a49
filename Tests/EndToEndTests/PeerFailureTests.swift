import Glibc
import NetworkAddress
import Testing

/// Peers that vanish at any point, servers that never answer, and no descriptors left.
@Suite("Peer failure", .onStage)
struct PeerFailureTests {
    static let header = ProxyHeader.v2("203.0.113.5:51234", "198.51.100.7:443")

    @Test func clientsThatResetAtAnyPointLeaveNothingBehind() throws {
        let pair = try Pair()
        let witness = try pair.session()
        let base = pair.herald.facts.descriptorCount
        for count in 0...Self.header.count {
            let client = try pair.connect()
            try client.send(Array(Self.header[..<count]))
            if count.isMultiple(of: 2) { pause(.milliseconds(3)) }
            try client.reset()
        }
        for _ in 0..<20 {
            let (client, server) = try pair.session()
            _ = try client.sendUntilBlocked(for: .milliseconds(5), atMost: 1 << 20)
            try client.reset()
            server.close()
        }
        try goesOn(witness)
        // Servers that were reached before the reset are still in the backlog.
        while let server = try pair.server.acceptIfAny(within: .milliseconds(50)) {
            server.close()
        }
        #expect(becomesTrue { pair.herald.facts.descriptorCount == base })
    }

    @Test func serversThatResetAtAnyPointLeaveNothingBehind() throws {
        // Without retries a server that resets is not tried again.
        let pair = try Pair(backend: ["retries 0"])
        let witness = try pair.session()
        let base = pair.herald.facts.descriptorCount
        for step in 0..<40 {
            let client = try pair.connect()
            try client.send(Self.header)
            let server = try pair.server.accept()
            switch step % 4 {
            case 0: break
            case 1: _ = try server.receiveOnce()
            case 2:
                _ = try server.receiveOnce()
                try client.send("question")
            default:
                _ = try server.receiveOnce()
                try server.send("half an ans")
            }
            try server.reset()
            let ending = try client.receiveAll().ending
            // In the first case the reset may come before Herald takes the connection for made.
            #expect(step % 4 == 0 ? ending != .open : ending == .reset, "step \(step % 4): \(ending)")
        }
        try goesOn(witness)
        #expect(becomesTrue { pair.herald.facts.descriptorCount == base })
    }

    /// Nothing is read from a client after its FIN, so that no event tells of the reset.
    @Test func aResetBehindAFinIsNoticedWithoutTimeouts() throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        try client.finish()
        #expect(try server.receiveAll().ending == .finished)
        try client.reset()
        #expect(pair.herald.ending(of: client) == "client-reset")
        server.close()
    }

    @Test func aServerThatNeverAnswersHoldsNobodyElseUp() throws {
        let pair = try Pair(defaults: ["timeout client 400", "timeout server 400"])
        let (client, server) = try pair.session()
        let other = try pair.session()
        try client.send("question")
        for _ in 0..<10 {
            try goesOn(other)
            pause(.milliseconds(100))
        }
        #expect(try client.receiveAll().ending != .open)
        #expect(pair.herald.ending(of: client) == "idle-timeout")
        #expect(try server.receiveAll().text == "question")
    }

    @Test func sessionsThatCameAndWentLeaveNoMemory() throws {
        let pair = try Pair()
        let base = pair.herald.facts.descriptorCount
        var resident: [Int] = []
        for _ in 0..<4 {
            var sessions: [(Connection, Connection)] = []
            for _ in 0..<200 {
                sessions.append(try pair.session())
            }
            for (client, server) in sessions {
                try client.send("question")
                client.close()
                server.close()
            }
            #expect(becomesTrue { pair.herald.facts.descriptorCount == base })
            resident.append(pair.herald.facts.residentKiB)
        }
        #expect(resident[3] - resident[0] < 512, "KiB after each round: \(resident)")
    }

    /// The second configuration allows more sessions than there are descriptors.
    @Test(arguments: [(160, ""), (64, "global\nmaxconn 1000\n")], [1, 2])
    func withoutDescriptorsAcceptingPausesAndComesBack(limit: (descriptors: Int, global: String), threads: Int) throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        let herald = try Herald(
            limit.global + configuration(bind: "127.0.0.1:\(port)", servers: "\(server.address)"),
            ports: port,
            arguments: ["--threads", "\(threads)"],
            launcher: ["prlimit", "--nofile=\(limit.descriptors):\(limit.descriptors)"]
        )
        let base = herald.facts.descriptorCount
        let first = try Connection(to: .loopback(port))
        try first.send("hello")
        #expect(try first.receiveLine() == "s1")
        let crowd = try (0..<80).map { _ in try Connection(to: .loopback(port)) }
        #expect(becomesTrue { herald.facts.descriptorCount >= base + 8 })
        pause(.milliseconds(300))
        let busy = herald.facts.cpuTime
        pause(.seconds(1))
        #expect(herald.facts.cpuTime - busy < .milliseconds(100), "nothing spins")
        #expect(herald.process.poll() == nil)
        try first.send("again")
        #expect(try first.receiveOnce(within: .milliseconds(100)).ending == .open, "its session goes on")
        for connection in crowd {
            connection.close()
        }
        #expect(becomesTrue { (try? visit(port)) == "s1" })
        first.close()
        #expect(becomesTrue { herald.facts.descriptorCount <= base })
    }
}
