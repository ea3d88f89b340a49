/// 0x01: the protocol above the connection, as TLS negotiated it (section 2.2.1, RFC 7301), such as `h2`.
public struct ALPN: TypedTLV {
    public static let type = TLVType.alpn

    public let value: ArraySlice<UInt8>

    /// Takes any bytes.
    public init(value: ArraySlice<UInt8>) {
        self.value = value
    }

    public init(_ name: String) {
        value = Array(name.utf8)[...]
    }
}
