import Glibc
import NetworkAddress
import Testing

/// How the process ends: sessions may finish, new ones go elsewhere.
@Suite("Drain", .onStage)
struct DrainTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func sessionsFinishAndThenTheProcessEnds(signal: Int32) throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        pair.herald.process.signal(signal)
        #expect(becomesTrue { pair.herald.facts.listeningPorts.isEmpty }, "the listener is closed")
        #expect(throws: HarnessError.self) { try pair.connect() }
        try client.send("question\n")
        #expect(try server.receiveLine() == "question")
        #expect(pair.herald.process.poll() == nil)
        try server.send("answer\n")
        server.close()
        #expect(try client.receiveAll().text == "answer\n")
        client.close()
        #expect(pair.herald.process.wait() == .code(0))
        #expect(pair.herald.ending(of: client) == "completed")
    }

    @Test func withoutSessionsTheProcessEndsAtOnce() throws {
        let pair = try Pair()
        #expect(pair.herald.terminate() == .code(0))
    }

    @Test func aSecondSignalStopsAtOnce() throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        pair.herald.process.signal(SIGTERM)
        #expect(becomesTrue { pair.herald.facts.listeningPorts.isEmpty })
        pair.herald.process.signal(SIGTERM)
        #expect(pair.herald.process.wait(within: patience) == .code(0))
        #expect(try client.receiveAll().ending != .open)
        #expect(try server.receiveAll().ending != .open)
    }

    @Test func sessionsThatDoNotFinishAreCutOffInTime() throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        let global = "global\nhard-stop-after 700ms\n"
        let herald = try Herald(
            global + configuration(bind: "127.0.0.1:\(port)", servers: "\(server.address)"),
            ports: port
        )
        let client = try Connection(to: .loopback(port))
        try client.send("hello")
        #expect(try client.receiveLine() == "s1")
        var exit: ChildProcess.Exit?
        let lasted = ContinuousClock().measure { exit = herald.terminate() }
        #expect(exit == .code(0))
        #expect(lasted > .milliseconds(600))
        #expect(try client.receiveAll().ending != .open)
        #expect(herald.ending(of: client) == "drained")
    }

    @Test func peersWithoutAHeaderYetDoNotHoldUpTheEnd() throws {
        let pair = try Pair(defaults: ["timeout client-hs 1s"])
        let client = try pair.connect()
        #expect(pair.herald.terminate() == .code(0))
        #expect(try client.receiveAll().ending != .open)
    }

    /// Whoever polls readiness hears of it at once, and has the delay to send nobody here any more.
    @Test func clientsAreTakenInDuringTheDelayAndThenNot() throws {
        let (port, admin) = (try FreePorts.next(), try FreePorts.next())
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.head = "drain-delay: 1500ms\nadmin: { bind: 127.0.0.1:\(admin) }"
        let herald = try Herald(file, ports: port, admin)
        func ready() throws -> String {
            let client = try Connection(to: .loopback(admin))
            try client.send("GET /readyz HTTP/1.0\r\n\r\n")
            return try client.receiveAll().text
        }
        #expect(try ready().hasPrefix("HTTP/1.1 200 "))
        let old = try Connection(to: .loopback(port))
        try old.send("hello")
        #expect(try old.receiveLine() == "s1")
        let began = ContinuousClock.now
        herald.process.signal(SIGTERM)
        #expect(herald.logs("draining"))
        #expect(try ready().hasSuffix("{\"ready\":false,\"reasons\":[\"draining\"]}\n"))
        #expect(try visit(port) == "s1")
        #expect(herald.facts.listeningPorts.contains(port))
        #expect(becomesTrue { !herald.facts.listeningPorts.contains(port) })
        #expect(ContinuousClock.now - began >= .milliseconds(1500))
        #expect(throws: HarnessError.self) { try Connection(to: .loopback(port)) }
        #expect(try ready().contains("draining"))
        #expect(herald.process.poll() == nil)
        old.close()
        #expect(herald.process.wait() == .code(0))
        let draining = herald.events("draining").first
        #expect(draining?["sessions"] == "1")
        #expect(draining?["delay"] == "1.5 s")
        let stopped = herald.events("stopped").first
        #expect(stopped?["sessions"] == "2")
        #expect(stopped?["cut_off"] == "0")
        #expect(stopped?["failures"] == "none")
        #expect(herald.log.last?.message == "stopped")
    }

    /// Nobody is left with the kernel when the listeners are closed.
    @Test(.enabled(if: NetworkNamespace.isPossible, "network namespaces need root"))
    func whoHasSaidNothingIsTakenInDuringTheDelay() throws {
        try NetworkNamespace.with {
            var file = ReloadedFile(binds: 80, servers: try RecordingServer("s1"))
            file.head = "drain-delay: 10m"
            file.binds = ["{ address: \"127.0.0.1:80\", defer-accept: true }"]
            let herald = try Herald(file, ports: 80)
            herald.process.signal(SIGTERM)
            #expect(herald.logs("draining"))
            let base = herald.facts.descriptorCount
            let client = try Connection(to: .loopback(80))
            #expect(try !NetworkNamespace.keepsClientsBack(80))
            #expect(becomesTrue { herald.facts.descriptorCount == base + 2 })
            try client.send("hello")
            #expect(try client.receiveLine() == "s1")
            client.close()
            #expect(herald.terminate() == .code(0))
        }
    }

    @Test func aSecondSignalEndsTheDelay() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.head = "drain-delay: 10m"
        let herald = try Herald(file, ports: port)
        herald.process.signal(SIGTERM)
        #expect(herald.logs("draining"))
        #expect(try visit(port) == "s1")
        #expect(herald.terminate() == .code(0))
    }

    /// More than one turn of a loop takes in: they have connected, as far as they know.
    @Test(arguments: [1, 2])
    func whoeverIsInTheBacklogIsServed(threads: Int) throws {
        let port = try FreePorts.next()
        let herald = try Herald(
            ReloadedFile(binds: port, servers: try RecordingServer("s1")),
            ports: port,
            threads: threads
        )
        herald.process.signal(SIGSTOP)
        let clients = try (0..<300).map { _ in try Connection(to: .loopback(port)) }
        herald.process.signal(SIGTERM)
        herald.process.signal(SIGCONT)
        #expect(becomesTrue { herald.facts.listeningPorts.isEmpty })
        for client in clients { try client.send("hello") }
        #expect(try clients.allSatisfy { try $0.receiveLine() == "s1" })
        for client in clients { client.close() }
        #expect(herald.process.wait() == .code(0))
        #expect(herald.events("stopped").first?["failures"] == "none")
        #expect(herald.events("stopped").first?["sessions"] == "300")
    }
}
