import NetworkAddress
import Testing

/// What comes in by one version goes out by either, with both addresses and both ports.
@Suite("Translation", .onStage)
struct TranslationTests {
    static let ipv4: (SocketAddress, SocketAddress) = ("203.0.113.5:1", "198.51.100.7:65535")
    static let ipv6: (SocketAddress, SocketAddress) = ("[2001:db8::dead:beef]:40000", "[2001:db8:1::25]:25")

    @Test(arguments: [1, 2], [1, 2])
    func addressesAndPortsAreKept(received: Int, sent: Int) throws {
        for (source, destination) in [Self.ipv4, Self.ipv6] {
            let make = received == 1 ? ProxyHeader.v1 : { ProxyHeader.v2($0, $1) }
            let header = try announced(make(source, destination), by: sent == 1 ? "send-proxy" : "send-proxy-v2").header
            #expect(header.version == sent)
            #expect(header.source == source)
            #expect(header.destination == destination)
            #expect(header.tlvs.isEmpty)
            #expect(
                header.length == (sent == 1 ? ProxyHeader.v1(source, destination).count : source.ip.isIPv4 ? 28 : 52)
            )
        }
    }

    @Test func checksumIsAddedWhereAskedFor() throws {
        let (source, destination) = Self.ipv4
        let options = "send-proxy-v2 proxy-v2-options crc32c"
        let (header, bytes) = try announced(ProxyHeader.v1(source, destination), by: options)
        #expect(header.tlvs.map(\.type) == [ProxyHeader.checksumType])
        #expect(bytes == ProxyHeader.v2(source, destination, hasChecksum: true))
    }

    @Test func tlvsGoOnWhereConfiguredByteForByte() throws {
        let port = try FreePorts.next()
        let server = try Listener()
        _ = try Herald(
            """
            frontends:
              front:
                bind: { address: "127.0.0.1:\(port)", accept-proxy: true }
                default-backend: back
            backends:
              back:
                servers:
                  s1:
                    address: "\(server.address)"
                    send-proxy: { version: v2, crc32c: true, tlvs: { pass: [0xEA, authority], add: { 0xE5: herald } } }

            """,
            as: .yaml,
            ports: port
        )
        let binary = ProxyHeader.TLV(0xea, [0x01, 0x00, 0xff, 0x00])
        let authority = ProxyHeader.TLV(0x02, Array("example.org".utf8))
        let (source, destination) = Self.ipv4
        let client = try Connection(to: .loopback(port))
        let received = [ProxyHeader.TLV(0xe0, [1]), binary, ProxyHeader.TLV(0x04, [0, 0]), authority]
        try client.send(ProxyHeader.v2(source, destination, tlvs: received, hasChecksum: true))
        let bytes = try server.accept().receive { ProxyHeader($0.bytes) != nil }.bytes
        let header = try #require(ProxyHeader(bytes))
        let sent = header.tlvs.filter { $0.type != ProxyHeader.checksumType }
        #expect(sent.filter { $0.type != 0xe5 } == [binary, authority])
        #expect(sent.filter { $0.type == 0xe5 } == [ProxyHeader.TLV(0xe5, Array("herald".utf8))])
        let checksum = try #require(header.tlvs.first { $0.type == ProxyHeader.checksumType }).value
        let zeroed = bytes.replacing(checksum, with: [0, 0, 0, 0], maxReplacements: 1)
        #expect(checksum == bigEndianBytes(crc32c(zeroed)))
    }

    @Test func mappedAddressesGoOutAsIPv4() throws {
        let header = ProxyHeader.v2("[::ffff:203.0.113.5]:7", "[::ffff:198.51.100.7]:8")
        #expect(try announced(header, by: "send-proxy").header.source == "203.0.113.5:7")
        #expect(try announced(header, by: "send-proxy-v2").header.destination == "198.51.100.7:8")
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2"])
    func whatTellsNoAddressIsAnnouncedByTheSocket(options: String) throws {
        let silent = [
            Array("PROXY UNKNOWN\r\n".utf8),
            Array("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".utf8),
            ProxyHeader.v2(command: 0x20, family: 0x00, block: []),
            ProxyHeader.v2(command: 0x21, family: 0x00, block: []),
            ProxyHeader.v2(command: 0x21, family: 0x31, block: [UInt8](repeating: 0x2f, count: 216)),
            ProxyHeader.networkLoadBalancerCheck,
        ]
        for header in silent {
            let port = try FreePorts.next()
            let server = try Listener()
            _ = try Herald(
                configuration(bind: "127.0.0.1:\(port) accept-proxy", servers: "\(server.address) \(options)"),
                ports: port
            )
            let client = try Connection(to: .loopback(port))
            try client.send(header + [0x21])
            let received = try server.accept().receive { ($0.bytes.last == 0x21) }
            let announced = try #require(ProxyHeader(received.bytes))
            #expect(announced.source == client.local)
            #expect(announced.destination == client.remote)
        }
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2"])
    func aPlainClientIsAnnouncedByTheSocket(options: String) throws {
        let port = try FreePorts.next()
        let server = try Listener()
        let bind = "[::]:\(port) v4v6"
        _ = try Herald(configuration(bind: bind, servers: "\(server.address) \(options)"), ports: port)
        for address in [SocketAddress.loopback(port), .loopback6(port)] {
            let client = try Connection(to: address)
            let received = try server.accept().receive { ProxyHeader($0.bytes) != nil }
            let announced = try #require(ProxyHeader(received.bytes))
            #expect(announced.source == client.local)
            #expect(announced.destination == client.remote)
        }
    }

    private func announced(_ header: [UInt8], by options: String) throws -> (header: ProxyHeader, bytes: [UInt8]) {
        let port = try FreePorts.next()
        let server = try Listener()
        _ = try Herald(
            configuration(bind: "127.0.0.1:\(port) accept-proxy", servers: "\(server.address) \(options)"),
            ports: port
        )
        let client = try Connection(to: .loopback(port))
        try client.send(header + [0x21])
        let received = try server.accept().receive { $0.bytes.last == 0x21 }
        return (try #require(ProxyHeader(received.bytes)), Array(received.bytes.dropLast()))
    }
}
