/// 0x05: what the first proxy calls the connection, to find it again in each layer's log (section 2.2.5).
public struct UniqueID: TypedTLV {
    public static let type = TLVType.uniqueID
    /// The specification's own limit.
    public static let maximumBytes = 128

    /// Opaque; often text, never for certain.
    public let value: ArraySlice<UInt8>

    /// nil above 128 bytes.
    public init?(value: ArraySlice<UInt8>) {
        guard value.count <= UniqueID.maximumBytes else { return nil }
        self.value = value
    }
}
