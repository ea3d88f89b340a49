import NetworkAddress
import Testing

/// Peers that must send a header and send something else: reset, logged, and nobody else notices.
@Suite("Malformed header", .onStage)
struct MalformedHeaderTests {
    struct Mistake: CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]

        init(_ name: String, _ bytes: [UInt8]) {
            testDescription = name
            self.bytes = bytes
        }

        init(_ name: String, _ text: String) {
            self.init(name, Array(text.utf8))
        }
    }

    static let source: SocketAddress = "203.0.113.5:51234"
    static let destination: SocketAddress = "198.51.100.7:443"
    static let block: [UInt8] = [203, 0, 113, 5, 198, 51, 100, 7, 0xc8, 0x22, 0x01, 0xbb]

    static let otherProtocols = [
        Mistake("HTTP", "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
        Mistake(
            "TLS",
            [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03] + [UInt8](repeating: 0, count: 40)
        ),
        Mistake("SSH", "SSH-2.0-OpenSSH_9.2\r\n"),
        Mistake("zeros", [UInt8](repeating: 0, count: 64)),
        Mistake("almost a line", "PROXX TCP4 203.0.113.5 198.51.100.7 51234 443\r\n"),
        Mistake("lower case", "proxy TCP4 203.0.113.5 198.51.100.7 51234 443\r\n"),
        Mistake(
            "almost a signature",
            Array(ProxyHeader.signature.dropLast()) + [0x0b, 0x21, 0x11, 0x00, 0x0c] + block
        ),
    ]

    static let lines = [
        Mistake("overlong", "PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n"),
        Mistake("endless", "PROXY TCP4 " + String(repeating: "1", count: 5000)),
        Mistake("no carriage return", "PROXY TCP4 203.0.113.5 198.51.100.7 51234 443\n"),
        Mistake("unknown family", "PROXY TCP5 203.0.113.5 198.51.100.7 51234 443\r\n"),
        Mistake("datagrams", "PROXY UDP4 203.0.113.5 198.51.100.7 51234 443\r\n"),
        Mistake("missing port", "PROXY TCP4 203.0.113.5 198.51.100.7 51234\r\n"),
        Mistake("port too large", "PROXY TCP4 203.0.113.5 198.51.100.7 65536 443\r\n"),
        Mistake("negative port", "PROXY TCP4 203.0.113.5 198.51.100.7 -1 443\r\n"),
        Mistake("leading zero in a port", "PROXY TCP4 203.0.113.5 198.51.100.7 051234 443\r\n"),
        Mistake("hexadecimal port", "PROXY TCP4 203.0.113.5 198.51.100.7 0x50 443\r\n"),
        Mistake("octet too large", "PROXY TCP4 203.0.113.256 198.51.100.7 51234 443\r\n"),
        Mistake("leading zero in an octet", "PROXY TCP4 203.0.113.05 198.51.100.7 51234 443\r\n"),
        Mistake("IPv6 announced as IPv4", "PROXY TCP4 2001:db8::5 2001:db8::7 51234 443\r\n"),
        Mistake("IPv4 announced as IPv6", "PROXY TCP6 203.0.113.5 198.51.100.7 51234 443\r\n"),
        Mistake("two families", "PROXY TCP6 2001:db8::5 198.51.100.7 51234 443\r\n"),
        Mistake("host name", "PROXY TCP4 localhost 198.51.100.7 51234 443\r\n"),
        Mistake("two spaces", "PROXY TCP4  203.0.113.5 198.51.100.7 51234 443\r\n"),
        Mistake("space at the end", "PROXY TCP4 203.0.113.5 198.51.100.7 51234 443 \r\n"),
        Mistake("a seventh word", "PROXY TCP4 203.0.113.5 198.51.100.7 51234 443 1\r\n"),
        Mistake("tabs", "PROXY\tTCP4\t203.0.113.5\t198.51.100.7\t51234\t443\r\n"),
        Mistake("nothing but the word", "PROXY\r\n"),
    ]

    static let binary = [
        Mistake("version 1 in a binary header", ProxyHeader.v2(command: 0x11, family: 0x11, block: block)),
        Mistake("version 3", ProxyHeader.v2(command: 0x31, family: 0x11, block: block)),
        Mistake("unknown command", ProxyHeader.v2(command: 0x22, family: 0x11, block: block)),
        Mistake("unknown family", ProxyHeader.v2(command: 0x21, family: 0x41, block: block)),
        Mistake("unknown transport", ProxyHeader.v2(command: 0x21, family: 0x13, block: block)),
        Mistake("IPv4 block too short", ProxyHeader.v2(command: 0x21, family: 0x11, block: Array(block.dropLast()))),
        Mistake("no block", ProxyHeader.v2(command: 0x21, family: 0x11, block: [])),
        Mistake("IPv6 with an IPv4 block", ProxyHeader.v2(command: 0x21, family: 0x21, block: block)),
        Mistake("UNIX block too short", ProxyHeader.v2(command: 0x21, family: 0x31, block: block)),
        Mistake("stray byte after the block", ProxyHeader.v2(command: 0x21, family: 0x11, block: block + [0x04])),
        Mistake("stray bytes after the block", ProxyHeader.v2(command: 0x21, family: 0x11, block: block + [4, 0])),
        Mistake("TLV overruns", ProxyHeader.v2(command: 0x21, family: 0x11, block: block + [0x04, 0, 9, 1, 2, 3])),
        Mistake("checksum of 3 bytes", ProxyHeader.v2(source, destination, tlvs: [.init(0x03, [1, 2, 3])])),
        Mistake("wrong checksum", wrongChecksum),
        Mistake("wrong checksum of a LOCAL header", wrongChecksumOfLocal),
        Mistake("longer than allowed", ProxyHeader.v2(source, destination, tlvs: [.init(0x04, many)])),
    ]

    private static let many = [UInt8](repeating: 0, count: 60000)

    private static var wrongChecksum: [UInt8] {
        var header = ProxyHeader.v2(source, destination, hasChecksum: true)
        header[16] ^= 1
        return header
    }

    private static var wrongChecksumOfLocal: [UInt8] {
        var header = ProxyHeader.networkLoadBalancerCheck
        header[30] ^= 1
        return header
    }

    @Test func otherProtocolsAreReset() throws {
        try areReset(Self.otherProtocols)
    }

    @Test func malformedLinesAreReset() throws {
        try areReset(Self.lines)
    }

    @Test func malformedBinaryHeadersAreReset() throws {
        try areReset(Self.binary)
    }

    private func areReset(_ mistakes: [Mistake]) throws {
        let pair = try Pair()
        let witness = try pair.session()
        let descriptors = pair.herald.facts.descriptorCount
        for mistake in mistakes {
            let client = try pair.connect()
            try client.send(mistake.bytes)
            let received = try client.receiveAll()
            #expect(received.ending == .reset, "\(mistake.testDescription)")
            #expect(received.bytes.isEmpty, "\(mistake.testDescription)")
            #expect(pair.herald.ending(of: client) == "header-malformed", "\(mistake.testDescription)")
        }
        #expect(try pair.server.acceptIfAny(within: .milliseconds(100)) == nil, "no server heard of them")
        try witness.client.send("still here\n")
        #expect(try witness.server.receiveLine() == "still here")
        #expect(becomesTrue { pair.herald.facts.descriptorCount == descriptors })
    }
}
