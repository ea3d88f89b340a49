import Foundation
import NetworkAddress
import Synchronization
import Testing

/// Servers that take only so many sessions, and the line before them.
@Suite("Limits and queue", .onStage)
struct QueueTests {
    /// Lets a client wait in line, and waits until it does; returns it.
    private func queue(_ pool: Pool) throws -> Connection {
        let before = pool.herald.facts.descriptorCount
        let client = try Connection(to: .loopback(pool.port))
        try client.send("hello")
        guard becomesTrue({ pool.herald.facts.descriptorCount > before && pool.herald.facts.isAsleep }) else {
            throw HarnessError("the client is not taken in")
        }
        return client
    }

    @Test(arguments: [1, 2])
    func whoCameFirstIsServedFirst(threads: Int) throws {
        let port = try FreePorts.next()
        let listener = try Listener()
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                defaults: ["timeout queue 60s"],
                servers: "\(listener.address) send-proxy-v2 maxconn 1"
            ),
            ports: port,
            arguments: ["--threads", "\(threads)"]
        )
        var clients: [Connection] = []
        var descriptors = herald.facts.descriptorCount
        for number in 0..<16 {
            clients.append(try Connection(to: .loopback(port)))
            // The first one takes a second descriptor, for the server.
            descriptors += number == 0 ? 2 : 1
            #expect(becomesTrue { herald.facts.descriptorCount == descriptors && herald.facts.isAsleep })
        }
        for client in clients {
            let server = try listener.accept()
            let header = try server.receive { ProxyHeader($0.bytes) != nil }
            #expect(ProxyHeader(header.bytes)?.source == client.local)
            #expect(try listener.acceptIfAny(within: .milliseconds(20)) == nil, "one session at a time")
            client.close()
            server.close()
        }
        #expect(becomesTrue { herald.sessionLines.count == clients.count })
        let first = clients[0].local.description
        for line in herald.sessionLines {
            #expect((line.queueMilliseconds == nil) == (line.peer == first))
            #expect(line.end == "completed")
        }
    }

    @Test(arguments: ["roundrobin", "leastconn", "source", "random", "first"])
    func noServerEverHasMoreThanItTakes(algorithm: String) throws {
        let port = try FreePorts.next()
        let servers = try (0..<2).map { _ in try CountingServer() }
        _ = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                defaults: ["timeout queue 60s"],
                backend: ["balance \(algorithm)"],
                servers: "\(servers[0].address) maxconn 3",
                "\(servers[1].address) maxconn 1"
            ),
            ports: port,
            arguments: ["--threads", "2"]
        )
        let answers = atOnce(24) { _ in
            try (0..<5).count { _ in try visit(port) == "counted" }
        }
        #expect(answers.reduce(0, +) == 120, "everybody's turn comes")
        #expect(servers[0].total + servers[1].total == 120)
        #expect(servers[0].most <= 3)
        #expect(servers[1].most <= 1)
        #expect(servers.allSatisfy { $0.total > 0 })
    }

    @Test func whoWaitsTooLongIsClosed() throws {
        let pool = try Pool(["maxconn 1"], defaults: ["timeout queue 300"])
        let guest = try pool.enter()
        let late = try queue(pool)
        #expect(try late.receiveAll().bytes.isEmpty)
        #expect(pool.herald.ending(of: late) == "queue-timeout")
        #expect(guest.isOn)
        #expect(pool.servers[0].records.count == 1)
    }

    @Test func whoFindsTheLineFullIsClosedAtOnce() throws {
        let pool = try Pool(["maxconn 1 maxqueue 2"], defaults: ["timeout queue 60s"])
        let guest = try pool.enter()
        let waiting = try [queue(pool), queue(pool)]
        let refused = try Connection(to: .loopback(pool.port))
        #expect(try refused.receiveAll().ending != .open)
        #expect(pool.herald.ending(of: refused) == "queue-full")
        // The line itself is not disturbed.
        try pool.leave([guest])
        for client in waiting {
            #expect(try client.receiveLine() == "s1")
            try pool.leave([Guest(client: client, server: "s1")])
        }
    }

    @Test func whoGivesUpLosesThePlaceInLine() throws {
        let pool = try Pool(["maxconn 1"], defaults: ["timeout queue 60s"])
        let guest = try pool.enter()
        let impatient = try queue(pool)
        let patient = try queue(pool)
        try impatient.reset()
        #expect(pool.herald.ending(of: impatient) == "client-gone")
        try pool.leave([guest])
        #expect(try patient.receiveLine() == "s1")
        #expect(pool.servers[0].records.count == 2)
    }

    /// It may have been waiting for an answer, had it asked.
    @Test func whoEndsWithoutAWordLosesThePlaceInLine() throws {
        let pool = try Pool(["maxconn 1"], defaults: ["timeout queue 60s"])
        let guest = try pool.enter()
        let silent = try Connection(to: .loopback(pool.port))
        let talker = try queue(pool)
        silent.close()
        #expect(pool.herald.ending(of: silent) == "client-gone")
        try talker.finish()
        try pool.leave([guest])
        #expect(try talker.receiveLine() == "s1")
        #expect(pool.servers[0].records.count == 2)
    }

    /// Whoever a server has refused waits for another one.
    @Test func theLineDoesNotLeadBackToTheServerThatFailed() throws {
        let (port, refusing) = (try FreePorts.next(), try FreePorts.next())
        let server = try CountingServer()
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                defaults: ["timeout queue 60s"],
                backend: ["option redispatch 1", "retries 3"],
                servers: "127.0.0.1:\(refusing)",
                "\(server.address) maxconn 1"
            ),
            ports: port
        )
        let answers = atOnce(24) { _ in try visit(port) }
        #expect(answers.allSatisfy { $0 == "counted" })
        #expect(server.most == 1)
        #expect(becomesTrue { herald.sessionLines.count == answers.count })
        #expect(herald.sessionLines.allSatisfy { $0.end == "completed" })
    }

    @Test func withTheLastServerDownTheLineIsSentAway() throws {
        let checked = try RecordingServer("checked")
        let pool = try Pool(
            ["maxconn 1 check inter 50 fall 2 port \(checked.address.port)"],
            defaults: ["timeout queue 60s"]
        )
        let guest = try pool.enter()
        let waiting = try queue(pool)
        checked.stop()
        #expect(try waiting.receiveAll().ending != .open)
        #expect(pool.herald.ending(of: waiting) == "no-server")
        #expect(guest.isOn)
    }

    /// A place that one server has is taken, whichever server it is.
    @Test func theLineIsForAllServersOfTheBackend() throws {
        let pool = try Pool(["maxconn 1", "maxconn 1"], defaults: ["timeout queue 60s"])
        let guests = try [pool.enter(), pool.enter()]
        #expect(guests.counts == ["s1": 1, "s2": 1])
        let waiting = try queue(pool)
        let leaving = guests[1]
        try pool.leave([leaving])
        #expect(try waiting.receiveLine() == leaving.server)
        #expect(guests[0].isOn)
    }

    @Test(.enabled(if: NetworkNamespace.isPossible, "network namespaces need root"))
    func whoSaysNothingIsKeptByTheKernel() throws {
        try NetworkNamespace.with {
            let server = try RecordingServer("s1")
            let herald = try Herald(
                configuration(bind: "127.0.0.1:80 defer-accept", servers: "\(server.address)"),
                ports: 80
            )
            let base = herald.facts.descriptorCount
            let client = try Connection(to: .loopback(80))
            #expect(try NetworkNamespace.keepsClientsBack(80))
            try client.send("hello")
            #expect(try client.receiveLine() == "s1")
            client.close()
            #expect(becomesTrue { herald.facts.descriptorCount == base })
            // A server that speaks first is only late.
            let silent = try Connection(to: .loopback(80))
            #expect(becomesTrue { herald.facts.descriptorCount == base + 2 })
            silent.close()
        }
    }

    @Test(arguments: [1, 2])
    func aFrontendTakesInOnlySoMany(threads: Int) throws {
        let pool = try Pool([""], defaults: ["maxconn 2"], threads: threads)
        let guests = try [pool.enter(), pool.enter()]
        let late = try Connection(to: .loopback(pool.port))
        try late.send("hello")
        #expect(try late.receiveOnce(within: .milliseconds(300)) == Connection.Received())
        #expect(pool.servers[0].records.count == 2)
        try pool.leave([guests[0]])
        #expect(try late.receiveLine() == "s1")
        #expect(guests[1].isOn)
    }
}

/// A server that counts the sessions that it has at one time.
private final class CountingServer: Sendable {
    private struct Counts {
        var now = 0
        var most = 0
        var total = 0
    }

    let address: SocketAddress
    private let counts = Mutex(Counts())

    var most: Int { counts.withLock(\.most) }
    var total: Int { counts.withLock(\.total) }

    init() throws {
        let listener = try Listener()
        address = listener.address
        let isOver = Atomic(false)
        Thread { [self] in
            while let connection = try? listener.acceptIfAny(within: .seconds(60)) {
                Thread { self.answer(connection) }.start()
            }
            isOver.store(true, ordering: .releasing)
        }.start()
        Stage.current.atEnd {
            listener.stopListening()
            _ = becomesTrue { isOver.load(ordering: .acquiring) }
        }
    }

    private func answer(_ connection: Connection) {
        counts.withLock { counts in
            counts.now += 1
            counts.total += 1
            counts.most = max(counts.most, counts.now)
        }
        _ = try? connection.receiveOnce()
        // Others come meanwhile, if they may.
        pause(.milliseconds(3))
        try? connection.send("counted\n")
        // Over before Herald can know of it, and send the next one.
        counts.withLock { $0.now -= 1 }
        connection.close()
    }
}
