import NetworkAddress
import Testing

/// Debian's own servers, told by Herald who the client is.
@Suite("Software behind", .onStage)
struct SoftwareBehindTests {
    static let source: SocketAddress = "203.0.113.5:51234"
    static let destination: SocketAddress = "198.51.100.7:443"

    @Test(arguments: ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c"])
    func nginxSeesTheClient(options: String) throws {
        let (port, web) = (try FreePorts.next(), try FreePorts.next())
        _ = try Nginx.webServer("nginx", on: web)
        try seesTheClient("nginx", port: port, server: "127.0.0.1:\(web) check \(options)")
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c"])
    func haproxySeesTheClient(options: String) throws {
        let (port, web) = (try FreePorts.next(), try FreePorts.next())
        _ = try HAProxy.webServer("haproxy", on: web)
        try seesTheClient("haproxy", port: port, server: "127.0.0.1:\(web) check \(options)")
    }

    @Test(.enabled(if: Postfix.isPossible, "Postfix needs root"), arguments: ["send-proxy", "send-proxy-v2"])
    func postfixGreetsAtOnceAndLogsTheClient(options: String) throws {
        let (port, mail) = (try FreePorts.next(), try FreePorts.next())
        let postfix = try Postfix(on: mail)
        _ = try Herald(
            configuration(bind: "127.0.0.1:\(port) accept-proxy", servers: "127.0.0.1:\(mail) \(options)"),
            ports: port
        )
        let client = try Connection(to: .loopback(port))
        // Nothing but the header: the server's greeting must not wait for a word of the client.
        try client.send(ProxyHeader.v1(Self.source, Self.destination))
        #expect(try client.receiveLine() == "220 mail.test ESMTP Postfix")
        #expect(becomesTrue { postfix.log.contains("connect from unknown[203.0.113.5]") })
        try client.send("QUIT\r\n")
        let farewell = try client.receiveAll()
        #expect(farewell.text == "221 2.0.0 Bye\r\n")
        #expect(farewell.ending == .finished)
    }

    private func seesTheClient(_ name: String, port: UInt16, server: String) throws {
        _ = try Herald(configuration(bind: "127.0.0.1:\(port) accept-proxy", servers: server), ports: port)
        for header in [ProxyHeader.v1, { ProxyHeader.v2($0, $1) }, ProxyHeader.networkLoadBalancer] {
            let client = try Connection(to: .loopback(port))
            try client.send(header(Self.source, Self.destination))
            #expect(try client.get() == "\(name) \(Self.source) \(Self.destination)")
        }
    }
}
