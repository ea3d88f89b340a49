/// 0x20: how the client spoke TLS, and who it proved to be (section 2.2.6).
public struct SSLInformation: TypedTLV {
    public static let type = TLVType.ssl
    /// The client byte, and the result of the verification in four.
    public static let fixedBytes = 5

    /// What the client did.
    public struct Client: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// It connected over TLS.
        public static let ssl = Client(rawValue: 0x01)
        /// It showed a certificate on this connection.
        public static let certificateOnConnection = Client(rawValue: 0x02)
        /// It showed a certificate at least once in this TLS session.
        public static let certificateInSession = Client(rawValue: 0x04)
    }

    public var client: Client
    /// 0 where a certificate was shown and found good, anything else otherwise.
    public var verifyResult: UInt32
    /// The details: ``TLVType/sslVersion`` to ``TLVType/sslClientCertificate``. One level deep; never looked into again.
    public var details: TLVSequence

    public init(client: Client, verifyResult: UInt32, details: TLVSequence) {
        self.client = client
        self.verifyResult = verifyResult
        self.details = details
    }

    /// nil below 5 bytes, and unless the details fill the rest.
    public init?(value: ArraySlice<UInt8>) {
        guard value.count >= SSLInformation.fixedBytes else { return nil }
        let fixed = value.prefix(SSLInformation.fixedBytes)
        let rest = value.dropFirst(SSLInformation.fixedBytes)
        guard TLVSequence.isWellFormed(rest.span, from: 0, maximumCount: .max) else { return nil }
        client = Client(rawValue: fixed.first ?? 0)
        verifyResult = fixed.dropFirst().reduce(0) { $0 << 8 | UInt32($1) }
        details = TLVSequence(wellFormed: rest)
    }

    /// Whether a certificate was shown, now or earlier in the session, and found good.
    public var isVerified: Bool {
        verifyResult == 0 && !client.isDisjoint(with: [.certificateOnConnection, .certificateInSession])
    }

    /// `TLSv1.3`, say.
    public var version: String? { text(.sslVersion) }
    /// The common name in the client's certificate.
    public var commonName: String? { text(.sslCommonName) }
    /// `ECDHE-RSA-AES128-GCM-SHA256`, say.
    public var cipher: String? { text(.sslCipher) }
    /// What the proxy's certificate is signed with: `RSA-SHA256`, say.
    public var signatureAlgorithm: String? { text(.sslSignatureAlgorithm) }
    /// What key the proxy's certificate is for: `RSA2048`, say.
    public var keyAlgorithm: String? { text(.sslKeyAlgorithm) }
    /// `secp256r1`, say.
    public var group: String? { text(.sslGroup) }
    /// `rsa_pss_rsae_sha256`, say.
    public var signatureScheme: String? { text(.sslSignatureScheme) }
    /// The client's certificate, X.509 in DER.
    public var clientCertificate: ArraySlice<UInt8>? { details.first(of: .sslClientCertificate)?.value }

    private func text(_ type: TLVType) -> String? {
        details.first(of: type).flatMap { String(validating: $0.value, as: UTF8.self) }
    }

    public var value: ArraySlice<UInt8> { [client.rawValue] + bigEndianBytes(verifyResult) + details.bytes }
}
