/// A type, and up to 65,535 bytes of value (section 2.2).
public struct TLV: Hashable, Sendable {
    /// Type and length take three bytes before the value.
    public static let headBytes = 3
    /// The most that the 16-bit length can say.
    public static let maximumValueBytes = 65_535

    public let type: TLVType
    /// The value as it came. A slice: its first index is not 0 as a rule.
    public let value: ArraySlice<UInt8>

    /// Precondition: at most ``maximumValueBytes`` bytes of value.
    public init(type: TLVType, value: some Sequence<UInt8>) {
        let value = Array(value)[...]
        precondition(value.count <= TLV.maximumValueBytes, "a TLV's value has at most 65535 bytes")
        self.type = type
        self.value = value
    }

    /// A TLV of a type that has structure.
    public init<Typed: TypedTLV>(_ typed: Typed) {
        self.init(type: Typed.type, value: typed.value)
    }

    init(type: TLVType, slice: ArraySlice<UInt8>) {
        self.type = type
        value = slice
    }

    /// Bytes in a header, type and length included.
    public var encodedLength: Int { TLV.headBytes + value.count }
}

/// A TLV whose value follows a rule of its own.
public protocol TypedTLV: Hashable, Sendable {
    static var type: TLVType { get }
    /// Reads a value; nil where it breaks the type's rule.
    init?(value: ArraySlice<UInt8>)
    /// The value as it goes into a header.
    var value: ArraySlice<UInt8> { get }
}
