import NetworkAddress

/// A PROXY header, written and read straight from the specification, apart from the codec under test.
struct ProxyHeader: Equatable {
    struct TLV: Equatable {
        var type: UInt8
        var value: [UInt8]

        init(_ type: UInt8, _ value: [UInt8]) {
            self.type = type
            self.value = value
        }

        var bytes: [UInt8] { [type] + bigEndianBytes(UInt16(value.count)) + value }
    }

    static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
    static let checksumType: UInt8 = 0x03

    var version: Int
    var isLocal = false
    var source: SocketAddress?
    var destination: SocketAddress?
    var tlvs: [TLV] = []
    /// Bytes from the first to the last of the header.
    var length = 0

    /// A version 1 line (section 2.1).
    static func v1(_ source: SocketAddress, _ destination: SocketAddress) -> [UInt8] {
        let family = source.ip.isIPv4 ? "TCP4" : "TCP6"
        return Array("PROXY \(family) \(source.ip) \(destination.ip) \(source.port) \(destination.port)\r\n".utf8)
    }

    /// A version 2 PROXY header for TCP (section 2.2), with a CRC32C TLV at its end where asked for.
    static func v2(
        _ source: SocketAddress,
        _ destination: SocketAddress,
        tlvs: [TLV] = [],
        hasChecksum: Bool = false
    ) -> [UInt8] {
        let ports = bigEndianBytes(source.port) + bigEndianBytes(destination.port)
        let block = source.ip.networkBytes + destination.ip.networkBytes + ports
        return v2(command: 0x21, family: source.ip.isIPv4 ? 0x11 : 0x21, block: block, tlvs, hasChecksum: hasChecksum)
    }

    /// A version 2 header of any make, right or wrong.
    static func v2(
        command: UInt8,
        family: UInt8,
        block: [UInt8],
        _ tlvs: [TLV] = [],
        hasChecksum: Bool = false
    ) -> [UInt8] {
        let all = tlvs + (hasChecksum ? [TLV(checksumType, [0, 0, 0, 0])] : [])
        let rest = block + all.flatMap(\.bytes)
        var header = signature + [command, family] + bigEndianBytes(UInt16(rest.count)) + rest
        if hasChecksum { header.replaceSubrange((header.count - 4)..., with: bigEndianBytes(crc32c(header))) }
        return header
    }

    /// The health check of AWS Network Load Balancer: LOCAL, an IPv4 family byte, no address block.
    static let networkLoadBalancerCheck: [UInt8] = v2(
        command: 0x20,
        family: 0x11,
        block: [],
        [TLV(checksumType, [0xbc, 0xe5, 0x95, 0x1f]), TLV(0x04, [UInt8](repeating: 0, count: 74))]
    )

    /// What AWS Network Load Balancer sends for a client that came through a VPC endpoint.
    static func networkLoadBalancer(_ source: SocketAddress, _ destination: SocketAddress) -> [UInt8] {
        let endpoint = TLV(0xea, [0x01] + Array("vpce-08d2bf15fac5001c9".utf8))
        return v2(source, destination, tlvs: [endpoint], hasChecksum: true)
    }

    /// The header at the start of `bytes`; nil where there is none, or not the whole of it yet.
    init?(_ bytes: [UInt8]) {
        if bytes.starts(with: Self.signature) {
            self.init(version2: bytes)
        } else {
            self.init(version1: bytes)
        }
    }

    private init?(version1 bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: 0x0a), end > 0, bytes[end - 1] == 0x0d else { return nil }
        let words = String(decoding: bytes[..<(end - 1)], as: UTF8.self).split(separator: " ").map(String.init)
        guard words.count == 6, words[0] == "PROXY", words[1] == "TCP4" || words[1] == "TCP6",
            let sourceIP = IPAddress(words[2]), let destinationIP = IPAddress(words[3]),
            let sourcePort = UInt16(words[4]), let destinationPort = UInt16(words[5])
        else { return nil }
        version = 1
        source = SocketAddress(sourceIP, port: sourcePort)
        destination = SocketAddress(destinationIP, port: destinationPort)
        length = end + 1
    }

    private init?(version2 bytes: [UInt8]) {
        guard bytes.count >= 16, bytes[12] >> 4 == 2 else { return nil }
        length = 16 + Int(bigEndianNumber(bytes[14..<16]))
        guard bytes.count >= length else { return nil }
        version = 2
        isLocal = bytes[12] & 0x0f == 0
        var rest = bytes[16..<length]
        if !isLocal {
            let size = bytes[13] >> 4 == 1 ? 4 : 16
            guard rest.count >= 2 * size + 4 else { return nil }
            let ports = rest.dropFirst(2 * size)
            source = SocketAddress(
                IPAddress(networkBytes: rest.prefix(size)),
                port: UInt16(bigEndianNumber(ports.prefix(2)))
            )
            destination = SocketAddress(
                IPAddress(networkBytes: rest.dropFirst(size).prefix(size)),
                port: UInt16(bigEndianNumber(ports.dropFirst(2).prefix(2)))
            )
            rest = rest.dropFirst(2 * size + 4)
        }
        while rest.count >= 3 {
            let count = Int(bigEndianNumber(rest.dropFirst().prefix(2)))
            tlvs.append(TLV(rest[rest.startIndex], Array(rest.dropFirst(3).prefix(count))))
            rest = rest.dropFirst(3 + count)
        }
    }
}

/// CRC32C (RFC 4960 appendix B), bit by bit.
func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 {
            crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1
        }
    }
    return ~crc
}
