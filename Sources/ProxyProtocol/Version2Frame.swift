import NetworkAddress

/// The bytes of a version 2 header, produced one by one, so that they can be summed up first and written then.
struct Version2Frame {
    /// What becomes of CRC32C.
    enum ChecksumPlan {
        /// None is written; one among the TLVs is left out.
        case none
        /// A new one comes before the TLVs; one among them is left out.
        case first
        /// One among the TLVs is made anew where it stands.
        case inPlace
    }

    private let command: ProxyHeader.Command
    private let family: ProxyHeader.Family
    private let transport: ProxyHeader.Transport
    private let endpoints: ProxyHeader.Endpoints
    private let ignoredBytes: [UInt8]
    private let tlvs: TLVSequence
    private let plan: ChecksumPlan

    /// Announces a TCP connection.
    init(_ pair: EndpointPair, tlvs: TLVSequence, checksum plan: ChecksumPlan) {
        command = .proxy
        family = pair.family
        transport = .stream
        endpoints = pair.endpoints
        ignoredBytes = []
        self.tlvs = tlvs
        self.plan = plan
    }

    /// Precondition: a version 2 header.
    init(_ header: ProxyHeader) {
        precondition(header.version == .v2)
        command = header.command
        family = header.family
        transport = header.transport
        endpoints = header.endpoints
        ignoredBytes = header.ignoredBytes
        tlvs = header.tlvs
        plan = .inPlace
    }

    /// Of the whole header; more than the format can say where TLVs are too many.
    var length: Int { HeaderParser.fixedPartBytes + bodyLength }

    private var bodyLength: Int {
        var length = ignoredBytes.count
        if endpoints != .none { length += family.addressBytes }
        if plan == .inPlace { return length + tlvs.bytes.count }
        for tlv in tlvs where tlv.type != .crc32c { length += tlv.encodedLength }
        return plan == .first ? length + TLV.headBytes + ChecksumTLV.valueBytes : length
    }

    func checkLength() throws(HeaderWriteError) {
        guard length <= HeaderParser.Limits.largestHeaderBytes else { throw .tooLong(bytes: length) }
    }

    /// The checksum of the whole header; 0 where none is written.
    func makeChecksum() -> UInt32 {
        guard plan == .first || plan == .inPlace && tlvs.first(of: .crc32c) != nil else { return 0 }
        var checksum = CRC32C()
        forEachByte(checksum: 0) { checksum.update($0) }
        return checksum.value
    }

    /// Hands over each byte. Precondition: `checkLength` has passed.
    func forEachByte(checksum: UInt32, _ body: (UInt8) -> Void) {
        let signature = HeaderSignature.version2
        for index in signature.indices { body(signature[index]) }
        body(ProxyHeader.Version.v2.rawValue << 4 | command.rawValue)
        body(family.rawValue << 4 | transport.rawValue)
        Version2Frame.forEachByte(of: UInt16(bodyLength), body)
        switch endpoints {
        case .none: break
        case .inet(let source, let destination): forEachAddressByte(source, destination, body)
        case .unix(let source, let destination):
            Version2Frame.forEachByte(ofPath: source, body)
            Version2Frame.forEachByte(ofPath: destination, body)
        }
        for byte in ignoredBytes { body(byte) }
        forEachTLVByte(checksum: checksum, body)
    }

    func forEachTLVByte(checksum: UInt32, _ body: (UInt8) -> Void) {
        if plan == .first { Version2Frame.forEachByte(ofChecksum: checksum, body) }
        for tlv in tlvs {
            if tlv.type == .crc32c {
                if plan == .inPlace { Version2Frame.forEachByte(ofChecksum: checksum, body) }
                continue
            }
            body(tlv.type.rawValue)
            Version2Frame.forEachByte(of: UInt16(tlv.value.count), body)
            for byte in tlv.value { body(byte) }
        }
    }

    private func forEachAddressByte(
        _ source: SocketAddress,
        _ destination: SocketAddress,
        _ body: (UInt8) -> Void
    ) {
        Version2Frame.forEachByte(of: source.ip, body)
        Version2Frame.forEachByte(of: destination.ip, body)
        Version2Frame.forEachByte(of: source.port, body)
        Version2Frame.forEachByte(of: destination.port, body)
    }
}

// MARK: - Bytes of the parts

extension Version2Frame {
    private static func forEachByte(ofChecksum checksum: UInt32, _ body: (UInt8) -> Void) {
        body(TLVType.crc32c.rawValue)
        forEachByte(of: UInt16(ChecksumTLV.valueBytes), body)
        forEachByte(of: checksum, body)
    }

    private static func forEachByte(of ip: IPAddress, _ body: (UInt8) -> Void) {
        switch ip {
        case .v4(let address): forEachByte(of: address.bits, body)
        case .v6(let address):
            forEachByte(of: address.high, body)
            forEachByte(of: address.low, body)
        }
    }

    /// Zeros fill what the path leaves.
    private static func forEachByte(ofPath path: [UInt8], _ body: (UInt8) -> Void) {
        for byte in path { body(byte) }
        for _ in path.count..<ProxyHeader.Family.unixPathBytes { body(0) }
    }

    /// The most significant byte comes first.
    private static func forEachByte<Number: FixedWidthInteger>(of number: Number, _ body: (UInt8) -> Void) {
        for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
            body(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }
}
