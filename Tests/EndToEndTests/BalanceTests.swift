import NetworkAddress
import Testing

/// Which server gets a session, and what becomes of it when servers fail.
@Suite("Balance", .onStage)
struct BalanceTests {
    @Test(arguments: ["1", "2", "4"])
    func serversTakeTurnsOverAllThreads(threads: String) throws {
        let port = try FreePorts.next()
        let servers = try (1...3).map { try RecordingServer("s\($0)") }
        _ = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                servers: "\(servers[0].address)",
                "\(servers[1].address)",
                "\(servers[2].address)"
            ),
            ports: port,
            arguments: ["--threads", threads]
        )
        let names = try (0..<30).map { _ in try visit(port) }
        for server in servers {
            #expect(names.count { $0 == server.name } == 10, "\(names)")
        }
    }

    @Test func aServersWeightIsItsShare() throws {
        let port = try FreePorts.next()
        let servers = try (1...3).map { try RecordingServer("s\($0)") }
        _ = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                servers: "\(servers[0].address) weight 3",
                "\(servers[1].address) weight 1",
                "\(servers[2].address) weight 0"
            ),
            ports: port
        )
        let names = try (0..<16).map { _ in try visit(port) }
        #expect(names.count { $0 == "s1" } == 12, "\(names)")
        #expect(names.count { $0 == "s2" } == 4, "\(names)")
    }

    @Test func aServersNameIsLookedUpAtTheStart() throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        // "localhost" is both addresses on some machines, and one of them on others.
        _ = try? RecordingServer("s1", on: .loopback6(server.address.port))
        _ = try Herald(
            configuration(bind: "127.0.0.1:\(port)", servers: "localhost:\(server.address.port) check"),
            ports: port
        )
        #expect(try visit(port) == "s1")
    }

    @Test func aRefusingServerIsReplacedByAnother() throws {
        let (port, refusing) = (try FreePorts.next(), try FreePorts.next())
        let server = try RecordingServer("s2")
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                backend: ["option redispatch 1", "retries 3"],
                servers: "127.0.0.1:\(refusing) send-proxy-v2",
                "\(server.address) send-proxy-v2"
            ),
            ports: port
        )
        for _ in 0..<6 {
            #expect(try visit(port) == "s2")
        }
        #expect(server.sessions.count == 6)
        #expect(server.sessions.allSatisfy { $0.header != nil && $0.payload == Array("hello".utf8) })
        let line = herald.sessionLine { $0.retries > 0 }
        #expect(line?.server == "s2")
    }

    @Test func withEveryServerRefusingTheClientIsClosedAtOnce() throws {
        let (port, refusing) = (try FreePorts.next(), try FreePorts.next())
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                backend: ["retries 0"],
                servers: "127.0.0.1:\(refusing)",
                "127.0.0.1:\(refusing)"
            ),
            ports: port
        )
        let client = try Connection(to: .loopback(port))
        #expect(try client.receiveAll(within: .seconds(3)).ending != .open)
        #expect(herald.ending(of: client) == "connect-failed")
    }

    @Test func withEveryServerDownTheClientIsClosedAtOnceAndToldApart() throws {
        let (port, refusing) = (try FreePorts.next(), try FreePorts.next())
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                servers: "127.0.0.1:\(refusing) check inter 50 fall 2",
                "127.0.0.1:\(refusing) check inter 50 fall 2"
            ),
            ports: port
        )
        let seen = try eventually { () -> String? in
            let client = try Connection(to: .loopback(port))
            #expect(try client.receiveAll(within: .seconds(5)).ending != .open)
            let ending = herald.ending(of: client)
            return ending == "no-server" ? ending : nil
        }
        #expect(seen == "no-server")
    }

    /// The first attempt's end must not be taken for the second one's, which is under way by then.
    @Test func afterAConnectTimeoutTheNextServerMayTakeItsTime() throws {
        let port = try FreePorts.next()
        let dead = try FullListener()
        let slow = try FullListener()
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                defaults: ["timeout connect 5000"],
                backend: ["retries 1", "option redispatch", "timeout connect 2500"],
                servers: "\(dead.listener.address) send-proxy",
                "\(slow.listener.address) send-proxy"
            ),
            ports: port
        )
        let client = try Connection(to: .loopback(port))
        try client.send("hello")
        pause(.milliseconds(3000))
        for _ in slow.fillers { try slow.listener.accept().close() }
        let server = try slow.listener.accept()
        let received = try server.receive { $0.text.hasSuffix("hello") }
        #expect(received.text.hasPrefix("PROXY TCP4 127.0.0.1"))
        server.close()
        client.close()
        #expect(herald.ending(of: client) != nil)
    }

    @Test func aServerWhoseBacklogIsFullRunsIntoTheConnectTimeout() throws {
        let port = try FreePorts.next()
        let full = try FullListener()
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                defaults: ["timeout connect 400"],
                backend: ["retries 0"],
                servers: "\(full.listener.address)"
            ),
            ports: port
        )
        let client = try Connection(to: .loopback(port))
        var ending = Connection.Ending.open
        let lasted = try ContinuousClock().measure { ending = try client.receiveAll().ending }
        #expect(ending != .open)
        #expect(lasted > .milliseconds(300))
        #expect(herald.ending(of: client) == "connect-timeout")
    }
}
