import Testing

/// A header as a sender sent it, and its name in test output.
struct Fixture: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    init(_ name: String, _ text: String) {
        self.init(name, Array(text.utf8))
    }

    var testDescription: String { name }
}

extension Fixture {
    /// The health check of AWS Network Load Balancer: LOCAL with a family, without addresses, with TLVs.
    static let nlbHealthCheck = Fixture(
        "NLB health check",
        signature + hex("20 11 0054 03 0004 BCE5951F 04 004A") + Array(repeating: 0, count: 74)
    )

    /// A client of AWS Network Load Balancer behind a VPC endpoint.
    static let nlbClient = Fixture(
        "NLB client",
        checksummed("2111", addressesIPv4, tlv(0xEA, [1] + Array("vpce-08d2bf15fac5001c9".utf8)) + tlv(4, [0, 0, 0]))
    )

    static let sslDetails =
        tlv(0x21, Array("TLSv1.3".utf8)) + tlv(0x22, Array("example.com".utf8))
        + tlv(0x23, Array("TLS_AES_256_GCM_SHA384".utf8)) + tlv(0x24, Array("RSA-SHA256".utf8))
        + tlv(0x25, Array("RSA2048".utf8)) + tlv(0x26, Array("x25519".utf8))
        + tlv(0x27, Array("rsa_pss_rsae_sha256".utf8)) + tlv(0x28, [0x30, 0x82, 0x00, 0xFF])

    static let everyTLV =
        tlv(0x01, Array("h2".utf8)) + tlv(0x02, Array("www.example.com".utf8)) + tlv(0x04, [0, 0])
        + tlv(0x05, [0, 1, 2, 0xFF]) + tlv(0x20, [0x07, 0, 0, 0, 0] + sslDetails) + tlv(0x30, Array("blue".utf8))
        + tlv(0xE0, [0, 0, 0, 0, 0, 0, 0x30, 0x39]) + tlv(0xEE, hex("01 78563412")) + tlv(0xE5, [1])
        + tlv(0xF0, []) + tlv(0xFF, [9, 9]) + tlv(0x00, [])

    static let all = [
        Fixture("v1 TCP4", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"),
        Fixture("v1 TCP4 shortest", "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"),
        Fixture("v1 TCP4 longest", "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
        Fixture("v1 TCP6", "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"),
        Fixture("v1 TCP6 shortest", "PROXY TCP6 :: :: 0 0\r\n"),
        Fixture("v1 TCP6 in capitals", "PROXY TCP6 2001:0DB8:0000:0000:0000:0000:0000:0001 ::FFFF:C000:0201 1 2\r\n"),
        Fixture("v1 TCP6 mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.7 56324 443\r\n"),
        Fixture(
            "v1 TCP6 longest",
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"
        ),
        Fixture("v1 UNKNOWN", "PROXY UNKNOWN\r\n"),
        Fixture(
            "v1 UNKNOWN longest",
            "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
                + "65535\r\n"
        ),
        Fixture("v1 UNKNOWN with anything", "PROXY UNKNOWN \0 any thing \u{FF}\r\n"),
        Fixture("v2 TCP over IPv4", version2("2111", addressesIPv4)),
        Fixture("v2 UDP over IPv4", version2("2112", addressesIPv4)),
        Fixture("v2 IPv4 without transport", version2("2110", addressesIPv4)),
        Fixture("v2 TCP over IPv6", version2("2121", addressesIPv6)),
        Fixture("v2 UDP over IPv6", version2("2122", addressesIPv6)),
        Fixture("v2 UNIX stream", version2("2131", addressesUnix)),
        Fixture("v2 UNIX datagram", version2("2132", addressesUnix)),
        Fixture("v2 LOCAL", version2("2000", [])),
        Fixture("v2 LOCAL with addresses", version2("2011", addressesIPv4)),
        Fixture("v2 LOCAL with addresses and TLVs", checksummed("2011", addressesIPv4, tlv(4, [0]))),
        Fixture("v2 LOCAL with anything", version2("2021", [0xFF, 0xFF, 0xFF, 0xFF, 1])),
        Fixture("v2 UNSPEC", version2("2100", [])),
        Fixture("v2 UNSPEC with TLVs", checksummed("2100", tlv(2, Array("example.com".utf8)))),
        Fixture("v2 UNSPEC with anything", version2("2100", [0xFF, 0xFF, 0xFF, 0xFF, 1])),
        Fixture("v2 every TLV", version2("2111", addressesIPv4 + everyTLV)),
        Fixture("v2 every TLV and checksum", checksummed("2121", addressesIPv6, everyTLV)),
        Fixture("v2 checksum last", checksummed("2131", addressesUnix + everyTLV)),
        nlbHealthCheck, nlbClient,
    ]

    var isVersion2: Bool { bytes.starts(with: signature) }
}
