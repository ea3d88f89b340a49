import ProxyProtocol
import Testing

/// What an operator reads when a header is refused.
@Suite struct MalformedTextTests {
    @Test(
        arguments: [
            (
                Array("GET / HTTP/1.1\r\n".utf8),
                #"found an HTTP request ("GET / HTTP/1.1\r\n"), expected a PROXY protocol header, at byte 0"#
            ),
            (
                Array("POST /a HTTP/1.1\r\n".utf8),
                #"found an HTTP request ("POST /a HTTP/1.1\r\n"), expected a PROXY protocol header, at byte 1"#
            ),
            (
                hex("16 03 01 02 00 01"),
                #"found a TLS ClientHello ("\x16\x03\x01\x02\x00\x01"), expected a PROXY protocol header, at byte 0"#
            ),
            (
                Array("SSH-2.0-OpenSSH_9.2".utf8),
                #"found an SSH banner ("SSH-2.0-OpenSSH_9.2"), expected a PROXY protocol header, at byte 0"#
            ),
            (Array("\"x\\".utf8), #"found "\"x\\", expected a PROXY protocol header, at byte 0"#),
            (
                Array("PROXY TCP4 10.0.0.256 ".utf8),
                #"found "10.0.0.256", expected an IPv4 source address, at byte 11"#
            ),
            (Array("PROXY TCP6 ::1 ::1 1 1\n".utf8), #"at byte 22"#),
            (
                Array("PROXY UDP4 ".utf8), #"found "UDP4 ", expected "TCP4 ", "TCP6 " or "UNKNOWN", at byte 7"#
            ),
            (signature + hex("31"), #"found "1", expected version 2 in the high four bits, at byte 12"#),
            (
                version2("2111", [1, 2, 3]),
                "found 3 bytes, expected at least 12 for the addresses of the family, at byte 14"
            ),
            (signature + hex("2111 2000"), "found 8208 bytes, expected a header of at most 4096 bytes, at byte 14"),
            (
                version2("2111", addressesIPv4 + [4, 0, 9, 1]),
                "found 9 bytes, expected at most 1 for a TLV's value, at byte 29"
            ),
            (
                version2("2111", addressesIPv4 + tlv(3, [0, 0, 0, 0])),
                "found CRC32C 0x00000000, expected 0x"
            ),
        ] as [([UInt8], String)]
    )
    func saysWhatWasFoundWhatWasExpectedAndWhere(bytes: [UInt8], text: String) {
        let description = parse(bytes).malformed?.description ?? ""
        #expect(description.contains(text), "\(description)")
    }

    @Test func labelsAreStableWordsForCounters() {
        for reason in MalformedHeader.Reason.allCases {
            #expect(
                reason.label.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x5F }
            )
        }
        #expect(MalformedHeader.Reason.notAHeader.label == "not_a_header")
        #expect(Set(MalformedHeader.Reason.allCases.map(\.label)).count == MalformedHeader.Reason.allCases.count)
    }

    @Test func excerptIsBounded() {
        let description = parse(Array(repeating: 0xFF, count: 100_000)).malformed?.description ?? ""
        #expect(description.utf8.count < 300)
    }
}
