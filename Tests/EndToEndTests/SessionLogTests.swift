import Foundation
import NetworkAddress
import Testing

/// What the line at a session's end tells.
@Suite("Session log", .onStage)
struct SessionLogTests {
    private func line(of client: Connection, in herald: Herald) -> LogEvent? {
        eventually { herald.events("session").first { $0["peer"] == client.local.description } }
    }

    /// As HAProxy counts them: the session that ends is one of them still.
    @Test func sessionsAreCountedAtTheEndOfEach() throws {
        let (port, other) = (try FreePorts.next(), try FreePorts.next())
        let (first, second) = (try RecordingServer("s1"), try RecordingServer("s2"))
        var file = ReloadedFile(binds: port, servers: first)
        file.backend = ", balance: first"
        file.servers = ["s1: { address: \"\(first.address)\", maxconn: 2 }", "s2: \"\(second.address)\""]
        file.moreFrontends = ["shop: { bind: \"127.0.0.1:\(other)\", default-backend: back }"]
        let herald = try Herald(file, ports: port, other)
        let guests = try [port, port, port, other].map { port in
            let client = try Connection(to: .loopback(port))
            try client.send("hello")
            _ = try client.receiveLine()
            return client
        }
        func counts(_ client: Connection) -> [String?] {
            client.close()
            let line = line(of: client, in: herald)
            return ["process_sessions", "frontend_sessions", "backend_sessions", "server_sessions"].map { line?[$0] }
        }
        #expect(counts(guests[3]) == ["4", "1", "4", "2"])
        #expect(counts(guests[0]) == ["3", "3", "3", "2"])
        #expect(counts(guests[2]) == ["2", "2", "2", "1"])
        #expect(counts(guests[1]) == ["1", "1", "1", "1"])
    }

    @Test func whoWaitedInLineIsToldHowManyWereAhead() throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        var file = ReloadedFile(binds: port, servers: server)
        file.servers = ["s1: { address: \"\(server.address)\", maxconn: 1 }"]
        file.backend = ", timeouts: { queue: 1m }"
        let herald = try Herald(file, ports: port, threads: 1)
        let first = try Connection(to: .loopback(port))
        try first.send("hello")
        #expect(try first.receiveLine() == "s1")
        let waiting = try (0..<3).map { _ in
            let client = try Connection(to: .loopback(port))
            #expect(becomesTrue { herald.facts.isAsleep })
            return client
        }
        first.close()
        for client in waiting {
            try client.send("hello")
            #expect(try client.receiveLine() == "s1")
            client.close()
        }
        #expect(line(of: first, in: herald)?["queued_behind"] == nil)
        #expect(waiting.map { line(of: $0, in: herald)?["queued_behind"] } == ["0", "1", "2"])
        #expect(waiting.allSatisfy { line(of: $0, in: herald)?["queue_ms"] != nil })
    }

    @Test func furtherAttemptsAreToldAndWhetherTheyWentElsewhere() throws {
        let port = try FreePorts.next()
        let (dead, gone, alive) = (try RecordingServer("s1"), try RecordingServer("s2"), try RecordingServer("s3"))
        dead.stop()
        gone.stop()
        var file = ReloadedFile(binds: port, servers: dead, gone, alive)
        file.backend = ", balance: first"
        let herald = try Herald(file, ports: port)
        let client = try Connection(to: .loopback(port))
        try client.send("hello")
        #expect(try client.receiveLine() == "s3")
        client.close()
        let elsewhere = line(of: client, in: herald)
        #expect(elsewhere?["retries"] == "2")
        #expect(elsewhere?["redispatches"] == "2")
        file.backend = ", balance: first, redispatch: false, retries: 1, timeouts: { connect: 100ms }"
        try herald.reload(file)
        let unlucky = try Connection(to: .loopback(port))
        #expect(try unlucky.receiveAll().ending == .finished)
        let same = line(of: unlucky, in: herald)
        #expect(same?["end"] == "connect-failed")
        #expect(same?["reason"] == "refused")
        #expect(same?["retries"] == "1")
        #expect(same?["redispatches"] == nil)
        #expect(same?["server"] == "s1")
    }

    @Test func theCloudThatAClientCameThroughIsTold() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.binds = ["{ address: \"127.0.0.1:\(port)\", accept-proxy: true }"]
        let herald = try Herald(file, ports: port)
        let client = try Connection(to: .loopback(port))
        let id = "vpce-08d2bf15fac5001c9"
        let tlvs = [ProxyHeader.TLV(0xEA, [1] + Array(id.utf8))]
        try client.send(ProxyHeader.v2("203.0.113.7:56324", "198.51.100.1:443", tlvs: tlvs) + Array("hello".utf8))
        #expect(try client.receiveLine() == "s1")
        client.close()
        let line = line(of: client, in: herald)
        #expect(line?["aws_vpc_endpoint"] == id)
        #expect(line?["client"] == "203.0.113.7:56324")
        #expect(line?["destination"] == "198.51.100.1:443")
        #expect(line?["header"] == "v2")
        #expect(line?["header_ms"] != nil)
        #expect(line?["connect_ms"] != nil)
    }

    /// Nobody reads the log: sessions go on, and what found no room is counted, and told once there is some.
    @Test func aLogThatNobodyReadsHoldsNobodyUp() throws {
        let port = try FreePorts.next()
        let stage = Stage.current.directory
        let pipe = "\(stage.path)/log"
        #expect(try run(["mkfifo", pipe]).wait() == .code(0))
        // Opened for both, so that neither end waits for the other.
        let reader = try #require(FileHandle(forUpdatingAtPath: pipe))
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.frontendName = String(repeating: "f", count: 128)
        file.backendName = String(repeating: "b", count: 128)
        let herald = try Herald(
            starting: file.text,
            as: .yaml,
            launcher: ["sh", "-c", "exec \"$@\" > \(pipe)", "sh"]
        )
        try herald.process.waitUntilListening(on: [port])
        let served = atOnce(8) { _ in
            for _ in 0..<300 { guard try visit(port) == "s1" else { throw HarnessError("not served") } }
            return 300
        }
        #expect(served == [Int](repeating: 300, count: 8))
        let cat = try ChildProcess(["cat", pipe])
        #expect(becomesTrue { cat.output.contains(#""message":"ready""#) })
        #expect(herald.terminate() == .code(0))
        try reader.close()
        #expect(cat.wait() == .code(0))
        let events = cat.output.split(separator: "\n").compactMap { LogEvent($0) }
        let lost = events.filter { $0.message == "log lines dropped: their reader is too slow" }
        let told = lost.compactMap { $0["lines"].flatMap { Int($0) } }.reduce(0, +)
        #expect(told > 0)
        #expect(events.count { $0.message == "session" } + told == 2400)
    }
}
