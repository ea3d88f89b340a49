/// An IPv4 address: 32 bits in host byte order.
public struct IPv4Address: Hashable, Sendable {
    public var bits: UInt32

    public init(bits: UInt32) {
        self.bits = bits
    }

    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        bits = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// Reads four decimal numbers of 0 to 255 without leading zeros, separated by single dots; nil for anything else.
    public init?(ascii text: Span<UInt8>) {
        guard (7...15).contains(text.count) else { return nil }
        var bits: UInt32 = 0
        var index = 0
        for octet in 0..<4 {
            if octet > 0 {
                guard index < text.count, text[index] == UInt8(ascii: ".") else { return nil }
                index += 1
            }
            guard let value = Decimal.read(text, at: &index, maximum: 255) else { return nil }
            bits = bits << 8 | UInt32(value)
        }
        guard index == text.count else { return nil }
        self.bits = bits
    }

    /// Hands each ASCII byte of the dotted decimal text to `body`.
    public func forEachASCII(_ body: (UInt8) -> Void) {
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            Decimal.forEachASCII((bits >> shift) & 0xFF, body)
            if shift > 0 { body(UInt8(ascii: ".")) }
        }
    }
}

/// Unsigned decimal numbers as the grammars of addresses and ports write them: no sign, no leading zero.
enum Decimal {
    /// Reads the digits at `index` and moves it behind them; nil without a digit, for a leading zero, or above `maximum`.
    static func read(_ text: Span<UInt8>, at index: inout Int, maximum: UInt32) -> UInt32? {
        let start = index
        var value: UInt32 = 0
        while index < text.count, case let digit = text[index] &- UInt8(ascii: "0"), digit <= 9 {
            value = value * 10 + UInt32(digit)
            if value > maximum { return nil }
            index += 1
        }
        guard index > start else { return nil }
        let hasLeadingZero = text[start] == UInt8(ascii: "0") && index - start > 1
        return hasLeadingZero ? nil : value
    }

    static func forEachASCII(_ value: UInt32, _ body: (UInt8) -> Void) {
        var divisor: UInt32 = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            body(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
