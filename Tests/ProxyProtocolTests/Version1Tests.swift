import NetworkAddress
import ProxyProtocol
import Testing

@Suite struct Version1Tests {
    @Test func readsTCP4() throws {
        let header = try #require(parse("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n").header)
        #expect(header.version == .v1)
        #expect(header.command == .proxy)
        #expect(header.family == .ipv4)
        #expect(header.transport == .stream)
        #expect(header.announced?.source == socket("192.0.2.1:56324"))
        #expect(header.announced?.destination == socket("198.51.100.7:443"))
        #expect(header.tlvs.isEmpty)
        #expect(header.checksum == .absent)
    }

    @Test(arguments: ["2001:db8::1", "2001:DB8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:Db8:0:0::1"])
    func readsTCP6InEverySpelling(source: String) throws {
        let header = try #require(parse("PROXY TCP6 \(source) ::FFFF:192.0.2.1 1 65535\r\n").header)
        #expect(header.family == .ipv6)
        #expect(header.announced?.source == socket("[2001:db8::1]:1"))
        #expect(header.announced?.destination == socket("[::ffff:192.0.2.1]:65535"))
    }

    @Test(arguments: [
        "PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n", "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n",
        "PROXY UNKNOWN TCP4 192.0.2.1\r\n", "PROXY UNKNOWN \0\u{7F}\r\n", "PROXY UNKNOWN\t/run/a.sock\r\n",
    ])
    func unknownIsAcceptedWithAnythingAndAnnouncesNobody(line: String) throws {
        let result = parse(line)
        let header = try #require(result.header)
        #expect(result.length == line.utf8.count)
        #expect(header.family == .unspecified)
        #expect(header.endpoints == .none)
        #expect(header.announced == nil)
        #expect(header.ignoredBytes == Array(line.utf8.dropFirst(13).dropLast(2)))
    }

    @Test(
        arguments: [
            // Not the signature.
            ("GET / HTTP/1.1\r\n", .notAHeader, 0), ("PROX1", .notAHeader, 4), ("proxy TCP4", .notAHeader, 0),
            ("PROXY\tTCP4", .notAHeader, 5), ("PROXYTCP4", .notAHeader, 5), ("PROXY\r\n", .notAHeader, 5),
            (" PROXY TCP4", .notAHeader, 0), ("POST / HTTP/1.1", .notAHeader, 1),
            // Not a protocol.
            ("PROXY  TCP4", .unknownProtocol, 6), ("PROXY TCP5", .unknownProtocol, 9),
            ("PROXY tcp4", .unknownProtocol, 6),
            ("PROXY UDP4", .unknownProtocol, 7), ("PROXY TCP4\t", .unknownProtocol, 10),
            ("PROXY TCP46 ", .unknownProtocol, 10), ("PROXY UNKNOW\r\n", .unknownProtocol, 12),
            ("PROXY \r\n", .unknownProtocol, 6), ("PROXY TCP4\r\n", .unknownProtocol, 10),
            // Not two addresses of the family.
            ("PROXY TCP4  192.0.2.1", .invalidSourceIPv4, 11), ("PROXY TCP4 192.0.2.1\t", .invalidSourceIPv4, 20),
            ("PROXY TCP4 192.0.2 ", .invalidSourceIPv4, 11), ("PROXY TCP4 192.0.2.256 ", .invalidSourceIPv4, 11),
            ("PROXY TCP4 192.0.02.1 ", .invalidSourceIPv4, 11), ("PROXY TCP4 192.0.2.1.1 ", .invalidSourceIPv4, 11),
            ("PROXY TCP4 0xC0000201 ", .invalidSourceIPv4, 12), ("PROXY TCP4 3221225985 ", .invalidSourceIPv4, 11),
            ("PROXY TCP4 ::1 ", .invalidSourceIPv4, 11), ("PROXY TCP4 192.0.2.1\r\n", .invalidSourceIPv4, 20),
            ("PROXY TCP4 111.111.111.1111", .invalidSourceIPv4, 26), ("PROXY TCP4 -1.0.0.1", .invalidSourceIPv4, 11),
            ("PROXY TCP4 192.0.2.1 ::1 ", .invalidDestinationIPv4, 21),
            ("PROXY TCP4 192.0.2.1 198.51.100.7\r\n", .invalidDestinationIPv4, 33),
            ("PROXY TCP4 192.0.2.1  198.51.100.7 ", .invalidDestinationIPv4, 21),
            ("PROXY TCP6 192.0.2.1 ", .invalidSourceIPv6, 11), ("PROXY TCP6 1::2::3 ", .invalidSourceIPv6, 11),
            ("PROXY TCP6 fe80::1%eth0 ", .invalidSourceIPv6, 18), ("PROXY TCP6 [::1] ", .invalidSourceIPv6, 11),
            ("PROXY TCP6 1:2:3:4:5:6:7 ", .invalidSourceIPv6, 11), ("PROXY TCP6 ::12345 ", .invalidSourceIPv6, 11),
            ("PROXY TCP6 ::1 198.51.100.7 ", .invalidDestinationIPv6, 15),
            ("PROXY TCP6 ::1 ::g", .invalidDestinationIPv6, 17),
            // Not two ports.
            ("PROXY TCP4 1.2.3.4 1.2.3.4 65536 ", .invalidSourcePort, 27),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 080 ", .invalidSourcePort, 27),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 00 ", .invalidSourcePort, 27),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 +80 ", .invalidSourcePort, 27),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 -1 ", .invalidSourcePort, 27),
            ("PROXY TCP4 1.2.3.4 1.2.3.4  80", .invalidSourcePort, 27),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 123456", .invalidSourcePort, 32),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 80\r\n", .invalidSourcePort, 29),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 80 \r\n", .invalidDestinationPort, 30),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 80 443 \r\n", .invalidDestinationPort, 33),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 80 443 1\r\n", .invalidDestinationPort, 33),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 80 65536\r\n", .invalidDestinationPort, 30),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 80 a", .invalidDestinationPort, 30),
            // Not one line that ends in CRLF.
            ("PROXY TCP4 1.2.3.4 1.2.3.4 80 443\n", .badLineEnd, 33),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 80 443\rX", .badLineEnd, 34),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 80 443\r\r\n", .badLineEnd, 34),
            ("PROXY TCP4 1.2.3.4\n", .badLineEnd, 18),
            ("PROXY UNKNOWN\n", .badLineEnd, 13), ("PROXY UNKNOWN 1\nGET / HTTP/1.1\r\n", .badLineEnd, 15),
            ("PROXY UNKNOWN \rX", .badLineEnd, 15),
        ] as [(String, MalformedHeader.Reason, Int)]
    )
    func refusesWhatTheGrammarDoesNotHave(text: String, reason: MalformedHeader.Reason, offset: Int) {
        let malformed = parse(text).malformed
        #expect(malformed?.reason == reason)
        #expect(malformed?.offset == offset)
    }

    @Test func lineOf107BytesIsTheLongest() {
        let rest = String(repeating: "x", count: 107 - 13 - 2)
        #expect(parse("PROXY UNKNOWN\(rest)\r\n").length == 107)
        #expect(parse("PROXY UNKNOWN\(rest)").missing == 2)

        let malformed = parse("PROXY UNKNOWN\(rest)x").malformed
        #expect(malformed?.reason == .lineTooLong)
        #expect(malformed?.offset == 105)
        #expect(parse("PROXY UNKNOWN\(rest)x\r\n").malformed?.reason == .lineTooLong)
    }

    @Test func tcp6LineThatPasses107BytesIsTooLong() {
        let longest = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"
        #expect(parse("PROXY TCP6 \(longest) \(longest) 65535 65535\r\n").malformed?.reason == .lineTooLong)
        #expect(parse("PROXY TCP6 \(longest) \(longest) 1 1\r\n").header == nil)
        #expect(parse("PROXY TCP6 \(longest) ::1 65535 65535\r\n").header != nil)
    }

    @Test func versionThatIsSwitchedOffIsRefusedAtItsFirstByte() {
        let limits = HeaderParser.Limits(acceptsVersion1: false)
        #expect(parse("P", limits).malformed?.reason == .versionNotAccepted)
        #expect(parse("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", limits).malformed?.reason == .versionNotAccepted)
        #expect(parse("POST / HTTP/1.1\r\n", limits).malformed?.reason == .notAHeader)
        #expect(parse(version2("2111", addressesIPv4), limits).header != nil)
    }
}
