package import NetworkAddress

/// The union of many CIDR blocks, made for look-ups.
///
/// Blocks that overlap or touch are merged into ranges, sorted by address, so that a look-up is one binary search,
/// whatever the mix of prefix lengths: the published ranges of a cloud have hundreds of blocks, and every connection
/// asks.
package struct AddressSet: Hashable, Sendable {
    private let v4: SortedRanges<UInt32>
    private let v6: SortedRanges<UInt128>

    /// A block of IPv4-mapped addresses (`::ffff:10.0.0.0/104`) is the IPv4 block that it stands for. A shorter IPv6
    /// prefix, such as `::/0`, has no IPv4 addresses in it.
    package init(_ blocks: some Sequence<CIDRBlock>) {
        var v4: [ClosedRange<UInt32>] = []
        var v6: [ClosedRange<UInt128>] = []
        for block in blocks {
            let prefixLength = block.prefixLength
            switch block.base {
            case .v4(let base):
                v4.append(base.bits...base.bits | AddressSet.hostBits(prefixLength))
            case .v6(let base):
                if let mapped = base.mappedIPv4, prefixLength >= 96 {
                    v4.append(mapped.bits...mapped.bits | AddressSet.hostBits(prefixLength - 96))
                } else {
                    v6.append(base.bits...base.bits | AddressSet.hostBits(prefixLength))
                }
            }
        }
        self.v4 = SortedRanges(v4)
        self.v6 = SortedRanges(v6)
    }

    /// Whether `address` lies in one of the blocks; an IPv4-mapped address counts as the IPv4 address that it stands for.
    package func contains(_ address: IPAddress) -> Bool {
        switch address.unmapped {
        case .v4(let address): v4.contains(address.bits)
        case .v6(let address): v6.contains(address.bits)
        }
    }

    /// The bits behind a prefix, all set.
    private static func hostBits<Bits: FixedWidthInteger & UnsignedInteger>(_ prefixLength: Int) -> Bits {
        Bits.max >> prefixLength
    }
}

extension IPv6Address {
    fileprivate var bits: UInt128 { UInt128(high) << 64 | UInt128(low) }
}

/// Ranges that neither overlap nor touch, in ascending order.
private struct SortedRanges<Bound: FixedWidthInteger & Sendable>: Hashable, Sendable {
    private let ranges: [ClosedRange<Bound>]

    init(_ unordered: [ClosedRange<Bound>]) {
        var merged: [ClosedRange<Bound>] = []
        for range in unordered.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        ranges = merged
    }

    func contains(_ value: Bound) -> Bool {
        // The first range that does not end before the value is the only one that can hold it.
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= value
    }
}
