import NetworkAddress
import Testing

/// The configurations that a user brings along, unchanged, on the addresses and ports that stand in them.
@Suite("Letter for letter", .onStage, .enabled(if: NetworkNamespace.isPossible, "network namespaces need root"))
struct LetterForLetterTests {
    static let frontend = """
        frontend mywebsite
        bind :80 accept-proxy
        default_backend webservers

        """
    static let backendOfVersion1 = """
        backend webservers
        balance roundrobin
        server s1 192.168.56.20:3000 check send-proxy
        server s2 192.168.56.21:3000 check send-proxy

        """
    static let backendOfVersion2 = """
        backend webservers
        balance roundrobin
        server s1 192.168.56.20:3000 check send-proxy-v2
        server s2 192.168.56.21:3000 check send-proxy-v2

        """

    static func twin(_ version: String) -> String {
        """
        frontends:
          mywebsite:
            bind:
              - address: ":80"
                accept-proxy: true
            default-backend: webservers
        backends:
          webservers:
            balance: roundrobin
            servers:
              s1: { address: 192.168.56.20:3000, check: true, send-proxy: \(version) }
              s2: { address: 192.168.56.21:3000, check: true, send-proxy: \(version) }

        """
    }

    @Test func haproxySyntaxWithVersion1() throws {
        try serves(Self.frontend + Self.backendOfVersion1, as: .haproxy, version: 1)
    }

    @Test func haproxySyntaxWithVersion2() throws {
        try serves(Self.frontend + Self.backendOfVersion2, as: .haproxy, version: 2)
    }

    @Test func yamlWithVersion1() throws {
        try serves(Self.twin("v1"), as: .yaml, version: 1)
    }

    @Test func yamlWithVersion2() throws {
        try serves(Self.twin("v2"), as: .yaml, version: 2)
    }

    private func serves(_ configuration: String, as syntax: Herald.Syntax, version: Int) throws {
        try NetworkNamespace.with(addresses: ["192.168.56.20/32", "192.168.56.21/32"]) {
            let servers = [
                try RecordingServer("s1", on: "192.168.56.20:3000"),
                try RecordingServer("s2", on: "192.168.56.21:3000"),
            ]
            _ = try Herald(configuration, as: syntax, ports: 80)
            var turns: [String] = []
            for visit in Self.visits {
                let client = try Connection(to: "192.168.56.20:80")
                try client.send(visit.header + Array("hello from \(visit.name)".utf8))
                let name = try #require(try client.receiveLine(), "\(visit.name) got no answer")
                turns.append(name)
                let server = try #require(servers.first { $0.name == name })
                let record = try #require(server.record { $0.payload == Array("hello from \(visit.name)".utf8) })
                let header = try #require(record.header)
                #expect(header.version == version, "\(visit.name)")
                #expect(!header.isLocal, "\(visit.name)")
                #expect(header.source == visit.source ?? client.local, "\(visit.name)")
                #expect(header.destination == visit.destination ?? client.remote, "\(visit.name)")
            }
            for (turn, next) in zip(turns, turns.dropFirst()) {
                #expect(turn != next, "servers take turns: \(turns)")
            }
        }
    }

    private struct Visit {
        var name: String
        var header: [UInt8]
        /// nil where the header says nothing of the client.
        var source: SocketAddress?
        var destination: SocketAddress?
    }

    private static let visits: [Visit] = {
        var visits = [Visit(name: "the load balancer's own check", header: ProxyHeader.networkLoadBalancerCheck)]
        let pairs: [(SocketAddress, SocketAddress)] = [
            ("203.0.113.5:51234", "198.51.100.7:443"), ("[2001:db8::5]:51234", "[2001:db8:ffff::7]:443"),
        ]
        for (source, destination) in pairs {
            visits += [
                ("version 1", ProxyHeader.v1(source, destination)),
                ("version 2", ProxyHeader.v2(source, destination)),
                ("a network load balancer", ProxyHeader.networkLoadBalancer(source, destination)),
            ].map { Visit(name: "\($0) from \(source)", header: $1, source: source, destination: destination) }
        }
        return visits
    }()
}
