import Glibc
import NetworkAddress
import Testing

/// Well-known causes of trouble are told in plain words, and once.
@Suite("Diagnosis", .onStage)
struct DiagnosisTests {
    private func acceptProxy(_ port: UInt16, _ options: String = "true") -> [String] {
        ["{ address: \"127.0.0.1:\(port)\", accept-proxy: \(options) }"]
    }

    private func diagnosis(_ herald: Herald) -> LogEvent? {
        eventually { herald.events("diagnosis").first }
    }

    // MARK: No header

    @Test(arguments: [
        (["curl", "-s", "http://127.0.0.1:PORT/"], "an HTTP request"),
        (["openssl", "s_client", "-connect", "127.0.0.1:PORT"], "a TLS ClientHello"),
        (["curl", "-sk", "https://127.0.0.1:PORT/"], "a TLS ClientHello"),
    ])
    func aClientThatSendsNoHeader(command: [String], found: String) throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.binds = acceptProxy(port)
        let herald = try Herald(file, ports: port)
        for _ in 0..<6 { #expect(try run(command.map { $0.replacing("PORT", with: "\(port)") }).wait() != .code(0)) }
        let diagnosis = diagnosis(herald)
        #expect(diagnosis?.level == "warning")
        #expect(diagnosis?["cause"] == "header-missing")
        #expect(diagnosis?["frontend"] == "web")
        #expect(diagnosis?["bind"] == "127.0.0.1:\(port)")
        #expect(
            diagnosis?["found"]?.hasPrefix("\(found) came to 127.0.0.1:\(port), where a PROXY header must come") == true
        )
        #expect(diagnosis?["advice"]?.contains("accept-proxy") == true)
        #expect(becomesTrue { herald.events("session").count == 6 }, "each has its line")
        #expect(herald.events("diagnosis").count == 1)
        // What still is so after a reload is worth a word again.
        try herald.reload(file)
        _ = try run(command.map { $0.replacing("PORT", with: "\(port)") })
        #expect(herald.logs("diagnosis", times: 2))
    }

    // MARK: A header too many

    @Test(arguments: [1, 2])
    func aHeaderThatNobodyReadsIsPassedOnAndToldOf(version: Int) throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        let herald = try Herald(ReloadedFile(binds: port, servers: server), ports: port)
        let (source, destination): (SocketAddress, SocketAddress) = ("203.0.113.7:56324", "198.51.100.1:443")
        let header = version == 1 ? ProxyHeader.v1(source, destination) : ProxyHeader.v2(source, destination)
        let guests = try (0..<6).map { _ in
            let client = try Connection(to: .loopback(port))
            try client.send(header + Array("hello".utf8))
            #expect(try client.receiveLine() == "s1")
            return client
        }
        // At once, and not at the session's end.
        #expect(diagnosis(herald)?["cause"] == "header-unexpected")
        #expect(diagnosis(herald)?["bind"] == "127.0.0.1:\(port)")
        #expect(herald.events("diagnosis").count == 1)
        #expect(server.records.allSatisfy { $0.header?.source == source && $0.payload == Array("hello".utf8) })
        #expect(server.records.count == guests.count)
    }

    @Test func aRealProxyInFrontOfAPlainBind() throws {
        let (front, port) = (try FreePorts.next(), try FreePorts.next())
        let server = try RecordingServer("s1")
        let herald = try Herald(ReloadedFile(binds: port, servers: server), ports: port)
        _ = try HAProxy.proxy(on: front, to: port, "send-proxy-v2")
        #expect(try visit(front) == "s1")
        #expect(diagnosis(herald)?["cause"] == "header-unexpected")
    }

    @Test func whatOnlyBeginsLikeAHeaderIsNone() throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        let herald = try Herald(ReloadedFile(binds: port, servers: server), ports: port)
        for text in ["P", "PROX", "\r\n\r\n", "hello PROXY TCP4"] {
            let client = try Connection(to: .loopback(port))
            try client.send(text)
            #expect(try client.receiveLine() == "s1")
            client.close()
            #expect(herald.ending(of: client) == "completed")
        }
        #expect(herald.events("diagnosis").isEmpty)
    }

    /// The bind has accept-proxy, and its plain clients' first bytes are behind them.
    @Test func whatAStrangerSaysLaterIsNoHeader() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.binds = acceptProxy(port, "{ from: [10.0.0.0/8], otherwise: pass }")
        let herald = try Herald(file, ports: port)
        let client = try Connection(to: .loopback(port))
        try client.send("x")
        #expect(try client.receiveLine() == "s1")
        try client.send(ProxyHeader.v1("203.0.113.7:56324", "198.51.100.1:443"))
        client.close()
        #expect(herald.ending(of: client) == "completed")
        #expect(herald.events("diagnosis").isEmpty)
    }

    // MARK: Nobody's own address

    /// The network of a container: a default gateway, and all that comes from outside has its address.
    @Test(.enabled(if: NetworkNamespace.isPossible), arguments: [true, false])
    func allClientsFromTheDefaultGateway(isBehindIt: Bool) throws {
        let gateway = SocketAddress(.v4(IPv4Address(172, 17, 0, 1)), port: 0)
        try NetworkNamespace.with {
            // A gateway is none of the machine's own addresses when it becomes one; later nobody asks.
            for command in [
                "addr add 172.17.0.2/32 dev lo", "route add 172.17.0.1/32 dev lo scope link",
                "route add default via 172.17.0.1 dev lo", "addr add 172.17.0.1/32 dev lo",
            ] {
                let ip = try run(["ip"] + command.split(separator: " ").map(String.init))
                guard ip.wait() == .code(0) else { throw HarnessError(ip.story) }
            }
            let server = try RecordingServer("s1")
            var file = ReloadedFile(binds: 8080, servers: server)
            file.binds = ["\":8080\""]
            let herald = try Herald(file, ports: 8080)
            func visit(from source: SocketAddress) throws {
                let client = try Connection(to: .loopback(8080), from: source)
                try client.send("hello")
                #expect(try client.receiveLine() == "s1")
            }
            for _ in 0..<30 { try visit(from: gateway) }
            if !isBehindIt { try visit(from: SocketAddress(.v4(IPv4Address(172, 17, 0, 2)), port: 0)) }
            #expect(herald.events("diagnosis").isEmpty)
            for _ in 0..<30 { try visit(from: gateway) }
            guard isBehindIt else { return #expect(herald.events("diagnosis").isEmpty) }
            let diagnosis = diagnosis(herald)
            #expect(diagnosis?["cause"] == "clients-behind-gateway")
            #expect(diagnosis?["frontend"] == "web")
            #expect(diagnosis?["found"]?.contains("all came from 172.17.0.1") == true)
            #expect(herald.events("diagnosis").count == 1)
        }
    }

    // MARK: A server that does not expect a header

    /// Without `proxy_protocol`, nginx takes the header for the request.
    @Test(arguments: ["v1", "v2"])
    func aWebServerThatExpectsNoHeader(version: String) throws {
        let (port, web) = (try FreePorts.next(), try FreePorts.next())
        _ = try Nginx(
            "http { access_log off; server { listen 127.0.0.1:\(web); location / { return 200 \"fine\\n\"; } } }",
            ports: web
        )
        var file = ReloadedFile(binds: port)
        file.servers = ["s1: { address: 127.0.0.1:\(web), send-proxy: \(version) }"]
        let herald = try Herald(file, ports: port)
        for _ in 0..<4 {
            let curl = try run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(port)/"])
            #expect(curl.output == "400")
        }
        let diagnosis = diagnosis(herald)
        #expect(diagnosis?["cause"] == "header-refused")
        #expect(diagnosis?["backend"] == "back")
        #expect(diagnosis?["server"] == "s1")
        #expect(diagnosis?["found"]?.contains("answered 400") == true)
        #expect(diagnosis?["advice"]?.contains("proxy_protocol") == true)
        #expect(herald.events("diagnosis").count == 1)
        file.servers = ["s1: 127.0.0.1:\(web)"]
        try herald.reload(file)
        #expect(try run(["curl", "-s", "http://127.0.0.1:\(port)/"]).output == "fine\n")
        #expect(herald.events("diagnosis").count == 1)
    }

    /// A bad request is the client's own when others have had an answer.
    @Test func aBadRequestOfOneClientSaysNothingOfTheServer() throws {
        let (port, web) = (try FreePorts.next(), try FreePorts.next())
        _ = try Nginx.webServer("web", on: web)
        var file = ReloadedFile(binds: port)
        file.servers = ["s1: { address: 127.0.0.1:\(web), send-proxy: v2 }"]
        let herald = try Herald(file, ports: port)
        #expect(try Connection(to: .loopback(port)).get()?.hasPrefix("web ") == true)
        let client = try Connection(to: .loopback(port))
        try client.send("no request at all\r\n\r\n")
        #expect(try client.receiveAll().text.contains("400 Bad Request"))
        client.close()
        #expect(herald.ending(of: client) != nil)
        #expect(herald.events("diagnosis").isEmpty)
    }

    @Test func aServerThatResetsBehindTheHeader() throws {
        let port = try FreePorts.next()
        let server = try Listener()
        var file = ReloadedFile(binds: port)
        file.servers = ["s1: { address: \"\(server.address)\", send-proxy: v1 }"]
        let herald = try Herald(file, ports: port)
        for _ in 0..<3 {
            let client = try Connection(to: .loopback(port))
            let accepted = try server.accept()
            #expect(try ProxyHeader(accepted.receiveOnce().bytes) != nil)
            try accepted.reset()
            #expect(try client.receiveAll().ending == .reset)
            #expect(herald.ending(of: client) == "server-reset")
        }
        #expect(diagnosis(herald)?["cause"] == "header-refused")
        #expect(diagnosis(herald)?["found"]?.contains("reset the connection") == true)
        #expect(herald.events("diagnosis").count == 1)
    }

    @Test func aServerThatHasAnsweredMayResetAsItLikes() throws {
        let port = try FreePorts.next()
        let server = try Listener()
        var file = ReloadedFile(binds: port)
        file.servers = ["s1: { address: \"\(server.address)\", send-proxy: v1 }"]
        let herald = try Herald(file, ports: port)
        let first = try Connection(to: .loopback(port))
        let accepted = try server.accept()
        try accepted.send("welcome\n")
        #expect(try first.receiveLine() == "welcome")
        let second = try Connection(to: .loopback(port))
        let other = try server.accept()
        // The session has begun.
        #expect(try ProxyHeader(other.receiveOnce().bytes) != nil)
        try other.reset()
        #expect(try second.receiveAll().ending == .reset)
        #expect(herald.ending(of: second) == "server-reset")
        #expect(herald.events("diagnosis").isEmpty)
    }

    // MARK: A header that does not come

    @Test func aPeerThatKeepsSilentWhereAHeaderMustCome() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.binds = acceptProxy(port, "{ from: [127.0.0.1], timeout: 300ms }")
        let herald = try Herald(file, ports: port)
        let begun = try Connection(to: .loopback(port))
        try begun.send("PROXY TCP4")
        #expect(herald.ending(of: begun) == "header-timeout")
        #expect(herald.events("diagnosis").isEmpty, "it came, only not to an end")
        for _ in 0..<3 {
            let silent = try Connection(to: .loopback(port))
            #expect(herald.ending(of: silent) == "header-timeout")
        }
        #expect(diagnosis(herald)?["cause"] == "header-late")
        #expect(diagnosis(herald)?["found"]?.hasPrefix("127.0.0.1 connected to 127.0.0.1:\(port), which has") == true)
        #expect(herald.events("diagnosis").count == 1)
    }

    @Test func strangersWhoKeepSilentAreNoLoadBalancers() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.binds = acceptProxy(port, "{ from: [192.0.2.0/24], otherwise: ignore, timeout: 300ms }")
        let herald = try Herald(file, ports: port)
        let silent = try Connection(to: .loopback(port))
        #expect(herald.ending(of: silent) == "header-timeout")
        #expect(herald.events("diagnosis").isEmpty)
    }
}
