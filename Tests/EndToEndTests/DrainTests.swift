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
}
