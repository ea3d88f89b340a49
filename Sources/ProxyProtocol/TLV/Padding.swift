/// 0x04, NOOP: bytes without meaning, to pad or align (section 2.2.4). What follows can be moved by 3 bytes or more.
public struct Padding: TypedTLV {
    public static let type = TLVType.noop

    public let value: ArraySlice<UInt8>

    /// Takes any bytes.
    public init(value: ArraySlice<UInt8>) {
        self.value = value
    }

    /// `count` zeros, besides the three bytes of type and length. Precondition: 0...65535.
    public init(count: Int) {
        precondition((0...TLV.maximumValueBytes).contains(count))
        value = Array(repeating: 0, count: count)[...]
    }
}
