/// A block of addresses that share a prefix, such as `10.0.0.0/8` or `2001:db8::/32`.
public struct CIDRBlock: Hashable, Sendable {
    /// The first address of the block; bits behind the prefix are zero.
    public let base: IPAddress
    /// Bits that must match: 0 to 32 for IPv4, 0 to 128 for IPv6.
    public let prefixLength: Int

    /// The block of `address`, its bits behind the prefix cleared; nil when the family has fewer bits than asked for.
    public init?(_ address: IPAddress, prefixLength: Int) {
        switch address {
        case .v4(let v4):
            guard (0...32).contains(prefixLength) else { return nil }
            base = .v4(IPv4Address(bits: v4.bits & CIDRBlock.mask(prefixLength)))
        case .v6(let v6):
            guard (0...128).contains(prefixLength) else { return nil }
            base = .v6(
                IPv6Address(
                    high: v6.high & CIDRBlock.mask(min(prefixLength, 64)),
                    low: v6.low & CIDRBlock.mask(max(prefixLength - 64, 0))
                )
            )
        }
        self.prefixLength = prefixLength
    }

    /// Reads `10.0.0.0/8`, `2001:db8::/32`, or an address alone, which is a block of one; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        var prefixLength = address.isIPv4 ? 32 : 128
        if parts.count == 2 {
            guard let written = SocketAddress.port(parts[1]) else { return nil }
            prefixLength = Int(written)
        }
        self.init(address, prefixLength: prefixLength)
    }

    /// Whether `address` lies in the block. An IPv4-mapped address is looked up as the IPv4 address that it stands for.
    public func contains(_ address: IPAddress) -> Bool {
        switch (base, address.unmapped) {
        case (.v4(let base), .v4(let candidate)):
            candidate.bits & CIDRBlock.mask(prefixLength) == base.bits
        case (.v6(let base), .v6(let candidate)):
            candidate.high & CIDRBlock.mask(min(prefixLength, 64)) == base.high
                && candidate.low & CIDRBlock.mask(max(prefixLength - 64, 0)) == base.low
        case (.v4, .v6), (.v6, .v4):
            false
        }
    }

    /// The first `length` bits set, from the left; 0 clears all.
    private static func mask<Bits: FixedWidthInteger & UnsignedInteger>(_ length: Int) -> Bits {
        ~(Bits.max >> length)
    }
}

extension CIDRBlock: CustomStringConvertible {
    public var description: String { "\(base)/\(prefixLength)" }
}
