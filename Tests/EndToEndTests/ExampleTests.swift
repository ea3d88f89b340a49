import Foundation
import NetworkAddress
import Testing

/// The files in Config/, unchanged, with a network around them that has what they name.
@Suite("Examples", .onStage, .enabled(if: NetworkNamespace.isPossible, "network namespaces need root"))
struct ExampleTests {
    /// One file, and what must come of it.
    struct Example: CustomTestStringConvertible {
        let file: String
        /// By the names that they answer with.
        let servers: [String: SocketAddress]
        let visits: [Visit]
        var testDescription: String { file }
    }

    struct Visit {
        let port: UInt16
        /// Who connects.
        let peer: SocketAddress
        /// What comes first, and whom it names.
        var header: [UInt8] = []
        var client: SocketAddress?
    }

    private static let balancer: SocketAddress = "10.0.0.9:0"
    private static let client: SocketAddress = "203.0.113.5:51234"
    private static let dialled: SocketAddress = "198.51.100.7:443"
    private static let version1 = ProxyHeader.v1(client, dialled)
    private static let version2 = ProxyHeader.v2(client, dialled)

    static let examples = [
        Example(
            file: "herald.yaml",
            servers: [
                "s1": "192.168.56.20:3000", "s2": "192.168.56.21:3000", "s5": "192.168.56.40:3000",
                "pod": "192.168.56.30:3000",
            ],
            visits: [
                Visit(port: 80, peer: balancer, header: version1, client: client),
                Visit(port: 80, peer: balancer, header: version2, client: client),
                Visit(port: 8080, peer: "127.0.0.1:0"), Visit(port: 8080, peer: "[::1]:0"),
            ]
        ),
        Example(
            file: "haproxy.cfg",
            servers: ["s1": "192.168.56.20:3000", "s2": "192.168.56.21:3000", "s4": "192.168.56.23:3000"],
            visits: [
                Visit(port: 80, peer: balancer, header: version2, client: client), Visit(port: 80, peer: "127.0.0.1:0"),
                Visit(port: 8080, peer: balancer, header: version1, client: client),
                Visit(port: 8080, peer: "[::1]:0"),
            ]
        ),
        Example(
            file: "sidecar.yaml",
            servers: ["application": "127.0.0.1:3000"],
            visits: [
                Visit(port: 8080, peer: balancer, header: version1, client: client),
                Visit(port: 8080, peer: balancer, header: version2, client: client),
            ]
        ),
        Example(
            file: "aws-nlb.yaml",
            servers: ["s1": "10.0.10.11:8080", "s2": "10.0.10.12:8080"],
            visits: [
                Visit(
                    port: 80,
                    peer: balancer,
                    header: ProxyHeader.networkLoadBalancer(client, dialled),
                    client: client
                ),
                Visit(port: 80, peer: balancer, header: version2, client: client),
            ]
        ),
    ]

    @Test func thereIsOneForEachFile() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory)
        #expect(Set(files) == Set(Self.examples.map(\.file)))
    }

    @Test(arguments: examples)
    func itServesAsItStands(_ example: Example) throws {
        let text = try String(contentsOfFile: "\(Self.directory)/\(example.file)", encoding: .utf8)
        let syntax = try #require(Herald.Syntax(rawValue: String(example.file.split(separator: ".").last ?? "")))
        let addresses = Self.addresses + example.servers.values.map(\.ip).filter { !$0.isLoopback }.map { "\($0)/32" }
        try NetworkNamespace.with(addresses: addresses) {
            let servers = try example.servers.map { try RecordingServer($0.key, on: $0.value) }
            _ = try Dnsmasq(["host-record=web.internal,192.168.56.30"], on: "10.0.0.53:53")
            let herald = try Herald(starting: text, as: syntax, launcher: try Self.withHostsFile())
            #expect(herald.logs("ready"))
            // Kept open, so that who has fewest sessions is another one each time.
            var clients: [Connection] = []
            var announced = 0
            for (number, visit) in example.visits.enumerated() {
                let address: SocketAddress = visit.peer.ip.isIPv4 ? .loopback(visit.port) : .loopback6(visit.port)
                let client = try Connection(to: address, from: visit.peer)
                clients.append(client)
                try client.send(visit.header + Array("visit \(number)".utf8))
                let name = try #require(try client.receiveLine(), "visit \(number) got no answer")
                let server = try #require(servers.first { $0.name == name })
                let record = try #require(server.record { $0.payload == Array("visit \(number)".utf8) })
                guard let header = record.header else { continue }
                announced += 1
                #expect(header.source == visit.client ?? client.local, "visit \(number)")
            }
            #expect(announced > 0, "nobody was announced")
        }
    }

    /// Of name servers and load balancers.
    private static let addresses = ["10.0.0.53/32", "10.0.0.9/32"]

    /// Runs a command that sees another hosts file.
    private static func withHostsFile() throws -> [String] {
        let hosts = try Stage.current.directory.write("192.168.56.40 mail.example.com\n", to: "hosts")
        return ["unshare", "--mount", "sh", "-c", "mount --bind \(hosts) /etc/hosts && exec \"$@\"", "sh"]
    }

    /// Three levels above this file.
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Config").path
}
