import NetworkAddress
import ProxyProtocol
import Testing

@Suite struct WriterTests {
    @Test(arguments: [
        ("192.0.2.1:56324", "198.51.100.7:443", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"),
        ("0.0.0.0:0", "0.0.0.0:0", "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"),
        (
            "255.255.255.255:65535", "255.255.255.255:65535",
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"
        ),
        ("[2001:db8::1]:1", "[::]:65535", "PROXY TCP6 2001:db8::1 :: 1 65535\r\n"),
        // The client of a dual-stack socket.
        ("[::ffff:192.0.2.1]:1", "[::ffff:198.51.100.7]:2", "PROXY TCP4 192.0.2.1 198.51.100.7 1 2\r\n"),
        ("[::ffff:192.0.2.1]:1", "198.51.100.7:2", "PROXY TCP4 192.0.2.1 198.51.100.7 1 2\r\n"),
        // One of each family.
        ("192.0.2.1:1", "[2001:db8::2]:2", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n"),
        ("[2001:db8::2]:2", "[::ffff:192.0.2.1]:1", "PROXY TCP6 2001:db8::2 ::ffff:192.0.2.1 2 1\r\n"),
    ])
    func writesVersion1(source: String, destination: String, line: String) throws {
        let source = socket(source)
        let destination = socket(destination)
        let bytes = try written(capacity: 200) {
            HeaderWriter.writeV1(source: source, destination: destination, to: &$0)
        }
        #expect(String(decoding: bytes, as: UTF8.self) == line)
        #expect(HeaderWriter.lengthV1(source: source, destination: destination) == bytes.count)
    }

    @Test func longestVersion1LineIsWithinTheBound() {
        let address = socket("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")
        #expect(HeaderWriter.lengthV1(source: address, destination: address) == 104)
        #expect(HeaderWriter.maximumVersion1Length == 107)
    }

    @Test(arguments: [
        ("192.0.2.1:56324", "198.51.100.7:443", "2111 000C C0000201 C6336407 DC04 01BB"),
        ("[::ffff:192.0.2.1]:56324", "198.51.100.7:443", "2111 000C C0000201 C6336407 DC04 01BB"),
        (
            "[2001:db8::1]:56324", "[2001:db8::2]:443",
            "2121 0024 20010DB8000000000000000000000001 20010DB8000000000000000000000002 DC04 01BB"
        ),
        (
            "192.0.2.1:56324", "[2001:db8::2]:443",
            "2121 0024 00000000000000000000FFFFC0000201 20010DB8000000000000000000000002 DC04 01BB"
        ),
    ])
    func writesVersion2(source: String, destination: String, expected: String) throws {
        let source = socket(source)
        let destination = socket(destination)
        let bytes = try written(capacity: 200) { output throws(HeaderWriteError) in
            try HeaderWriter.writeV2(source: source, destination: destination, to: &output)
        }
        #expect(bytes == signature + hex(expected))
        #expect(HeaderWriter.lengthV2(source: source, destination: destination) == bytes.count)
    }

    @Test func localIsTheFormThatEveryReceiverTakes() throws {
        let bytes = try written(capacity: HeaderWriter.localLength) { HeaderWriter.writeLocal(to: &$0) }
        #expect(bytes == signature + hex("20000000"))
        #expect(ProxyHeader.local.encoded() == bytes)
    }

    @Test func tlvsArePassedByteForByteAndChecksumIsMadeAnew() throws {
        // Zero bytes inside, and a checksum that belongs to another header.
        let passed = try #require(TLVSequence(bytes: tlv(0xEA, [1, 0, 0, 2]) + tlv(3, [9, 9, 9, 9]) + tlv(5, [0])))
        let client = socket("192.0.2.1:56324")
        let server = socket("198.51.100.7:443")

        let plain = try written(capacity: 200) { output throws(HeaderWriteError) in
            try HeaderWriter.writeV2(source: client, destination: server, tlvs: passed, to: &output)
        }
        #expect(plain == version2("2111", addressesIPv4 + tlv(0xEA, [1, 0, 0, 2]) + tlv(5, [0])))
        #expect(HeaderWriter.lengthV2(source: client, destination: server, tlvs: passed) == plain.count)

        let summed = try written(capacity: 200) { output throws(HeaderWriteError) in
            try HeaderWriter.writeV2(source: client, destination: server, tlvs: passed, checksum: true, to: &output)
        }
        #expect(summed == checksummed("2111", addressesIPv4, tlv(0xEA, [1, 0, 0, 2]) + tlv(5, [0])))
        let length = HeaderWriter.lengthV2(source: client, destination: server, tlvs: passed, checksum: true)
        #expect(length == summed.count)
        #expect(parse(summed).header?.checksum == .valid)
    }

    @Test func moreThanTheFormatCanSayIsRefused() throws {
        let address = socket("192.0.2.1:1")
        let fits = TLVSequence([TLV(type: .noop, value: Array(repeating: 0, count: 65_535 - 12 - 3))])
        let room = try written(capacity: 70_000) { output throws(HeaderWriteError) in
            try HeaderWriter.writeV2(source: address, destination: address, tlvs: fits, to: &output)
        }
        #expect(room.count == HeaderParser.Limits.largestHeaderBytes)

        #expect(throws: HeaderWriteError.tooLong(bytes: 65_558)) {
            try written(capacity: 70_000) { output throws(HeaderWriteError) in
                try HeaderWriter.writeV2(
                    source: address,
                    destination: address,
                    tlvs: fits,
                    checksum: true,
                    to: &output
                )
            }
        }
        #expect(throws: HeaderWriteError.tooLong(bytes: 65_554)) {
            var tooMany = fits
            tooMany.append(TLV(type: .noop, value: []))
            _ = try ProxyHeader(version: .v2, source: address, destination: address, tlvs: tooMany)
        }
    }

    @Test func nothingIsWrittenWhereThereIsNoRoom() throws {
        let address = socket("192.0.2.1:1")
        let untouched = try written(capacity: 27) { output throws(HeaderWriteError) in
            #expect(throws: HeaderWriteError.noRoom(needed: 28, available: 27)) {
                try HeaderWriter.writeV2(source: address, destination: address, to: &output)
            }
        }
        #expect(untouched.isEmpty)
    }

    @Test(arguments: Fixture.all)
    func everyHeaderIsWrittenAsItCame(fixture: Fixture) throws {
        let header = try #require(parse(fixture.bytes).header)
        let bytes = try written(capacity: header.encodedLength) { output throws(HeaderWriteError) in
            try header.write(to: &output)
        }
        #expect(bytes.count == header.encodedLength)
        #expect(bytes == header.encoded())
        #expect(parse(bytes) == .header(header, length: bytes.count))
        // Version 1 has many spellings for an IPv6 address, version 2 has one for everything.
        if fixture.isVersion2 || header.family != .ipv6 { #expect(bytes == fixture.bytes) }
    }

    @Test func madeHeaderIsEqualToItselfParsed() throws {
        let tlvs: TLVSequence = [TLV(ALPN("h2")), TLV(type: .crc32c, value: [1, 2, 3, 4]), TLV(Padding(count: 3))]
        for version in [ProxyHeader.Version.v1, .v2] {
            for source in ["192.0.2.1:1", "[2001:db8::1]:1", "[::ffff:192.0.2.1]:1"] {
                for includingChecksum in [false, true] {
                    let header = try ProxyHeader(
                        version: version,
                        source: socket(source),
                        destination: socket("198.51.100.7:443"),
                        tlvs: tlvs,
                        includingChecksum: includingChecksum
                    )
                    #expect(parse(header.encoded()) == .header(header, length: header.encodedLength))
                    #expect((header.checksum == .valid) == (includingChecksum && version == .v2))
                    #expect(header.tlvs.isEmpty == (version == .v1))
                }
            }
        }
    }

    @Test func randomEndpointsSurviveBothVersions() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<5_000 {
            let isIPv4 = Bool.random(using: &random)
            func address() -> SocketAddress {
                let port = UInt16.random(in: 0...UInt16.max, using: &random)
                let high = UInt64.random(in: 1...UInt64.max, using: &random)
                return SocketAddress(
                    isIPv4
                        ? .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: high)))
                        : .v6(IPv6Address(high: high, low: random.next())),
                    port: port
                )
            }
            let source = address()
            let destination = address()
            for version in [ProxyHeader.Version.v1, .v2] {
                let header = try ProxyHeader(version: version, source: source, destination: destination)
                let announced = parse(header.encoded()).header?.announced
                #expect(announced?.source == source)
                #expect(announced?.destination == destination)
            }
        }
    }
}
