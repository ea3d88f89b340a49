import ArgumentParser
import HeraldCore
import HeraldServer
import LibUV
import NetworkAddress

/// The main job with nothing to set up: a proxy and two servers in one process, on loopback.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a proxy before two built-in servers, and see what they learn of the client.",
        discussion: """
            Listens on 127.0.0.1:8080 for plain clients and on 127.0.0.1:8081 for those that send a PROXY header \
            first. Needs no file, no root and no network. Ctrl-C ends it.
            """
    )

    private static let loopback = IPAddress.v4(IPv4Address(127, 0, 0, 1))
    private static let plainPort: UInt16 = 8080
    private static let proxyPort: UInt16 = 8081

    func run() throws {
        let loop = try EventLoop(readBufferSize: Limits.readBufferBytes)
        let servers = try ["s1", "s2"].map { try DemoServer(name: $0, loop: loop) }
        let addresses = servers.compactMap(\.address)
        let bound = servers.map { LoopBound($0, loop: loop) }
        let thread = try Thread { loop.run() }
        defer {
            loop.execute {
                for server in bound { server.value.close() }
                loop.stop()
            }
            thread.join()
        }
        let settings = DemoCommand.settings(addresses)
        try ProxyRunner.run(
            settings,
            isDialogue: true,
            greeting: DemoCommand.greeting,
            farewell: DemoCommand.farewell
        )
    }

    private static func settings(_ addresses: [SocketAddress]) -> ProxySettings {
        let servers = zip(["s1", "s2"], addresses).map { name, address in
            var server = ServerSettings(name: name, address: .ip(address))
            server.announcement = name == "s1" ? .version1 : .version2(Version2Options())
            var check = HealthCheckSettings()
            check.announcement = server.announcement
            server.check = check
            return server
        }
        let plain = BindSettings(address: BindAddress(SocketAddress(loopback, port: plainPort), family: .ipv4))
        let announced = BindSettings(
            address: BindAddress(SocketAddress(loopback, port: proxyPort), family: .ipv4),
            acceptProxy: AcceptProxySettings()
        )
        var process = ProcessSettings()
        process.threads = 1
        process.drainTimeout = .seconds(5)
        return ProxySettings(
            process: process,
            frontends: [FrontendSettings(name: "demo", binds: [plain, announced], backend: 0)],
            backends: [BackendSettings(name: "servers", servers: servers)]
        )
    }

    private static let greeting = """
        Herald is running. In another terminal, type:

          curl http://127.0.0.1:8080/
              two servers take turns; s1 is told of you by send-proxy, s2 by send-proxy-v2

          curl --haproxy-protocol http://127.0.0.1:8081/
              here a PROXY header comes first, as from HAProxy, nginx or a cloud's load balancer

          printf 'PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\\r\\nhello\\n' | curl -sN telnet://127.0.0.1:8081
              any header, any client address

        Each session gets a line below. Ctrl-C ends the demo.


        """

    private static func farewell(_ summary: ProxySummary) -> String {
        "Herald has relayed \(summary.sessionCount) \(summary.sessionCount == 1 ? "session" : "sessions"). Goodbye.\n"
    }
}
