import ProxyProtocol
import Testing

@Suite struct TLVTests {
    private func accepted(_ body: [UInt8]) -> TLVSequence? {
        parse(version2("2111", addressesIPv4 + body)).header?.tlvs
    }

    private func malformed(_ body: [UInt8], _ limits: HeaderParser.Limits = HeaderParser.Limits()) -> MalformedHeader? {
        parse(version2("2111", addressesIPv4 + body), limits).malformed
    }

    @Test func everyTypeIsReadByItsRule() throws {
        let tlvs = try #require(accepted(Fixture.everyTLV))
        #expect(tlvs.map(\.type.rawValue) == [1, 2, 4, 5, 0x20, 0x30, 0xE0, 0xEE, 0xE5, 0xF0, 0xFF, 0])
        #expect(tlvs.first(of: .alpn)?.decoded == .alpn(ALPN("h2")))
        #expect(tlvs.first(of: .authority)?.decoded == Authority("www.example.com").map(DecodedTLV.authority))
        #expect(tlvs.first(of: .noop)?.decoded == .noop(Padding(count: 2)))
        #expect(tlvs.first(of: .uniqueID)?.decoded == UniqueID(value: [0, 1, 2, 0xFF]).map(DecodedTLV.uniqueID))
        #expect(tlvs.first(of: .networkNamespace)?.decoded == .networkNamespace(NetworkNamespace("blue")))
        #expect(tlvs.first(of: .gcp)?.decoded == .gcp(GCPConnection(pscConnectionID: 12345)))
        #expect(tlvs.first(of: .azure)?.decoded == .azure(AzurePrivateLink(linkID: 0x1234_5678)))
    }

    @Test func sslIsReadWithItsDetails() throws {
        let tlv = try #require(accepted(Fixture.everyTLV)?.first(of: .ssl))
        guard case .ssl(let ssl) = tlv.decoded else {
            Issue.record("not read as SSL: \(tlv)")
            return
        }
        #expect(ssl.client == [.ssl, .certificateOnConnection, .certificateInSession])
        #expect(ssl.isVerified)
        #expect(ssl.version == "TLSv1.3")
        #expect(ssl.commonName == "example.com")
        #expect(ssl.cipher == "TLS_AES_256_GCM_SHA384")
        #expect(ssl.signatureAlgorithm == "RSA-SHA256")
        #expect(ssl.keyAlgorithm == "RSA2048")
        #expect(ssl.group == "x25519")
        #expect(ssl.signatureScheme == "rsa_pss_rsae_sha256")
        #expect(ssl.clientCertificate == [0x30, 0x82, 0x00, 0xFF])
        #expect(ssl.details.count == 8)
        #expect(ssl.value == tlv.value)
    }

    @Test(
        arguments: [
            (.ssl, 0, false), ([.ssl, .certificateOnConnection], 0, true),
            ([.ssl, .certificateInSession], 0, true), ([.ssl, .certificateOnConnection], 20, false),
        ] as [(SSLInformation.Client, UInt32, Bool)]
    )
    func verifiedNeedsACertificate(client: SSLInformation.Client, verifyResult: UInt32, isVerified: Bool) {
        #expect(SSLInformation(client: client, verifyResult: verifyResult, details: []).isVerified == isVerified)
    }

    @Test func awsEndpointIsRead() {
        let tlv = parse(Fixture.nlbClient.bytes).header?.tlvs.first(of: .aws)
        guard case .aws(let endpoint) = tlv?.decoded else {
            Issue.record("not read as AWS's: \(String(describing: tlv))")
            return
        }
        #expect(endpoint.id == "vpce-08d2bf15fac5001c9")
        #expect(endpoint.value == tlv?.value)
    }

    @Test(arguments: [
        tlv(0xEA, []), tlv(0xEA, [1]), tlv(0xEA, [2] + Array("vpce-1".utf8)), tlv(0xEA, [1, 0xFF]),
        tlv(0xEE, []), tlv(0xEE, [1, 0, 0, 0]), tlv(0xEE, [2, 0, 0, 0, 0]), tlv(0xEE, [1, 0, 0, 0, 0, 0]),
        tlv(0xE0, []), tlv(0xE0, [0, 0, 0, 0, 0, 0, 1]), tlv(0xE0, Array(repeating: 1, count: 9)),
        tlv(0xE5, [1, 2]), tlv(0xF7, [1]), tlv(0xF8, []), tlv(0x00, [7]), tlv(0x21, Array("TLSv1.3".utf8)),
    ])
    func whatFollowsNoKnownRuleIsKeptByteForByte(bytes: [UInt8]) throws {
        let kept = try #require(accepted(bytes))
        #expect(Array(kept.bytes) == bytes)
        let first = try #require(kept.first)
        #expect(first.decoded == .other(first))
    }

    @Test(
        arguments: [
            // Offsets count from byte 28, where the TLVs begin.
            ([0x02], .truncatedTLV, 0), ([0x02, 0x00], .truncatedTLV, 0), (tlv(4, [1]) + [4], .truncatedTLV, 4),
            (tlv(4, [1]) + [4, 0], .truncatedTLV, 4),
            ([4, 0, 1], .overrunningTLV, 1), ([4, 0xFF, 0xFF, 0], .overrunningTLV, 1),
            (tlv(4, []) + [4, 0, 2, 0], .overrunningTLV, 4),
            (tlv(2, Array(repeating: 0x61, count: 256)), .authorityTooLong, 1),
            (tlv(2, [0x61, 0xFF]), .authorityNotUTF8, 3), (tlv(2, [0xC0, 0x80]), .authorityNotUTF8, 3),
            (tlv(2, [0xED, 0xA0, 0x80]), .authorityNotUTF8, 3), (tlv(2, [0xE2, 0x82]), .authorityNotUTF8, 3),
            (tlv(5, Array(repeating: 1, count: 129)), .uniqueIDTooLong, 1),
            (tlv(0x20, []), .sslTooShort, 1), (tlv(0x20, [1, 0, 0, 0]), .sslTooShort, 1),
            (tlv(0x20, [1, 0, 0, 0, 0, 0x21]), .truncatedTLV, 8),
            (tlv(0x20, [1, 0, 0, 0, 0, 0x21, 0]), .truncatedTLV, 8),
            (tlv(0x20, [1, 0, 0, 0, 0, 0x21, 0, 1]), .overrunningTLV, 9),
            // Long enough for the header, too long for the TLV that it is in.
            (tlv(0x20, [1, 0, 0, 0, 0, 0x21, 0, 4]) + tlv(4, [1]), .overrunningTLV, 9),
            (tlv(3, []), .checksumLength, 1), (tlv(3, [0, 0, 0]), .checksumLength, 1),
            (tlv(3, [0, 0, 0, 0, 0]), .checksumLength, 1),
            (tlv(3, [0, 0, 0, 0]), .wrongChecksum, 3),
            (tlv(3, [0, 0, 0, 0]) + tlv(3, [0, 0, 0, 0]), .duplicateChecksum, 7),
        ] as [([UInt8], MalformedHeader.Reason, Int)]
    )
    func refusesWhatBreaksARule(body: [UInt8], reason: MalformedHeader.Reason, offset: Int) {
        #expect(malformed(body)?.reason == reason)
        #expect(malformed(body)?.offset == 28 + offset)
    }

    @Test func overrunIsRefusedBeforeTheRestHasCome() {
        let bytes = version2("2111", addressesIPv4 + [0x04, 0x01, 0x00] + Array(repeating: 0, count: 200))
        #expect(parse(Array(bytes.prefix(30))).missing == 201)
        #expect(parse(Array(bytes.prefix(31))).malformed?.reason == .overrunningTLV)
    }

    @Test func longestValuesOfTheSpecificationAreTaken() {
        #expect(accepted(tlv(2, Array(repeating: 0x61, count: 255)))?.count == 1)
        #expect(accepted(tlv(2, Array("bücher.example".utf8)))?.count == 1)
        #expect(accepted(tlv(5, Array(repeating: 0xFF, count: 128)))?.count == 1)
        #expect(accepted(tlv(0x20, [0, 0, 0, 0, 1]))?.count == 1)
    }

    @Test func asManyTLVsAsTheLimitAreTaken() {
        let body = Array(repeating: tlv(4, []), count: 64).flatMap(\.self)
        #expect(accepted(body)?.count == 64)
        #expect(malformed(body + tlv(4, []))?.reason == .tooManyTLVs)
        #expect(malformed(body + tlv(4, []))?.offset == 28 + 192)
        #expect(malformed(tlv(4, []), HeaderParser.Limits(maximumTLVs: 0))?.reason == .tooManyTLVs)
    }

    @Test func detailsOfSSLCountAsTLVs() {
        let ssl = tlv(0x20, [1, 0, 0, 0, 0] + tlv(0x21, []) + tlv(0x22, []))
        #expect(malformed(ssl, HeaderParser.Limits(maximumTLVs: 3)) == nil)
        #expect(malformed(ssl, HeaderParser.Limits(maximumTLVs: 2))?.reason == .tooManyTLVs)
    }

    @Test func sslInsideSSLIsNotLookedInto() throws {
        // Two stray bytes inside the inner one would be malformed if anybody went there.
        let body = tlv(0x20, [1, 0, 0, 0, 0] + tlv(0x20, [1, 2]) + tlv(0x03, [9]))
        let tlv = try #require(accepted(body)?.first)
        guard case .ssl(let ssl) = tlv.decoded else {
            Issue.record("not read as SSL: \(tlv)")
            return
        }
        #expect(ssl.details.map(\.type) == [.ssl, .crc32c])
    }

    @Test func sequenceIsWholeByConstruction() {
        #expect(TLVSequence(bytes: [])?.isEmpty == true)
        #expect(TLVSequence(bytes: Fixture.everyTLV)?.count == 12)
        #expect(TLVSequence(bytes: Fixture.everyTLV.dropLast()) == nil)
        #expect(TLVSequence(bytes: Fixture.everyTLV + [0]) == nil)
        #expect(TLVSequence(bytes: Fixture.everyTLV).map { TLVSequence($0) } == TLVSequence(bytes: Fixture.everyTLV))
    }

    @Test func namesAndTypesFindEachOther() {
        for rawValue in UInt8.min...UInt8.max {
            let type = TLVType(rawValue: rawValue)
            if let name = type.name { #expect(TLVType(name: name) == type) }
            #expect((type.range == .registered) <= (type.name != nil))
        }
        #expect(TLVType(name: "authority") == .authority)
        #expect(TLVType(name: "nonsense") == nil)
        #expect(TLVType.authority.description == "0x02 (authority)")
        #expect(TLVType(rawValue: 0xE5).description == "0xE5")
        #expect(TLVType(rawValue: 0xEF).range == .custom)
        #expect(TLVType(rawValue: 0xF7).range == .experimental)
        #expect(TLVType(rawValue: 0xF8).range == .reserved)
        #expect(TLVType(rawValue: 0x40).range == .unassigned)
    }

    @Test func typedValuesThatBreakTheirRuleCannotBeMade() {
        #expect(Authority(String(repeating: "a", count: 256)) == nil)
        #expect(Authority(value: [0xFF]) == nil)
        #expect(UniqueID(value: ArraySlice(repeating: 0, count: 129)) == nil)
        #expect(SSLInformation(value: [1, 0, 0, 0]) == nil)
        #expect(SSLInformation(value: [1, 0, 0, 0, 0, 1]) == nil)
        #expect(ChecksumTLV(value: [1, 2, 3]) == nil)
        #expect(AWSEndpoint(value: [1]) == nil)
        #expect(AzurePrivateLink(value: [1, 2]) == nil)
        #expect(GCPConnection(value: [1, 2]) == nil)
    }
}

extension Bool {
    /// Implication.
    fileprivate static func <= (left: Bool, right: Bool) -> Bool { !left || right }
}

@Suite struct ChecksumTests {
    @Test(arguments: [("2111", addressesIPv4), ("2121", addressesIPv6), ("2131", addressesUnix)])
    func everyFlippedBitIsNoticed(commandAndFamily: String, addresses: [UInt8]) throws {
        let bytes = checksummed(commandAndFamily, addresses + tlv(5, [1, 2, 3]), tlv(4, [0]))
        #expect(parse(bytes).header?.checksum == .valid)
        for index in 16..<bytes.count {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[index] ^= 1 << UInt8(bit)
                // A flip in the checksum's own type leaves a header that has none.
                let hidesIt = index == 16 + addresses.count + 6
                #expect(hidesIt || parse(flipped).malformed != nil, "bit \(bit) of byte \(index)")
            }
        }
    }

    @Test func checksumMayStandAnywhere() {
        let parts = [tlv(1, [1]), tlv(5, [2, 2]), tlv(0x30, [])]
        for position in 0...parts.count {
            let before = parts.prefix(position).flatMap(\.self)
            let after = parts.suffix(parts.count - position).flatMap(\.self)
            #expect(parse(checksummed("2111", addressesIPv4 + before, after)).header?.checksum == .valid)
        }
    }

    @Test func typedValueIsWhatTheHeaderHolds() {
        let tlv = parse(Fixture.nlbHealthCheck.bytes).header?.tlvs.first(of: .crc32c)
        guard case .crc32c(let checksum) = tlv?.decoded else {
            Issue.record("not read as CRC32C: \(String(describing: tlv))")
            return
        }
        #expect(checksum.checksum == 0xBCE5_951F)
    }
}
