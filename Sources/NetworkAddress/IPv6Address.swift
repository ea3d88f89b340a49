/// An IPv6 address: 128 bits in host byte order, as two halves.
public struct IPv6Address: Hashable, Sendable {
    /// The first eight bytes of the address.
    public var high: UInt64
    /// The last eight bytes of the address.
    public var low: UInt64

    /// The longest text that an IPv6 address can have: eight groups, or six and an IPv4 address.
    public static let maximumTextLength = 45

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The IPv4-mapped form of an IPv4 address: `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2).
    public init(mapping address: IPv4Address) {
        high = 0
        low = 0xFFFF << 32 | UInt64(address.bits)
    }

    /// The IPv4 address inside an IPv4-mapped one.
    public var mappedIPv4: IPv4Address? {
        high == 0 && low >> 32 == 0xFFFF ? IPv4Address(bits: UInt32(truncatingIfNeeded: low)) : nil
    }

    /// The 16-bit group at `index` (0 to 7), counted from the left.
    public func group(_ index: Int) -> UInt16 {
        let half = index < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index % 4)))
    }
}

// MARK: - Reading text (RFC 4291 section 2.2)

extension IPv6Address {
    /// Reads groups of one to four hexadecimal digits, at most one `::`, and an IPv4 address in the last four bytes
    /// where one stands; nil for anything else, a zone (`%eth0`) included.
    public init?(ascii text: Span<UInt8>) {
        guard (2...IPv6Address.maximumTextLength).contains(text.count) else { return nil }
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap: Int?
        var index = 0
        let colon = UInt8(ascii: ":")

        if text[0] == colon {
            guard text[1] == colon else { return nil }
            gap = 0
            index = 2
        }
        while index < text.count {
            guard count < 8 else { return nil }
            if count <= 6, let v4 = IPv4Address(ascii: text.extracting(index...)) {
                groups[count] = UInt16(v4.bits >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: v4.bits)
                count += 2
                index = text.count
                break
            }
            guard let group = IPv6Address.readGroup(text, at: &index) else { return nil }
            groups[count] = group
            count += 1
            if index == text.count { break }
            guard text[index] == colon else { return nil }
            index += 1
            guard index < text.count else { return nil }
            if text[index] == colon {
                guard gap == nil else { return nil }
                gap = count
                index += 1
            }
        }
        self.init(groups: groups, count: count, gap: gap)
    }

    private init?(groups: InlineArray<8, UInt16>, count: Int, gap: Int?) {
        // A "::" stands for at least one group.
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        var halves = (high: UInt64(0), low: UInt64(0))
        for index in 0..<count {
            let position = index < (gap ?? 8) ? index : index + 8 - count
            let shifted = UInt64(groups[index]) << UInt64(48 - 16 * (position % 4))
            if position < 4 { halves.high |= shifted } else { halves.low |= shifted }
        }
        self.init(high: halves.high, low: halves.low)
    }

    private static func readGroup(_ text: Span<UInt8>, at index: inout Int) -> UInt16? {
        let start = index
        var value: UInt16 = 0
        while index < text.count, index - start < 4, let digit = hexDigit(text[index]) {
            value = value << 4 | digit
            index += 1
        }
        return index > start ? value : nil
    }

    private static func hexDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

// MARK: - Writing text (RFC 5952)

extension IPv6Address {
    /// Hands each ASCII byte of the canonical text to `body`: lower case, no leading zeros, the longest run of two or
    /// more zero groups as `::`, IPv4-mapped addresses with their last four bytes in decimal.
    public func forEachASCII(_ body: (UInt8) -> Void) {
        let colon = UInt8(ascii: ":")
        if let v4 = mappedIPv4 {
            for byte in "::ffff:".utf8 { body(byte) }
            v4.forEachASCII(body)
            return
        }
        let gap = longestZeroRun
        var index = 0
        while index < 8 {
            if index == gap.lowerBound && !gap.isEmpty {
                body(colon)
                body(colon)
                index = gap.upperBound
                continue
            }
            if index > 0 && index != gap.upperBound { body(colon) }
            IPv6Address.writeGroup(group(index), body)
            index += 1
        }
    }

    /// The first longest run of zero groups, empty where no run has two.
    private var longestZeroRun: Range<Int> {
        var best = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || group(index) != 0 {
            if index - start > max(best.count, 1) { best = start..<index }
            start = index + 1
        }
        return best
    }

    private static func writeGroup(_ group: UInt16, _ body: (UInt8) -> Void) {
        var isLeading = true
        for shift in stride(from: UInt16(12), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: group >> shift & 0xF)
            if isLeading && digit == 0 && shift > 0 { continue }
            isLeading = false
            body(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
