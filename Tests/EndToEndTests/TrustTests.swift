import Foundation
import NetworkAddress
import Testing

/// Who may announce a client: told by the peer's own address, 127.0.0.1 here, and 127.0.0.2 for everybody else.
@Suite("Trust", .onStage)
struct TrustTests {
    static let header = ProxyHeader.v1("203.0.113.5:51234", "198.51.100.7:443")
    static let stranger: SocketAddress = "127.0.0.2:0"

    @Test(arguments: ["reject", "pass", "ignore"])
    func aTrustedPeerIsBelieved(otherwise: String) throws {
        let pair = try TrustingHerald(otherwise: otherwise)
        let announced = try pair.announced(from: .loopback(), Self.header)
        #expect(announced.header?.source == "203.0.113.5:51234")
        #expect(announced.header?.destination == "198.51.100.7:443")
    }

    @Test func rejectRefusesEverybodyElse() throws {
        let pair = try TrustingHerald(otherwise: "reject")
        let client = try Connection(to: .loopback(pair.port), from: Self.stranger)
        try? client.send(Self.header)
        #expect(try client.receiveAll().ending == .reset)
        #expect(pair.herald.ending(of: client) == "untrusted-peer")
        #expect(try pair.server.acceptIfAny(within: .milliseconds(50)) == nil)
    }

    @Test func passTakesAnybodyElseForAPlainClient() throws {
        let pair = try TrustingHerald(otherwise: "pass")
        let announced = try pair.announced(from: Self.stranger, [])
        #expect(announced.header?.source == announced.client)
        #expect(announced.payload == [0x21])
    }

    @Test func passRefusesAHeaderFromAnybodyElse() throws {
        let pair = try TrustingHerald(otherwise: "pass")
        for header in [Self.header, ProxyHeader.v2("203.0.113.5:51234", "198.51.100.7:443")] {
            for split in [header.count, 3] {
                let client = try Connection(to: .loopback(pair.port), from: Self.stranger)
                try client.send(Array(header[..<split]))
                pause(.milliseconds(20))
                try? client.send(Array(header[split...]))
                #expect(try client.receiveAll().ending == .reset)
                #expect(pair.herald.ending(of: client) == "header-from-untrusted")
            }
        }
    }

    /// The reset is found by a write, with the header still unread.
    @Test func aHeaderFromAnybodyElseDoesNotGetThroughBeforeAReset() throws {
        let pair = try TrustingHerald(otherwise: "pass")
        let client = try Connection(to: .loopback(pair.port), from: Self.stranger)
        let server = try pair.server.accept()
        #expect(try ProxyHeader(server.receive { ProxyHeader($0.bytes) != nil }.bytes)?.source == client.local)
        pair.herald.process.signal(SIGSTOP)
        #expect(becomesTrue { pair.herald.facts.isStopped })
        try server.send("220 a server that speaks first\n")
        pause(.milliseconds(20))
        try client.send(Self.header + Array("payload".utf8))
        try client.reset()
        pair.herald.process.signal(SIGCONT)
        #expect(try server.receiveAll().bytes.isEmpty)
        #expect(pair.herald.ending(of: client) != "completed")
    }

    @Test func ignoreReadsTheHeaderAndDoesNotBelieveIt() throws {
        let pair = try TrustingHerald(otherwise: "ignore")
        let announced = try pair.announced(from: Self.stranger, Self.header)
        #expect(announced.header?.source == announced.client)
        #expect(announced.payload == [0x21])
    }

    @Test func ignoreLetsNoSecondHeaderThrough() throws {
        let pair = try TrustingHerald(otherwise: "ignore")
        let client = try Connection(to: .loopback(pair.port), from: Self.stranger)
        try client.send(Array("PROXY UNKNOWN\r\n".utf8) + Self.header)
        #expect(try client.receiveAll().ending == .reset)
        #expect(pair.herald.ending(of: client) == "header-from-untrusted")
    }

    /// A server that does not take all of the announcement at once gets the rest of it before the client's bytes.
    @Test(.enabled(if: NetworkNamespace.isPossible, "network namespaces need root"))
    func whatComesBehindAHeaderThatIsNotBelievedFollowsALongAnnouncement() throws {
        try NetworkNamespace.with {
            // Of this namespace, as this thread is in it.
            try "4096 4096 4096".write(toFile: "/proc/sys/net/ipv4/tcp_wmem", atomically: false, encoding: .utf8)
            #expect(try run(["ip", "link", "set", "lo", "mtu", "1500"]).wait() == .code(0))
            let values = ["0xE5", "0xE6"].map { "\($0): \"\(String(repeating: "x", count: 30_000))\"" }
            let pair = try TrustingHerald(
                otherwise: "ignore",
                announcement: "{ version: v2, tlvs: { add: { \(values.joined(separator: ", ")) } } }"
            )
            // Twice, as it must be there to be asked again.
            for _ in 1...2 {
                let announced = try pair.announced(from: Self.stranger, Array("PROXY UNKNOWN\r\n".utf8))
                #expect(announced.header?.source == announced.client)
                #expect(try #require(announced.header?.length) > 60_000)
                #expect(announced.payload == [0x21])
            }
        }
    }

    @Test func aMappedPeerIsKnownByItsIPv4Address() throws {
        let pair = try TrustingHerald(bind: "[::]", otherwise: "reject")
        let announced = try pair.announced(from: .loopback(), Self.header)
        #expect(announced.header?.source == "203.0.113.5:51234")
    }

    @Test func theRuleOfHAProxyTrustsThoseWhomItNames() throws {
        let port = try FreePorts.next()
        let server = try Listener()
        _ = try Herald(
            """
            frontend front
            bind 127.0.0.1:\(port)
            tcp-request connection expect-proxy layer4 if { src 127.0.0.1 10.0.0.0/8 }
            default_backend back
            backend back
            server s1 \(server.address) send-proxy-v2

            """,
            ports: port
        )
        let trusted = try Connection(to: .loopback(port))
        try trusted.send(Self.header)
        let announced = try server.accept().receive { ProxyHeader($0.bytes) != nil }
        #expect(ProxyHeader(announced.bytes)?.source == "203.0.113.5:51234")
        let stranger = try Connection(to: .loopback(port), from: Self.stranger)
        let plain = try server.accept().receive { ProxyHeader($0.bytes) != nil }
        #expect(ProxyHeader(plain.bytes)?.source == stranger.local)
    }

    @Test(arguments: [1, 2])
    func aVersionThatIsNotTakenIsRefused(version: Int) throws {
        let pair = try TrustingHerald(otherwise: "reject", versions: "v\(version)")
        let (v1, v2) = (Self.header, ProxyHeader.v2("203.0.113.5:51234", "198.51.100.7:443"))
        #expect(try pair.announced(from: .loopback(), version == 1 ? v1 : v2).header != nil)
        let client = try Connection(to: .loopback(pair.port))
        try client.send(version == 1 ? v2 : v1)
        #expect(try client.receiveAll().ending == .reset)
        #expect(pair.herald.ending(of: client) == "header-malformed")
    }
}

/// Herald that believes 127.0.0.1 alone.
private struct TrustingHerald {
    let port: UInt16
    let server: Listener
    let herald: Herald

    init(
        bind: String = "127.0.0.1",
        otherwise: String,
        versions: String = "v1, v2",
        announcement: String = "v2"
    ) throws {
        port = try FreePorts.next()
        server = try Listener()
        herald = try Herald(
            """
            frontends:
              front:
                bind:
                  - address: "\(bind):\(port)\(bind == "[::]" ? " v4v6" : "")"
                    accept-proxy:
                      from: [127.0.0.1/32, "2001:db8::/32"]
                      otherwise: \(otherwise)
                      versions: [\(versions)]
                default-backend: back
            backends:
              back:
                servers:
                  s1: { address: "\(server.address)", send-proxy: \(announcement) }

            """,
            as: .yaml,
            ports: port
        )
    }

    /// What the server hears of a client that sends these bytes and one more.
    func announced(
        from source: SocketAddress,
        _ bytes: [UInt8]
    ) throws -> (client: SocketAddress, header: ProxyHeader?, payload: [UInt8]) {
        let client = try Connection(to: .loopback(port), from: source)
        try client.send(bytes + [0x21])
        let received = try server.accept().receive { $0.bytes.last == 0x21 }
        let header = ProxyHeader(received.bytes)
        return (client.local, header, Array(received.bytes.dropFirst(header?.length ?? 0)))
    }
}
