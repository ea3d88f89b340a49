import ProxyProtocol
import Testing

/// What has gone wrong in other receivers and senders.
@Suite struct KnownMistakesTests {
    /// Envoy, CVE-2024-23327: LOCAL without addresses was a crash.
    @Test func localWithoutAddressesIsNoCrash() {
        #expect(parse(version2("2011", [])).header?.announced == nil)
        #expect(parse(version2("2011", [])).length == 16)
    }

    /// Envoy, CVE-2024-23325: an IPv6 header on a host without IPv6 was a crash. Here no host is asked.
    @Test func ipv6HeaderNeedsNoIPv6Host() {
        #expect(parse(version2("2121", addressesIPv6)).header?.announced?.source == socket("[2001:db8::1]:56324"))
    }

    /// go-proxyproto, CVE-2021-23351: a version 1 line without end was read for ever.
    @Test func lineWithoutEndIsRefusedAt107Bytes() {
        let endless = Array("PROXY UNKNOWN ".utf8) + Array(repeating: UInt8(ascii: "A"), count: 10_000)
        #expect(parse(Array(endless.prefix(105))).missing == 2)
        #expect(parse(Array(endless.prefix(106))).malformed?.reason == .lineTooLong)
        #expect(parse(endless).malformed?.reason == .lineTooLong)
    }

    /// mastercactapus/proxyprotocol, CVE-2019-14243: an address block shorter than its family was a crash.
    @Test(arguments: [("2111", 12), ("2121", 36), ("2131", 216)])
    func everyShortAddressBlockIsMalformed(commandAndFamily: String, needed: Int) {
        for count in 0..<needed {
            let bytes = version2(commandAndFamily, Array(repeating: 0, count: count))
            #expect(parse(bytes).malformed?.reason == .addressesTooShort)
        }
    }

    /// Netty, CVE-2022-41881: TLVs nested deeper and deeper were a stack overflow.
    @Test func deepNestingIsNotFollowed() {
        var nested: [UInt8] = []
        for _ in 0..<8_000 { nested = tlv(0x20, [1, 0, 0, 0, 0] + nested) }
        let bytes = version2("2111", addressesIPv4 + nested)
        let limits = HeaderParser.Limits(maximumHeaderBytes: HeaderParser.Limits.largestHeaderBytes)
        #expect(bytes.count > 60_000)
        #expect(parse(bytes, limits).header?.tlvs.count == 1)
    }

    /// HAProxy 488ee7fb6: a TLV's length reached past the header, into the client's bytes.
    @Test func tlvNeverReachesIntoThePayload() {
        let header = version2("2111", addressesIPv4 + [0x02, 0x00, 0x10])
        #expect(parse(header + Array("0123456789abcdef".utf8)).malformed?.reason == .overrunningTLV)
        let ssl = version2("2111", addressesIPv4 + tlv(0x20, [1, 0, 0, 0, 0, 0x22, 0, 8]))
        #expect(parse(ssl + Array("01234567".utf8)).malformed?.reason == .overrunningTLV)
    }

    /// HAProxy 77d1f0143: TLVs that came in, passed on with others added, overflowed the header that was built.
    @Test func passedAndAddedTLVsThatDoNotFitAreAnErrorNotAnOverflow() throws {
        let limits = HeaderParser.Limits(maximumHeaderBytes: HeaderParser.Limits.largestHeaderBytes)
        let large = version2("2111", addressesIPv4 + tlv(0xE5, Array(repeating: 1, count: 65_520)))
        var tlvs = try #require(parse(large, limits).header?.tlvs)
        tlvs.append(TLV(type: .alpn, value: "h2".utf8))
        let address = socket("192.0.2.1:1")
        #expect(throws: HeaderWriteError.tooLong(bytes: 65_556)) {
            try written(capacity: 100) { output throws(HeaderWriteError) in
                try HeaderWriter.writeV2(source: address, destination: address, tlvs: tlvs, to: &output)
            }
        }
    }

    /// HAProxy #2963: an IPv4 client of a dual-stack bind was announced as IPv6.
    @Test func dualStackClientIsAnnouncedAsIPv4() throws {
        let header = try ProxyHeader(
            version: .v2,
            source: socket("[::ffff:192.0.2.1]:1"),
            destination: socket("[::ffff:192.0.2.2]:2")
        )
        #expect(header.family == .ipv4)
        #expect(header.encodedLength == 28)
    }

    /// HAProxy #3489: a binary TLV was cut at its first zero byte.
    @Test func binaryTLVIsPassedWhole() throws {
        let value: [UInt8] = [0, 1, 0, 2, 0]
        let received = try #require(parse(version2("2111", addressesIPv4 + tlv(5, value))).header)
        let announced = try #require(received.announced)
        let passed = try ProxyHeader(
            version: .v2,
            source: announced.source,
            destination: announced.destination,
            tlvs: received.tlvs
        )
        #expect(passed.tlvs.first(of: .uniqueID)?.value == value[...])
    }

    /// HAProxy, nginx and go-mmproxy refuse a header in two pieces: SplitTests shows that it is taken here.
    /// Apache, CVE-2019-10097, and Varnish, CVE-2020-11653, crashed on headers: FuzzTests sends 200,000.
    @Test func headerOfOneByteAtATimeIsTaken() {
        var received: [UInt8] = []
        for byte in Fixture.nlbClient.bytes {
            #expect(parse(received).missing != nil)
            received.append(byte)
        }
        #expect(parse(received).header != nil)
    }
}
