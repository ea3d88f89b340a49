public import NetworkAddress

/// One PROXY protocol header: what a sender announced about a connection.
///
/// Made by ``HeaderParser``, by ``init(version:source:destination:tlvs:includingChecksum:)``, or as ``local``; always
/// consistent, and always writable again. Equal headers announce the same; their bytes may differ in version 1, where
/// one IPv6 address has many spellings.
public struct ProxyHeader: Hashable, Sendable {
    public enum Version: UInt8, Hashable, Sendable {
        /// One line of text (section 2.1).
        case v1 = 1
        /// Binary (section 2.2).
        case v2 = 2
    }

    public enum Command: UInt8, Hashable, Sendable {
        /// The sender speaks for itself, in a health check say: the connection's own endpoints count.
        case local = 0
        /// The sender speaks for a client. Version 1 knows nothing else.
        case proxy = 1
    }

    public enum Family: UInt8, Hashable, Sendable {
        /// `UNKNOWN` in version 1.
        case unspecified = 0
        case ipv4 = 1
        case ipv6 = 2
        case unix = 3
    }

    public enum Transport: UInt8, Hashable, Sendable {
        case unspecified = 0
        case stream = 1
        case datagram = 2
    }

    public enum Endpoints: Hashable, Sendable {
        /// None were announced, or those that were must be ignored (LOCAL, and families without a known form).
        case none
        /// As they came: an IPv4-mapped address has not been un-mapped.
        case inet(source: SocketAddress, destination: SocketAddress)
        /// `sun_path` without the zeros at its end; a first byte of zero marks Linux's abstract names. At most 108 bytes.
        case unix(source: [UInt8], destination: [UInt8])
    }

    public enum Checksum: Hashable, Sendable {
        case absent
        /// A CRC32C TLV is there and right. A wrong one makes a header malformed, so there is no third case.
        case valid
    }

    public let version: Version
    public let command: Command
    /// As it stands in the header, LOCAL included, where it means nothing.
    public let family: Family
    /// As it stands in the header, LOCAL included, where it means nothing.
    public let transport: Transport
    public let endpoints: Endpoints
    /// The TLVs in the order in which they came, CRC32C and NOOP included. Empty in version 1.
    public let tlvs: TLVSequence
    /// What the header holds in place of addresses that a receiver must ignore: the rest of an `UNKNOWN` line, and the
    /// bytes of LOCAL and of family UNSPEC that are no TLVs (``HeaderParser`` has the rule).
    public let ignoredBytes: [UInt8]

    init(
        version: Version,
        command: Command,
        family: Family,
        transport: Transport,
        endpoints: Endpoints,
        tlvs: TLVSequence = [],
        ignoredBytes: [UInt8] = []
    ) {
        self.version = version
        self.command = command
        self.family = family
        self.transport = transport
        self.endpoints = endpoints
        self.tlvs = tlvs
        self.ignoredBytes = ignoredBytes
    }

    /// The client's address and the address that it dialled, which a TCP receiver should use in place of the
    /// connection's own; nil for everything but PROXY, IPv4 or IPv6, and a stream.
    public var announced: (source: SocketAddress, destination: SocketAddress)? {
        guard command == .proxy, transport == .stream, case .inet(let source, let destination) = endpoints else {
            return nil
        }
        return (source, destination)
    }

    /// Whether a CRC32C TLV vouches for the header.
    public var checksum: Checksum {
        tlvs.first(of: .crc32c) == nil ? .absent : .valid
    }
}

// MARK: - Making

extension ProxyHeader {
    /// A version 2 LOCAL header, in the only form that every receiver takes: no family, no length.
    public static let local = ProxyHeader(
        version: .v2,
        command: .local,
        family: .unspecified,
        transport: .unspecified,
        endpoints: .none
    )

    /// Announces a TCP connection.
    ///
    /// IPv4-mapped addresses are un-mapped; where one is IPv4 and the other IPv6 after that, both become IPv6. CRC32C
    /// among `tlvs` is left out, because its value belongs to another header; with `includingChecksum`, a new one comes
    /// first. Version 1 has room for neither.
    ///
    /// - Throws: ``HeaderWriteError/tooLong(bytes:)`` where the TLVs do not fit the 16-bit length of version 2.
    public init(
        version: Version,
        source: SocketAddress,
        destination: SocketAddress,
        tlvs: TLVSequence = [],
        includingChecksum: Bool = false
    ) throws(HeaderWriteError) {
        let pair = EndpointPair(source: source, destination: destination)
        guard version == .v2 else {
            self.init(
                version: .v1,
                command: .proxy,
                family: pair.family,
                transport: .stream,
                endpoints: pair.endpoints
            )
            return
        }
        let frame = Version2Frame(pair, tlvs: tlvs, checksum: includingChecksum ? .first : .none)
        try frame.checkLength()
        var body: [UInt8] = []
        frame.forEachTLVByte(checksum: frame.makeChecksum()) { body.append($0) }
        self.init(
            version: .v2,
            command: .proxy,
            family: pair.family,
            transport: .stream,
            endpoints: pair.endpoints,
            tlvs: TLVSequence(wellFormed: body[...])
        )
    }
}
