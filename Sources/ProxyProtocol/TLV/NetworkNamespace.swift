/// 0x30, NETNS: the name of the network namespace in which the connection was accepted (section 2.2.7).
public struct NetworkNamespace: TypedTLV {
    public static let type = TLVType.networkNamespace

    /// ASCII by the specification; any bytes are taken, because a name decides nothing here.
    public let value: ArraySlice<UInt8>

    public init(value: ArraySlice<UInt8>) {
        self.value = value
    }

    public init(_ name: String) {
        value = Array(name.utf8)[...]
    }
}
