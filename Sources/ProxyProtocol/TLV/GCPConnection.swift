/// 0xE0: the Private Service Connect connection through which the client came, as Google Cloud says it.
///
/// The type is in the range that anybody may use, so what has another form is somebody else's.
public struct GCPConnection: TypedTLV {
    public static let type = TLVType.gcp

    public let pscConnectionID: UInt64

    public init(pscConnectionID: UInt64) {
        self.pscConnectionID = pscConnectionID
    }

    /// nil unless `value` has eight bytes; the most significant comes first.
    public init?(value: ArraySlice<UInt8>) {
        guard value.count == 8 else { return nil }
        pscConnectionID = value.reduce(0) { $0 << 8 | UInt64($1) }
    }

    public var value: ArraySlice<UInt8> { bigEndianBytes(pscConnectionID) }
}
