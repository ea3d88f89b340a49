/// A CRC32C (Castagnoli) checksum in the making, as RFC 4960 Appendix B has it: reflected, inverted at both ends.
struct CRC32C {
    private var state: UInt32 = .max

    /// The checksum of the bytes taken in so far.
    var value: UInt32 { ~state }

    mutating func update(_ byte: UInt8) {
        state = CRC32C.table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ state >> 8
    }

    mutating func update(_ bytes: Span<UInt8>) {
        for index in bytes.indices { update(bytes[index]) }
    }

    /// The checksum of `header` with its bytes in `field` taken as zero (section 2.2.3).
    static func checksum(of header: Span<UInt8>, zeroing field: Range<Int>) -> UInt32 {
        var checksum = CRC32C()
        checksum.update(header.extracting(..<field.lowerBound))
        for _ in field { checksum.update(0) }
        checksum.update(header.extracting(field.upperBound...))
        return checksum.value
    }

    /// What a byte does to the state, for each byte. A table of one byte is enough for headers, which are short.
    private static let table: InlineArray<256, UInt32> = {
        var table = InlineArray<256, UInt32>(repeating: 0)
        for index in table.indices {
            var remainder = UInt32(index)
            for _ in 0..<8 {
                // The polynomial 0x1EDC6F41 with its bits reversed.
                remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0x82F6_3B78 : remainder >> 1
            }
            table[index] = remainder
        }
        return table
    }()
}
