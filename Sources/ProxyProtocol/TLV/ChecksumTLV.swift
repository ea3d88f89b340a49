/// 0x03: the CRC32C of the whole header, these four bytes taken as zero (section 2.2.3).
///
/// A parsed header's is right, or it would not have been parsed. A writer makes its own.
public struct ChecksumTLV: TypedTLV {
    public static let type = TLVType.crc32c
    public static let valueBytes = 4

    public let checksum: UInt32

    /// nil unless `value` has four bytes; the most significant comes first.
    public init?(value: ArraySlice<UInt8>) {
        guard value.count == ChecksumTLV.valueBytes else { return nil }
        checksum = value.reduce(0) { $0 << 8 | UInt32($1) }
    }

    public var value: ArraySlice<UInt8> { bigEndianBytes(checksum) }
}
