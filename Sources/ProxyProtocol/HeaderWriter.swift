public import NetworkAddress

/// Writes headers, allocating nothing.
///
/// ```swift
/// var bytes: [UInt8] = []  // or straight into a buffer that lends an `OutputRawSpan`
/// bytes += try ProxyHeader(version: .v2, source: client, destination: dialled).encoded()
/// ```
///
/// A header must go out at once after connect, in one segment with what already waits behind it (section 2.1, 2.2).
/// Where nothing is known of a client, announce the endpoints of the connection itself: many receivers refuse
/// `PROXY UNKNOWN` and family UNSPEC, so there is no way to write them here.
///
/// IPv4-mapped IPv6 addresses are un-mapped first, so that an IPv4 client of a dual-stack socket is announced as TCP4;
/// where one address is IPv4 and the other IPv6 after that, both are written as IPv6.
///
/// The span must have room for the length that the function of the same name gives beforehand; that is a precondition
/// where the length has a small bound, and ``HeaderWriteError/noRoom(needed:available:)`` where TLVs decide on it.
public enum HeaderWriter {
    /// No version 1 line is longer.
    public static let maximumVersion1Length = HeaderParser.Limits.longestVersion1Line
    /// Bytes that ``writeLocal(to:)`` writes.
    public static let localLength = HeaderParser.fixedPartBytes

    /// Bytes that ``writeV1(source:destination:to:)`` writes, CRLF included.
    public static func lengthV1(source: SocketAddress, destination: SocketAddress) -> Int {
        var length = 0
        forEachByteV1(EndpointPair(source: source, destination: destination)) { _ in length += 1 }
        return length
    }

    /// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` and CRLF, or its like with `TCP6` and addresses as in RFC 5952.
    ///
    /// Precondition: there is room.
    public static func writeV1(
        source: SocketAddress,
        destination: SocketAddress,
        to output: inout OutputRawSpan
    ) {
        forEachByteV1(EndpointPair(source: source, destination: destination)) { output.append($0) }
    }

    /// Bytes that ``writeV2(source:destination:tlvs:checksum:to:)`` writes.
    public static func lengthV2(
        source: SocketAddress,
        destination: SocketAddress,
        tlvs: TLVSequence = [],
        checksum: Bool = false
    ) -> Int {
        let pair = EndpointPair(source: source, destination: destination)
        return Version2Frame(pair, tlvs: tlvs, checksum: checksum ? .first : .none).length
    }

    /// PROXY over TCP, with `tlvs` byte for byte, except that CRC32C among them is left out, because it belongs to the
    /// header that it came with. With `checksum`, a new one comes first.
    ///
    /// Nothing has been written where it throws.
    public static func writeV2(
        source: SocketAddress,
        destination: SocketAddress,
        tlvs: TLVSequence = [],
        checksum: Bool = false,
        to output: inout OutputRawSpan
    ) throws(HeaderWriteError) {
        let pair = EndpointPair(source: source, destination: destination)
        try write(Version2Frame(pair, tlvs: tlvs, checksum: checksum ? .first : .none), to: &output)
    }

    /// LOCAL, for health checks: `20 00 00 00` behind the signature, the only form that every receiver takes.
    ///
    /// Precondition: there is room.
    public static func writeLocal(to output: inout OutputRawSpan) {
        Version2Frame(.local).forEachByte(checksum: 0) { output.append($0) }
    }

    static func write(_ frame: Version2Frame, to output: inout OutputRawSpan) throws(HeaderWriteError) {
        try frame.checkLength()
        guard output.freeCapacity >= frame.length else {
            throw .noRoom(needed: frame.length, available: output.freeCapacity)
        }
        frame.forEachByte(checksum: frame.makeChecksum()) { output.append($0) }
    }

    /// Takes the pair as it is. Precondition: both addresses are of its family.
    static func forEachByteV1(_ pair: EndpointPair, _ body: (UInt8) -> Void) {
        let space = UInt8(ascii: " ")
        for byte in (pair.family == .ipv4 ? "PROXY TCP4 " : "PROXY TCP6 ").utf8 { body(byte) }
        pair.source.ip.forEachASCII(body)
        body(space)
        pair.destination.ip.forEachASCII(body)
        body(space)
        pair.source.forEachPortASCII(body)
        body(space)
        pair.destination.forEachPortASCII(body)
        for byte in "\r\n".utf8 { body(byte) }
    }
}

/// Why a header was not written.
public enum HeaderWriteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The TLVs make it longer than version 2's 16-bit length can say: 65,551 bytes in all.
    case tooLong(bytes: Int)
    case noRoom(needed: Int, available: Int)

    public var description: String {
        switch self {
        case .tooLong(let bytes):
            "a header of \(bytes) bytes is longer than \(HeaderParser.Limits.largestHeaderBytes), the format's limit"
        case .noRoom(let needed, let available):
            "a header of \(needed) bytes does not fit into \(available)"
        }
    }
}

// MARK: - Any header

extension ProxyHeader {
    /// Bytes that ``write(to:)`` writes.
    public var encodedLength: Int {
        switch version {
        case .v1:
            var length = 0
            forEachByteV1 { _ in length += 1 }
            return length
        case .v2:
            return Version2Frame(self).length
        }
    }

    /// Writes this header as it is: parsed again, it is equal. Version 2 comes out byte for byte as it came in.
    ///
    /// Nothing has been written where it throws.
    public func write(to output: inout OutputRawSpan) throws(HeaderWriteError) {
        guard version == .v1 else { return try HeaderWriter.write(Version2Frame(self), to: &output) }
        guard output.freeCapacity >= encodedLength else {
            throw .noRoom(needed: encodedLength, available: output.freeCapacity)
        }
        forEachByteV1 { output.append($0) }
    }

    /// This header in memory of its own, for where no buffer waits.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encodedLength)
        switch version {
        case .v1:
            forEachByteV1 { bytes.append($0) }
        case .v2:
            let frame = Version2Frame(self)
            frame.forEachByte(checksum: frame.makeChecksum()) { bytes.append($0) }
        }
        return bytes
    }

    private func forEachByteV1(_ body: (UInt8) -> Void) {
        if case .inet(let source, let destination) = endpoints {
            HeaderWriter.forEachByteV1(EndpointPair(exactly: source, destination, family), body)
            return
        }
        for byte in "PROXY UNKNOWN".utf8 { body(byte) }
        for byte in ignoredBytes { body(byte) }
        for byte in "\r\n".utf8 { body(byte) }
    }
}
