import Foundation
import NetworkAddress
import Testing

/// How many segments a short session is: what the kernel does for each is most of what it costs.
@Suite("Segments", .onStage, .enabled(if: NetworkNamespace.isPossible, "network namespaces need root"))
struct SegmentTests {
    /// The server answers and ends at once, and then the client does. On either way a segment each would be taken by the
    /// header, which leaves with the client's first bytes; by the end of the handshake with the server, which the header
    /// carries; and by the server's FIN, which leaves with its last bytes.
    ///
    /// The FIN may come a moment later than what it is to leave with, so it is the shortest session that counts.
    @Test(arguments: ["v1", "v2"])
    func aShortSessionIsFewSegments(version: String) throws {
        try NetworkNamespace.with {
            let server = try ScriptedServer { connection in
                let received = try connection.receiveOnce()
                try connection.send("bye\n")
                return received
            }
            let herald = try Herald(
                starting: """
                    frontends: { web: { bind: ["127.0.0.1:80"], default-backend: servers } }
                    backends: { servers: { servers: { s1: { address: "\(server.address)", send-proxy: \(version) } } } }

                    """,
                as: .yaml,
                arguments: ["--threads", "1"]
            )
            try herald.process.waitUntilListening(on: [80])
            #expect(herald.logs("ready"))
            var counts: [Int] = []
            for visit in 1...20 {
                let before = try Self.segments()
                let client = try Connection(to: .loopback(80))
                try client.send("hello\n")
                #expect(try client.receiveAll().text == "bye\n")
                client.close()
                #expect(becomesTrue { herald.sessionLines.count == visit })
                counts.append(try Self.segments() - before)
            }
            #expect(try #require(counts.min()) <= 17, "\(counts)")
        }
    }

    /// What this namespace has sent so far; this thread is in it.
    private static func segments() throws -> Int {
        let text = try String(contentsOfFile: "/proc/thread-self/net/snmp", encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("Tcp:") }.map { $0.split(separator: " ") }
        let column = try #require(rows.first?.firstIndex(of: "OutSegs"))
        return try #require(Int(rows[1][column]))
    }
}
