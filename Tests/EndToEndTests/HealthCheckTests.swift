import NetworkAddress
import Testing

/// Servers that go and come back, and what a check looks like to them.
@Suite("Health checks", .onStage)
struct HealthCheckTests {
    @Test func aServerThatGoesIsLeftOutAndTakenBack() throws {
        let port = try FreePorts.next()
        let (stays, goes) = (try RecordingServer("s1"), try RecordingServer("s2"))
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                backend: ["option redispatch 1", "timeout check 5s"],
                servers: "\(stays.address) check inter 100 rise 2 fall 2",
                "\(goes.address) check inter 100 rise 2 fall 2"
            ),
            ports: port
        )
        #expect(try Set((0..<4).map { _ in try visit(port) }) == ["s1", "s2"])
        goes.stop()
        // Out: sessions no longer have to try it first.
        let isOut = becomesTrue {
            (0..<4).allSatisfy { _ in
                // One that got into the backlog as the server went is reset.
                guard let client = try? Connection(to: .loopback(port)), (try? client.send("hello")) != nil,
                    (try? client.receiveLine()) == "s1"
                else { return false }
                client.close()
                return herald.sessionLine { $0.peer == client.local.description }?.retries == 0
            }
        }
        #expect(isOut)
        let back = try RecordingServer("s2", on: goes.address)
        #expect(becomesTrue { (try? visit(port)) == "s2" })
        #expect(back.records.count >= 2, "a rise of two takes two checks")
    }

    @Test func aCheckOfAServerThatTakesVersion2IsLocal() throws {
        let check = try check(options: "send-proxy-v2")
        #expect(check.reads.flatMap(\.self) == ProxyHeader.v2(command: 0x20, family: 0x00, block: []))
        #expect(check.ending == .finished)
    }

    @Test func aCheckOfAServerThatTakesVersion1TellsTheChecksOwnEndpoints() throws {
        let check = try check(options: "send-proxy")
        let header = try #require(check.header)
        #expect(header.version == 1)
        #expect(header.source == check.peer)
        #expect(header.destination?.ip == check.peer.ip)
        #expect(check.payload.isEmpty)
        #expect(check.ending == .finished)
    }

    @Test func aCheckOfAPlainServerSendsNothing() throws {
        let check = try check(options: "")
        #expect(check.reads.isEmpty)
        #expect(check.ending == .finished)
    }

    @Test func aCheckOfAnotherPortCarriesNoHeader() throws {
        let (port, checked) = (try FreePorts.next(), try RecordingServer("checked"))
        let server = try RecordingServer("s1")
        _ = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                backend: ["timeout check 5s"],
                servers: "\(server.address) send-proxy-v2 check inter 100 port \(checked.address.port)"
            ),
            ports: port
        )
        let check = try #require(checked.record { $0.ending != .open })
        #expect(check.reads.isEmpty)
        #expect(server.records.isEmpty)
    }

    /// The first check that a server with these options gets.
    private func check(options: String) throws -> RecordingServer.Record {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        _ = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                backend: ["timeout check 5s"],
                servers: "\(server.address) check inter 100 \(options)"
            ),
            ports: port
        )
        return try #require(server.record { $0.ending != .open })
    }
}
