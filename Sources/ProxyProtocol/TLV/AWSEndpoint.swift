/// 0xEA: the VPC endpoint through which the client came, as AWS Network Load Balancer says it.
///
/// The type is in the range that anybody may use, so what has another form is somebody else's.
public struct AWSEndpoint: TypedTLV {
    public static let type = TLVType.aws
    /// AWS's `PP2_SUBTYPE_AWS_VPCE_ID`.
    private static let subtype: UInt8 = 0x01

    /// `vpce-08d2bf15fac5001c9`, say.
    public let id: String

    /// nil unless `value` is a byte of 1 and printable ASCII.
    public init?(value: ArraySlice<UInt8>) {
        guard value.first == AWSEndpoint.subtype, value.count > 1,
            value.dropFirst().allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        id = String(decoding: value.dropFirst(), as: UTF8.self)
    }

    public var value: ArraySlice<UInt8> { [AWSEndpoint.subtype] + id.utf8 }
}
