import NetworkAddress
import Synchronization
import Testing

/// Those who ask, in numbers and without end: traffic does not notice.
@Suite("Admin endpoint under siege", .onStage)
struct AdminCrowdTests {
    private static let crowd = 1000

    /// Each of the crowd sends a head that never ends, a line at a time, and comes again when it is sent away.
    @Test func endlessHeadsDoNotTouchTraffic() throws {
        let server = try RecordingServer("s1")
        let ports = (traffic: try FreePorts.next(), admin: try FreePorts.next())
        let herald = try Herald(
            starting: """
                admin: { bind: "127.0.0.1:\(ports.admin)" }
                log: { sessions: all }
                frontends: { web: { bind: ["127.0.0.1:\(ports.traffic)"], default-backend: servers } }
                backends: { servers: { servers: { s1: "\(server.address)" } } }

                """,
            as: .yaml,
            arguments: ["--threads", "1"]
        )
        try herald.process.waitUntilListening(on: [ports.traffic, ports.admin])
        #expect(herald.logs("ready"))

        let isOver = Atomic(false)
        let sent = Atomic(0)
        let besiegers = 4
        let visitors = 2
        let results = atOnce(besiegers + visitors) { number in
            guard number < besiegers else {
                defer { isOver.store(true, ordering: .relaxed) }
                return try Self.visits(200, to: ports.traffic)
            }
            try Self.besiege(ports.admin, by: Self.crowd / besiegers, counting: sent) {
                isOver.load(ordering: .relaxed)
            }
            return 0
        }
        #expect(results.count == besiegers + visitors, "someone could not go on")
        #expect(results.reduce(0, +) == visitors * 200)
        #expect(sent.load(ordering: .relaxed) >= Self.crowd)
        #expect(herald.facts.peakResidentKiB < 64 * 1024)
        // As soon as the crowd has gone, at the latest.
        let poll = try Connection(to: .loopback(ports.admin))
        try poll.send("GET /healthz HTTP/1.1\r\nHost: herald\r\n\r\n")
        #expect(try poll.receiveAll().text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(herald.terminate() == .code(0))
        #expect(herald.sessionLines.count { $0.end == "completed" } == visitors * 200)
    }

    /// How many of so many visits went well, each by a connection of its own.
    private static func visits(_ count: Int, to port: UInt16) throws -> Int {
        var done = 0
        for _ in 0..<count {
            let client = try Connection(to: .loopback(port))
            try client.send("hello")
            if try client.receiveLine() == "s1" { done += 1 }
            client.close()
        }
        return done
    }

    private static func besiege(
        _ port: UInt16,
        by count: Int,
        counting sent: borrowing Atomic<Int>,
        until isOver: () -> Bool
    ) throws {
        var connections: [Connection?] = Array(repeating: nil, count: count)
        repeat {
            for index in connections.indices {
                do {
                    let connection = try connections[index] ?? Connection(to: .loopback(port))
                    connections[index] = connection
                    try connection.send("GET /status HTTP/1.1\r\nX-Padding: more and more\r\n")
                    sent.add(1, ordering: .relaxed)
                } catch {
                    // Sent away; it stands in line again.
                    connections[index] = nil
                }
            }
        } while !isOver()
    }
}
