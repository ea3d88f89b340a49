import NetworkAddress
import ProxyProtocol
import Testing

@Suite struct Version2Tests {
    @Test func readsTCPOverIPv4() throws {
        let header = try #require(parse(version2("2111", addressesIPv4)).header)
        #expect(header.version == .v2)
        #expect(header.command == .proxy)
        #expect(header.family == .ipv4)
        #expect(header.transport == .stream)
        #expect(header.announced?.source == socket("192.0.2.1:56324"))
        #expect(header.announced?.destination == socket("198.51.100.7:443"))
        #expect(header.checksum == .absent)
    }

    @Test func readsTCPOverIPv6() throws {
        let header = try #require(parse(version2("2121", addressesIPv6)).header)
        #expect(header.family == .ipv6)
        #expect(header.announced?.source == socket("[2001:db8::1]:56324"))
        #expect(header.announced?.destination == socket("[2001:db8::2]:443"))
    }

    @Test func readsUnixPathsAndAnnouncesNobody() throws {
        let header = try #require(parse(version2("2131", addressesUnix)).header)
        #expect(header.family == .unix)
        #expect(
            header.endpoints
                == .unix(source: Array("/run/client.sock".utf8), destination: Array("\0herald".utf8))
        )
        #expect(header.announced == nil)
    }

    @Test(arguments: ["2110", "2112"])
    func transportOtherThanStreamAnnouncesNobody(commandAndFamily: String) throws {
        let header = try #require(parse(version2(commandAndFamily, addressesIPv4)).header)
        #expect(header.announced == nil)
        #expect(
            header.endpoints
                == .inet(source: socket("192.0.2.1:56324"), destination: socket("198.51.100.7:443"))
        )
    }

    @Test(
        arguments: [
            ("00", .unknownVersion, 12), ("11", .unknownVersion, 12), ("31", .unknownVersion, 12),
            ("22", .unknownCommand, 12), ("2F", .unknownCommand, 12),
            ("2141", .unknownFamily, 13), ("21F1", .unknownFamily, 13), ("2041", .unknownFamily, 13),
            ("2113", .unknownTransport, 13), ("211F", .unknownTransport, 13), ("2003", .unknownTransport, 13),
            ("2111 000B", .addressesTooShort, 14), ("2111 0000", .addressesTooShort, 14),
            ("2112 000B", .addressesTooShort, 14), ("2110 000B", .addressesTooShort, 14),
            ("2121 0023", .addressesTooShort, 14), ("2121 000C", .addressesTooShort, 14),
            ("2131 00D7", .addressesTooShort, 14), ("2132 0024", .addressesTooShort, 14),
            ("2111 0FF1", .headerTooLong, 14), ("2111 10", .headerTooLong, 14), ("2011 FF", .headerTooLong, 14),
        ] as [(String, MalformedHeader.Reason, Int)]
    )
    func refusesAtTheFirstByteThatIsCertain(text: String, reason: MalformedHeader.Reason, offset: Int) {
        let bytes = signature + hex(text)
        #expect(parse(bytes).malformed?.reason == reason)
        #expect(parse(bytes).malformed?.offset == offset)
        #expect(parse(bytes.dropLast()).missing != nil, "one byte earlier, nothing is certain")
    }

    @Test(arguments: 0..<12)
    func everyWrongSignatureByteIsRefusedAtOnce(index: Int) {
        for wrong in UInt8.min...UInt8.max where wrong != signature[index] {
            if index == 0 && wrong == UInt8(ascii: "P") { continue }
            let malformed = parse(signature.prefix(index) + [wrong]).malformed
            #expect(malformed?.reason == .notAHeader)
            #expect(malformed?.offset == index)
        }
    }

    @Test func headerAsLongAsTheLimitIsTaken() {
        let padding = tlv(4, Array(repeating: 0, count: 200 - 28 - 3))
        let header = version2("2111", addressesIPv4 + padding)
        #expect(parse(header, HeaderParser.Limits(maximumHeaderBytes: 200)).length == 200)
        #expect(parse(header, HeaderParser.Limits(maximumHeaderBytes: 199)).malformed?.reason == .headerTooLong)
    }

    @Test func largestHeaderOfTheFormatIsTaken() {
        let certificate = tlv(0x28, Array(repeating: 0x30, count: 65_535 - 12 - 3 - 5 - 3))
        let header = version2("2111", addressesIPv4 + tlv(0x20, [1, 0, 0, 0, 0] + certificate))
        let limits = HeaderParser.Limits(maximumHeaderBytes: HeaderParser.Limits.largestHeaderBytes)
        #expect(header.count == 65_551)
        #expect(parse(header, limits).length == 65_551)
    }

    @Test func versionThatIsSwitchedOffIsRefusedAtItsFirstByte() {
        let limits = HeaderParser.Limits(acceptsVersion2: false)
        #expect(parse([0x0D], limits).malformed?.reason == .versionNotAccepted)
        #expect(parse(version2("2111", addressesIPv4), limits).malformed?.reason == .versionNotAccepted)
        #expect(parse("\r\n\r\nGET / HTTP/1.1", limits).malformed?.reason == .notAHeader)
        #expect(parse("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", limits).header != nil)
    }
}

/// LOCAL and UNSPEC: accepted whatever they hold.
@Suite struct LocalTests {
    @Test func nlbHealthCheckIsAcceptedWithItsChecksum() throws {
        let result = parse(Fixture.nlbHealthCheck.bytes)
        let header = try #require(result.header)
        #expect(result.length == 100)
        #expect(header.command == .local)
        #expect(header.endpoints == .none)
        #expect(header.announced == nil)
        #expect(header.checksum == .valid)
        #expect(header.tlvs.map(\.type) == [.crc32c, .noop])
        #expect(header.tlvs.first(of: .noop)?.value.count == 74)
        #expect(header.ignoredBytes.isEmpty)
    }

    @Test func nlbHealthCheckWithAWrongChecksumIsRefused() {
        for index in 19..<100 {
            // The NOOP's length is left alone: with another one, these are no TLVs any more.
            if (24...25).contains(index) { continue }
            var bytes = Fixture.nlbHealthCheck.bytes
            bytes[index] ^= 0x40
            #expect(parse(bytes).malformed?.reason == .wrongChecksum, "byte \(index)")
        }
    }

    @Test(arguments: ["2011", "2021", "2031", "2012", "2000"])
    func localWithoutAddressesIsAccepted(commandAndFamily: String) throws {
        let result = parse(version2(commandAndFamily, []))
        #expect(result.length == 16)
        #expect(result.header?.command == .local)
        #expect(result.header?.endpoints == ProxyHeader.Endpoints.none)
    }

    @Test func localWithAddressesIgnoresThem() throws {
        let header = try #require(parse(version2("2011", addressesIPv4)).header)
        #expect(header.endpoints == .none)
        #expect(header.announced == nil)
        #expect(header.tlvs.isEmpty)
        #expect(header.ignoredBytes == addressesIPv4)
    }

    @Test func localWithAddressesAndTLVsHasItsChecksumVerified() throws {
        let bytes = checksummed("2011", addressesIPv4, tlv(4, [0]))
        let header = try #require(parse(bytes).header)
        #expect(header.checksum == .valid)
        #expect(header.tlvs.map(\.type) == [.crc32c, .noop])
        #expect(header.ignoredBytes == addressesIPv4)

        var wrong = bytes
        wrong[16] ^= 1
        #expect(parse(wrong).malformed?.reason == .wrongChecksum)
    }

    @Test(arguments: ["2000", "2011", "2021", "2031", "2100", "2101"])
    func whatIsNoTLVIsAcceptedUnread(commandAndFamily: String) throws {
        for body: [UInt8] in [[0], [1, 2], [0xFF, 0xFF, 0xFF], [2, 0, 9, 1], [5, 0, 0xC8], [3, 0, 4, 1, 2]] {
            let result = parse(version2(commandAndFamily, body))
            #expect(result.length == 16 + body.count)
            #expect(result.header?.tlvs.isEmpty == true)
            #expect(result.header?.ignoredBytes == body)
            #expect(result.header?.announced == nil)
        }
    }

    @Test func moreTLVsThanTheLimitAreAcceptedUnread() {
        let body = Array(repeating: tlv(4, []), count: 65).flatMap(\.self)
        #expect(parse(version2("2000", body)).header?.ignoredBytes == body)
        #expect(parse(version2("2000", body), HeaderParser.Limits(maximumTLVs: 65)).header?.tlvs.count == 65)
        // Zeros in place of UNIX addresses are 72 empty TLVs to whoever counts them.
        let zeros = Array(repeating: UInt8(0), count: 216)
        #expect(parse(version2("2031", zeros)).header?.ignoredBytes == zeros)
    }

    @Test func localDoesNotHoldTLVsToTheirRules() {
        let unique = tlv(5, Array(repeating: 1, count: 129)) + tlv(2, [0xFF]) + tlv(0x20, [])
        #expect(parse(version2("2000", unique)).header?.tlvs.count == 3)
    }

    @Test func unspecHasTLVsAndAnnouncesNobody() throws {
        let header = try #require(parse(checksummed("2100", tlv(2, Array("a.example".utf8)))).header)
        #expect(header.command == .proxy)
        #expect(header.family == .unspecified)
        #expect(header.announced == nil)
        #expect(header.checksum == .valid)
        #expect(header.tlvs.map(\.type) == [.authority, .crc32c])
    }
}
