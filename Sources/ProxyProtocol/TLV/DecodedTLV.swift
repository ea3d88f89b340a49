/// A TLV by its type, its value read.
public enum DecodedTLV: Hashable, Sendable {
    case alpn(ALPN)
    case authority(Authority)
    case crc32c(ChecksumTLV)
    case noop(Padding)
    case uniqueID(UniqueID)
    case ssl(SSLInformation)
    case networkNamespace(NetworkNamespace)
    case aws(AWSEndpoint)
    case azure(AzurePrivateLink)
    case gcp(GCPConnection)
    /// A type without a rule here, or a value that does not follow it.
    case other(TLV)
}

extension TLV {
    /// The value, read by the rule of its type.
    ///
    /// In a parsed PROXY header, registered types always follow their rule. Those in the custom range may not: their
    /// numbers are free for all, so what does not look like the cloud's stays `other`.
    public var decoded: DecodedTLV {
        let decoded: DecodedTLV? =
            switch type {
            case .alpn: .alpn(ALPN(value: value))
            case .authority: Authority(value: value).map(DecodedTLV.authority)
            case .crc32c: ChecksumTLV(value: value).map(DecodedTLV.crc32c)
            case .noop: .noop(Padding(value: value))
            case .uniqueID: UniqueID(value: value).map(DecodedTLV.uniqueID)
            case .ssl: SSLInformation(value: value).map(DecodedTLV.ssl)
            case .networkNamespace: .networkNamespace(NetworkNamespace(value: value))
            case .aws: AWSEndpoint(value: value).map(DecodedTLV.aws)
            case .azure: AzurePrivateLink(value: value).map(DecodedTLV.azure)
            case .gcp: GCPConnection(value: value).map(DecodedTLV.gcp)
            default: nil
            }
        return decoded ?? .other(self)
    }
}

/// The bytes of a number, the most significant first.
func bigEndianBytes<Number: FixedWidthInteger>(_ number: Number) -> ArraySlice<UInt8> {
    let shifts = stride(from: Number.bitWidth - 8, through: 0, by: -8)
    return shifts.map { UInt8(truncatingIfNeeded: number >> Number($0)) }[...]
}
