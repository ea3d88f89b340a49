/// An IPv4 or IPv6 address, in host byte order, without zone or prefix.
public enum IPAddress: Hashable, Sendable {
    case v4(IPv4Address)
    case v6(IPv6Address)

    /// Reads `192.0.2.1` or `2001:db8::1`, exactly as the address families' grammars have them; nil for anything else.
    public init?(_ text: some StringProtocol) {
        self.init(ascii: Array(text.utf8).span)
    }

    /// Reads ASCII text; nil unless the whole of it is one address.
    public init?(ascii text: Span<UInt8>) {
        if let address = IPv4Address(ascii: text) {
            self = .v4(address)
        } else if let address = IPv6Address(ascii: text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    /// The same host as IPv4 where this is an IPv4-mapped IPv6 address (`::ffff:0:0/96`, RFC 4291 section 2.5.5.2).
    public var unmapped: IPAddress {
        if case .v6(let address) = self, let v4 = address.mappedIPv4 { .v4(v4) } else { self }
    }

    public var isIPv4: Bool {
        if case .v4 = self { true } else { false }
    }

    /// `0.0.0.0` or `::`.
    public var isUnspecified: Bool {
        switch self {
        case .v4(let address): address.bits == 0
        case .v6(let address): address.high == 0 && address.low == 0
        }
    }

    public var isLoopback: Bool {
        switch self {
        case .v4(let address): address.bits >> 24 == 127
        case .v6(let address): address.high == 0 && address.low == 1
        }
    }

    /// This address as IPv6: an IPv4 address becomes its IPv4-mapped form.
    public var asIPv6: IPv6Address {
        switch self {
        case .v4(let address): IPv6Address(mapping: address)
        case .v6(let address): address
        }
    }

    /// Hands each ASCII byte of the canonical text (RFC 5952 for IPv6) to `body`, allocating nothing.
    public func forEachASCII(_ body: (UInt8) -> Void) {
        switch self {
        case .v4(let address): address.forEachASCII(body)
        case .v6(let address): address.forEachASCII(body)
        }
    }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(IPv6Address.maximumTextLength)
        forEachASCII { bytes.append($0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
