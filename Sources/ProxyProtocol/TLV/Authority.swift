/// 0x02: the host name that the client asked for, the SNI where it spoke TLS (section 2.2.2).
public struct Authority: TypedTLV {
    public static let type = TLVType.authority
    /// The longest DNS name.
    public static let maximumBytes = 255

    public let name: String

    /// nil unless `value` is UTF-8 of at most 255 bytes.
    public init?(value: ArraySlice<UInt8>) {
        guard value.count <= Authority.maximumBytes, let name = String(validating: value, as: UTF8.self) else {
            return nil
        }
        self.name = name
    }

    /// nil where `name` takes more than 255 bytes.
    public init?(_ name: String) {
        guard name.utf8.count <= Authority.maximumBytes else { return nil }
        self.name = name
    }

    public var value: ArraySlice<UInt8> { Array(name.utf8)[...] }

    static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
        (try? UTF8Span(validating: bytes)) != nil
    }
}
