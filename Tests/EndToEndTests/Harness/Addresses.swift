public import NetworkAddress

/// Tests write addresses as text; one that is none is the test's own mistake.
extension SocketAddress: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let address = SocketAddress(text) else { preconditionFailure("not an address: \(text)") }
        self = address
    }

    /// Any free port of 127.0.0.1, or the given one.
    static func loopback(_ port: UInt16 = 0) -> SocketAddress {
        SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: port)
    }

    /// Any free port of ::1, or the given one.
    static func loopback6(_ port: UInt16 = 0) -> SocketAddress {
        SocketAddress(.v6(IPv6Address(high: 0, low: 1)), port: port)
    }
}

extension IPAddress {
    /// The address as it stands in a binary header: 4 or 16 bytes.
    var networkBytes: [UInt8] {
        switch self {
        case .v4(let address): bigEndianBytes(address.bits)
        case .v6(let address): bigEndianBytes(address.high) + bigEndianBytes(address.low)
        }
    }

    init(networkBytes bytes: some Collection<UInt8>) {
        if bytes.count == 4 {
            self = .v4(IPv4Address(bits: UInt32(bigEndianNumber(bytes))))
        } else {
            self = .v6(
                IPv6Address(high: bigEndianNumber(bytes.prefix(8)), low: bigEndianNumber(bytes.dropFirst(8)))
            )
        }
    }
}

func bigEndianBytes(_ number: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
    stride(from: number.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
}

func bigEndianNumber(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
}
