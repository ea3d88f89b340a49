/// What a TLV holds (sections 2.2 and 2.2.8).
public struct TLVType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let alpn = TLVType(rawValue: 0x01)
    public static let authority = TLVType(rawValue: 0x02)
    public static let crc32c = TLVType(rawValue: 0x03)
    public static let noop = TLVType(rawValue: 0x04)
    public static let uniqueID = TLVType(rawValue: 0x05)
    public static let ssl = TLVType(rawValue: 0x20)
    public static let networkNamespace = TLVType(rawValue: 0x30)

    // Inside `ssl` alone.
    public static let sslVersion = TLVType(rawValue: 0x21)
    public static let sslCommonName = TLVType(rawValue: 0x22)
    public static let sslCipher = TLVType(rawValue: 0x23)
    public static let sslSignatureAlgorithm = TLVType(rawValue: 0x24)
    public static let sslKeyAlgorithm = TLVType(rawValue: 0x25)
    public static let sslGroup = TLVType(rawValue: 0x26)
    public static let sslSignatureScheme = TLVType(rawValue: 0x27)
    public static let sslClientCertificate = TLVType(rawValue: 0x28)

    // In the range that anybody may use: what the clouds' load balancers put there.
    public static let gcp = TLVType(rawValue: 0xE0)
    public static let aws = TLVType(rawValue: 0xEA)
    public static let azure = TLVType(rawValue: 0xEE)

    /// Who gives a type its meaning.
    public enum Range: String, Hashable, Sendable {
        /// The specification.
        case registered
        /// Nobody yet.
        case unassigned
        /// Applications, 0xE0-0xEF.
        case custom
        /// Temporary use, 0xF0-0xF7.
        case experimental
        /// Kept for types of several bytes, 0xF8-0xFF.
        case reserved
    }

    public var range: Range {
        switch rawValue {
        case 0x01...0x05, 0x20...0x28, 0x30: .registered
        case 0xE0...0xEF: .custom
        case 0xF0...0xF7: .experimental
        case 0xF8...0xFF: .reserved
        default: .unassigned
        }
    }

    /// A word for a type that has one, such as `authority` or `aws`; nil for others.
    public var name: String? {
        TLVType.names.first { $0.type == self }?.name
    }

    /// The type that a word names.
    public init?(name: some StringProtocol) {
        guard let known = TLVType.names.first(where: { $0.name == name }) else { return nil }
        self = known.type
    }

    private static let names: [(type: TLVType, name: String)] = [
        (.alpn, "alpn"), (.authority, "authority"), (.crc32c, "crc32c"), (.noop, "noop"), (.uniqueID, "unique_id"),
        (.ssl, "ssl"), (.sslVersion, "ssl_version"), (.sslCommonName, "ssl_cn"), (.sslCipher, "ssl_cipher"),
        (.sslSignatureAlgorithm, "ssl_sig_alg"), (.sslKeyAlgorithm, "ssl_key_alg"), (.sslGroup, "ssl_group"),
        (.sslSignatureScheme, "ssl_sig_scheme"), (.sslClientCertificate, "ssl_client_cert"),
        (.networkNamespace, "netns"), (.gcp, "gcp"), (.aws, "aws"), (.azure, "azure"),
    ]
}

extension TLVType: CustomStringConvertible {
    /// `0x02 (authority)`, or `0xE5`.
    public var description: String {
        let digits = String(rawValue, radix: 16, uppercase: true)
        let number = "0x\(rawValue < 16 ? "0" : "")\(digits)"
        return name.map { "\(number) (\($0))" } ?? number
    }
}
