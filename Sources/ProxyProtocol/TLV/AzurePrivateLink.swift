/// 0xEE: the private endpoint through which the client came, as Azure Private Link says it.
///
/// The type is in the range that anybody may use, so what has another form is somebody else's.
public struct AzurePrivateLink: TypedTLV {
    public static let type = TLVType.azure
    /// Azure's `PP2_SUBTYPE_AZURE_PRIVATEENDPOINT_LINKID`.
    private static let subtype: UInt8 = 0x01

    public let linkID: UInt32

    public init(linkID: UInt32) {
        self.linkID = linkID
    }

    /// nil unless `value` is a byte of 1 and four bytes, the least significant first.
    public init?(value: ArraySlice<UInt8>) {
        guard value.first == AzurePrivateLink.subtype, value.count == 5 else { return nil }
        linkID = value.dropFirst().reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    public var value: ArraySlice<UInt8> { [AzurePrivateLink.subtype] + bigEndianBytes(linkID).reversed() }
}
