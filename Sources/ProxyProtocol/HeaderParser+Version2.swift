import NetworkAddress

// Version 2: binary (section 2.2).
extension HeaderParser {
    /// Signature, version and command, family and transport, length.
    static let fixedPartBytes = 16

    func parseVersion2(_ bytes: Span<UInt8>) throws(Stop) -> (ProxyHeader, length: Int) {
        let fixed = try readFixedPart(bytes)
        let received = bytes.extracting(..<min(bytes.count, fixed.length))
        // LOCAL and UNSPEC are judged once they are whole: only then can be told what they hold.
        if !fixed.isAnnouncement { try HeaderParser.requireWhole(received, fixed) }
        let start = fixed.isAnnouncement ? fixed.addressEnd : findTLVs(received, fixed)
        let rules: TLVRules = fixed.isAnnouncement ? .all : .checksumAlone
        let checksum = try checkTLVs(received, from: start, to: fixed.length, rules)
        try HeaderParser.requireWhole(received, fixed)
        try HeaderParser.verifyChecksum(received, at: checksum)
        return (HeaderParser.makeHeader(fixed, received, tlvStart: start), fixed.length)
    }

    private static func requireWhole(_ received: Span<UInt8>, _ fixed: FixedPart) throws(Stop) {
        guard received.count == fixed.length else { throw .needMore(atLeast: fixed.length - received.count) }
    }
}

// MARK: - The first 16 bytes

extension HeaderParser {
    private struct FixedPart {
        var command = ProxyHeader.Command.local
        var family = ProxyHeader.Family.unspecified
        var transport = ProxyHeader.Transport.unspecified
        /// Of the whole header; while its own bytes are missing, the least that it can be.
        var length = HeaderParser.fixedPartBytes

        /// Whether its addresses are to be read.
        var isAnnouncement: Bool { command == .proxy && family != .unspecified }

        /// Where the addresses of the family end, if they are there.
        var addressEnd: Int { HeaderParser.fixedPartBytes + family.addressBytes }
    }

    /// Judges each byte as soon as it is there.
    private func readFixedPart(_ bytes: Span<UInt8>) throws(Stop) -> FixedPart {
        try checkVersion2Signature(bytes)
        var fixed = FixedPart()
        if bytes.count > 12 { fixed.command = try HeaderParser.readCommand(bytes) }
        if bytes.count > 13 { try HeaderParser.readFamily(bytes, &fixed) }

        let least = fixed.command == .proxy ? fixed.family.addressBytes : 0
        let high = bytes.count > 14 ? Int(bytes[14]) << 8 : 0
        guard bytes.count >= HeaderParser.fixedPartBytes else {
            // The length's first byte may already be too much.
            fixed.length += max(least, high)
            if bytes.count > 14 { try checkHeaderLength(HeaderParser.fixedPartBytes + high) }
            throw .needMore(atLeast: fixed.length - bytes.count)
        }
        let length = high | Int(bytes[15])
        fixed.length += length
        try checkHeaderLength(fixed.length)
        guard length >= least else { throw .malformed(.addressesTooShort, at: 14, .count(length, limit: least)) }
        return fixed
    }

    private func checkVersion2Signature(_ bytes: Span<UInt8>) throws(Stop) {
        let matched = HeaderSignature.version2MatchLength(bytes)
        guard matched == min(bytes.count, HeaderSignature.version2.count) else {
            throw .malformed(.notAHeader, at: matched, .excerpt(of: bytes, from: 0))
        }
        guard limits.acceptsVersion2 else {
            throw .malformed(.versionNotAccepted, at: 0, .excerpt(of: bytes, 0..<matched))
        }
    }

    private static func readCommand(_ bytes: Span<UInt8>) throws(Stop) -> ProxyHeader.Command {
        guard bytes[12] >> 4 == ProxyHeader.Version.v2.rawValue else {
            throw .malformed(.unknownVersion, at: 12, .excerpt(of: bytes, 12..<13))
        }
        guard let command = ProxyHeader.Command(rawValue: bytes[12] & 0xF) else {
            throw .malformed(.unknownCommand, at: 12, .excerpt(of: bytes, 12..<13))
        }
        return command
    }

    private static func readFamily(_ bytes: Span<UInt8>, _ fixed: inout FixedPart) throws(Stop) {
        guard let family = ProxyHeader.Family(rawValue: bytes[13] >> 4) else {
            throw .malformed(.unknownFamily, at: 13, .excerpt(of: bytes, 13..<14))
        }
        guard let transport = ProxyHeader.Transport(rawValue: bytes[13] & 0xF) else {
            throw .malformed(.unknownTransport, at: 13, .excerpt(of: bytes, 13..<14))
        }
        fixed.family = family
        fixed.transport = transport
    }

    private func checkHeaderLength(_ length: Int) throws(Stop) {
        guard length <= limits.maximumHeaderBytes else {
            throw .malformed(.headerTooLong, at: 14, .count(length, limit: limits.maximumHeaderBytes))
        }
    }
}

// MARK: - Addresses

extension ProxyHeader.Family {
    /// What both addresses and ports take (section 2.2, `union proxy_addr`).
    var addressBytes: Int {
        switch self {
        case .unspecified: 0
        case .ipv4: 12
        case .ipv6: 36
        case .unix: 2 * ProxyHeader.Family.unixPathBytes
        }
    }

    /// `sun_path`.
    static let unixPathBytes = 108
}

extension HeaderParser {
    private static func makeHeader(_ fixed: FixedPart, _ bytes: Span<UInt8>, tlvStart: Int) -> ProxyHeader {
        ProxyHeader(
            version: .v2,
            command: fixed.command,
            family: fixed.family,
            transport: fixed.transport,
            endpoints: fixed.isAnnouncement ? readEndpoints(bytes, fixed.family) : .none,
            tlvs: TLVSequence(wellFormed: copy(bytes, tlvStart..<bytes.count)[...]),
            ignoredBytes: fixed.isAnnouncement ? [] : copy(bytes, fixedPartBytes..<tlvStart)
        )
    }

    private static func readEndpoints(_ bytes: Span<UInt8>, _ family: ProxyHeader.Family) -> ProxyHeader.Endpoints {
        switch family {
        case .unspecified:
            .none
        case .ipv4:
            .inet(
                source: SocketAddress(.v4(readIPv4(bytes, at: 16)), port: readPort(bytes, at: 24)),
                destination: SocketAddress(.v4(readIPv4(bytes, at: 20)), port: readPort(bytes, at: 26))
            )
        case .ipv6:
            .inet(
                source: SocketAddress(.v6(readIPv6(bytes, at: 16)), port: readPort(bytes, at: 48)),
                destination: SocketAddress(.v6(readIPv6(bytes, at: 32)), port: readPort(bytes, at: 50))
            )
        case .unix:
            .unix(
                source: readPath(bytes, at: 16),
                destination: readPath(bytes, at: 16 + ProxyHeader.Family.unixPathBytes)
            )
        }
    }

    private static func readPort(_ bytes: Span<UInt8>, at offset: Int) -> UInt16 {
        UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    }

    private static func readIPv4(_ bytes: Span<UInt8>, at offset: Int) -> IPv4Address {
        IPv4Address(bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3])
    }

    private static func readIPv6(_ bytes: Span<UInt8>, at offset: Int) -> IPv6Address {
        var halves = (high: UInt64(0), low: UInt64(0))
        for index in 0..<8 {
            halves.high = halves.high << 8 | UInt64(bytes[offset + index])
            halves.low = halves.low << 8 | UInt64(bytes[offset + 8 + index])
        }
        return IPv6Address(high: halves.high, low: halves.low)
    }

    private static func readPath(_ bytes: Span<UInt8>, at offset: Int) -> [UInt8] {
        var end = offset + ProxyHeader.Family.unixPathBytes
        while end > offset, bytes[end - 1] == 0 { end -= 1 }
        return copy(bytes, offset..<end)
    }

    /// Allocates nothing for an empty range.
    private static func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        guard !range.isEmpty else { return [] }
        return Array(capacity: range.count) { output in
            for index in range { output.append(bytes[index]) }
        }
    }
}

// MARK: - TLVs where they may be

extension HeaderParser {
    /// Where the TLVs of a LOCAL or UNSPEC header begin; its end where it has none.
    private func findTLVs(_ header: Span<UInt8>, _ fixed: FixedPart) -> Int {
        let body = HeaderParser.fixedPartBytes
        if TLVSequence.isWellFormed(header, from: body, maximumCount: limits.maximumTLVs) { return body }
        let behind = fixed.addressEnd
        if TLVSequence.isWellFormed(header, from: behind, maximumCount: limits.maximumTLVs) { return behind }
        return header.count
    }
}
