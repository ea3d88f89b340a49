import NetworkAddress
import ProxyProtocol

func parse(_ bytes: [UInt8], _ limits: HeaderParser.Limits = HeaderParser.Limits()) -> HeaderParseResult {
    HeaderParser(limits: limits).parse(bytes.span)
}

func parse(_ text: String, _ limits: HeaderParser.Limits = HeaderParser.Limits()) -> HeaderParseResult {
    parse(Array(text.utf8), limits)
}

extension HeaderParseResult {
    var header: ProxyHeader? {
        if case .header(let header, _) = self { header } else { nil }
    }

    var length: Int? {
        if case .header(_, let length) = self { length } else { nil }
    }

    var missing: Int? {
        if case .needMore(let count) = self { count } else { nil }
    }

    var malformed: MalformedHeader? {
        if case .malformed(let error) = self { error } else { nil }
    }
}

/// Hexadecimal digits, spaces between them as one likes.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func socket(_ text: String) -> SocketAddress {
    guard let address = SocketAddress(text) else { preconditionFailure("no address: \(text)") }
    return address
}

let signature = hex("0D0A0D0A 000D0A51 5549540A")

/// A version 2 header with its length made.
func version2(_ commandAndFamily: String, _ body: [UInt8]) -> [UInt8] {
    signature + hex(commandAndFamily) + [UInt8(body.count >> 8), UInt8(truncatingIfNeeded: body.count)] + body
}

func tlv(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [type, UInt8(value.count >> 8), UInt8(truncatingIfNeeded: value.count)] + value
}

/// 192.0.2.1:56324 to 198.51.100.7:443.
let addressesIPv4 = hex("C0000201 C6336407 DC04 01BB")
/// [2001:db8::1]:56324 to [2001:db8::2]:443.
let addressesIPv6 = hex("20010DB8000000000000000000000001 20010DB8000000000000000000000002 DC04 01BB")
let addressesUnix = path("/run/client.sock") + path("\0herald")

func path(_ text: String) -> [UInt8] {
    Array(text.utf8) + Array(repeating: 0, count: 108 - text.utf8.count)
}

/// CRC32C bit by bit, so that the table of the codec is held against something else than itself.
func slowCRC32C(_ bytes: [UInt8]) -> UInt32 {
    var state = UInt32.max
    for byte in bytes {
        state ^= UInt32(byte)
        for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ 0x82F6_3B78 : state >> 1 }
    }
    return ~state
}

func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
}

/// A version 2 header whose body has a CRC32C TLV between `before` and `after`, with the right value in it.
func checksummed(_ commandAndFamily: String, _ before: [UInt8], _ after: [UInt8] = []) -> [UInt8] {
    var header = version2(commandAndFamily, before + tlv(0x03, [0, 0, 0, 0]) + after)
    let offset = 16 + before.count + 3
    header.replaceSubrange(offset..<offset + 4, with: bigEndian(slowCRC32C(header)))
    return header
}

/// What `body` writes into raw memory of `capacity` bytes.
func written(
    capacity: Int,
    _ body: (inout OutputRawSpan) throws(HeaderWriteError) -> Void
) throws(HeaderWriteError) -> [UInt8] {
    // An output span over raw memory has no other origin; it does not outlive the closure that lends the memory.
    try unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count throws(HeaderWriteError) in
        let raw = UnsafeMutableRawBufferPointer(buffer)
        var output = unsafe OutputRawSpan(buffer: raw, initializedCount: 0)
        try body(&output)
        count = unsafe output.finalize(for: raw)
    }
}

/// Random numbers that are the same in each run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
