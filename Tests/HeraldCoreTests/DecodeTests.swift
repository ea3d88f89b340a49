import Foundation
import HeraldCore
import ProxyProtocol
import Testing

/// A header as JSON.
@Suite struct HeaderReportTests {
    private let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

    private func version2(_ command: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(body.count >> 8), UInt8(truncatingIfNeeded: body.count)] + body
    }

    private func tlv(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, UInt8(value.count >> 8), UInt8(truncatingIfNeeded: value.count)] + value
    }

    private func object(_ bytes: [UInt8]) throws -> [String: Any] {
        let text = try HeaderReport.json(bytes)
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func tlvs(_ body: [UInt8]) throws -> [[String: Any]] {
        let addresses: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 4, 1, 0xBB]
        return try #require(try object(version2(0x21, 0x11, addresses + body))["tlvs"] as? [[String: Any]])
    }

    @Test func keysComeInOneOrder() throws {
        let line = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\nGET"
        #expect(
            try HeaderReport.json(Array(line.utf8)) == """
                {
                  "version": 1,
                  "command": "proxy",
                  "family": "ipv4",
                  "transport": "stream",
                  "source": {
                    "address": "192.0.2.1",
                    "port": 56324
                  },
                  "destination": {
                    "address": "198.51.100.7",
                    "port": 443
                  },
                  "headerLength": 45,
                  "tlvs": [],
                  "crc32c": "absent",
                  "payloadBytes": 3
                }
                """
        )
    }

    @Test func healthCheckOfAWSHasNoEndpointsAndAValidChecksum() throws {
        let checksum: [UInt8] = [0xBC, 0xE5, 0x95, 0x1F]
        let body = tlv(3, checksum) + tlv(4, Array(repeating: 0, count: 74))
        let report = try object(version2(0x20, 0x11, body))
        #expect(report["version"] as? Int == 2)
        #expect(report["command"] as? String == "local")
        #expect(report["family"] as? String == "ipv4")
        #expect(report["source"] is NSNull)
        #expect(report["destination"] is NSNull)
        #expect(report["headerLength"] as? Int == 100)
        #expect(report["crc32c"] as? String == "valid")
        #expect(report["payloadBytes"] as? Int == 0)
        #expect(report["ignoredBytes"] == nil)
    }

    @Test func unixPathsAreShown() throws {
        let source = Array("/run/client.sock".utf8)
        let destination = [0] + Array("herald".utf8)
        let body = [source, destination].flatMap { $0 + Array(repeating: 0, count: 108 - $0.count) }
        let report = try object(version2(0x21, 0x32, body))
        #expect(report["family"] as? String == "unix")
        #expect(report["transport"] as? String == "dgram")
        #expect(report["source"] as? [String: String] == ["path": "/run/client.sock"])
        #expect(report["destination"] as? [String: String] == ["path": "@herald"])
    }

    @Test func ignoredBytesAreShown() throws {
        let report = try object(version2(0x20, 0x11, [0xFF, 0, 9, 2]))
        #expect(report["ignoredBytes"] as? String == "ff000902")
        let unknown = try object(Array("PROXY UNKNOWN ab\r\n".utf8))
        #expect(unknown["family"] as? String == "unspec")
        #expect(unknown["source"] is NSNull)
        #expect(unknown["ignoredBytes"] as? String == "206162")
    }

    @Test func textIsGivenWhereItIsText() throws {
        let found = try tlvs(
            tlv(1, Array("h2".utf8)) + tlv(2, Array("bücher.example".utf8)) + tlv(5, [0, 255])
                + tlv(5, Array("id-1".utf8))
                + tlv(0x30, Array("blue".utf8)) + tlv(4, Array("text".utf8)) + tlv(0xE5, Array("mine".utf8))
                + tlv(0xF1, []) + tlv(0xFE, [1]) + tlv(0x77, [2])
        )
        #expect(
            found.map { $0["text"] as? String } == [
                "h2", "bücher.example", nil, "id-1", "blue", nil, "mine", nil, nil, nil,
            ]
        )
        #expect(
            found.map { $0["name"] as? String } == [
                "alpn", "authority", "unique_id", "unique_id", "netns", "noop", "custom", "experimental", "reserved",
                "unknown",
            ]
        )
        #expect(found[1]["type"] as? String == "0x02")
        #expect(found[1]["length"] as? Int == 15)
        #expect(found[2]["hex"] as? String == "00ff")
        #expect(found.allSatisfy { $0["decoded"] == nil })
    }

    @Test func cloudsAreTakenApartWhereTheyHaveTheirForm() throws {
        let found = try tlvs(
            tlv(0xEA, [1] + Array("vpce-08d2bf15fac5001c9".utf8)) + tlv(0xEE, [1, 0x78, 0x56, 0x34, 0x12])
                + tlv(0xE0, [0xFF, 0, 0, 0, 0, 0, 0, 1]) + tlv(0xEA, [7, 7])
        )
        #expect(found.map { $0["name"] as? String } == ["aws", "azure", "gcp", "custom"])
        #expect(found[0]["decoded"] as? [String: String] == ["vpcEndpointId": "vpce-08d2bf15fac5001c9"])
        #expect(found[1]["decoded"] as? [String: Int] == ["linkId": 0x1234_5678])
        #expect(found[2]["decoded"] as? [String: String] == ["pscConnectionId": "18374686479671623681"])
        #expect(found[3]["decoded"] == nil)
    }

    @Test func sslIsTakenApartOneLevelDeep() throws {
        let details = tlv(0x21, Array("TLSv1.3".utf8)) + tlv(0x22, Array("a.example".utf8)) + tlv(0x20, [1, 2])
        let found = try tlvs(tlv(0x20, [3, 0, 0, 0, 0] + details))
        let ssl = try #require(found.first?["decoded"] as? [String: Any])
        #expect(
            ssl["client"] as? [String: Bool]
                == ["ssl": true, "certificateOnConnection": true, "certificateInSession": false]
        )
        #expect(ssl["verify"] as? Int == 0)
        #expect(ssl["verified"] as? Bool == true)
        let inner = try #require(ssl["tlvs"] as? [[String: Any]])
        #expect(inner.map { $0["name"] as? String } == ["ssl_version", "ssl_cn", "unknown"])
        #expect(inner.map { $0["text"] as? String } == ["TLSv1.3", "a.example", nil])
        #expect(inner[2]["decoded"] == nil)
    }

    @Test func peersCannotWriteToTheTerminal() throws {
        let name = "\u{1B}[31m\"\\\u{202E}\u{E0001}\n"
        let text = try HeaderReport.json(version2(0x21, 0x00, tlv(2, Array(name.utf8))))
        #expect(!text.contains("\u{1B}"))
        #expect(!text.contains("\u{202E}"))
        #expect(text.contains(#""\u001b[31m\"\\\u202e\udb40\udc01\n""#))
    }

    @Test func errorsAreOneLine() {
        #expect(throws: HeaderReportError.incomplete(received: 5, missing: 10)) {
            try HeaderReport.json(Array("PROXY".utf8))
        }
        #expect(
            HeaderReportError.incomplete(received: 1, missing: 15).description
                == "incomplete header: 1 byte received, at least 15 more needed"
        )
        do {
            _ = try HeaderReport.json(Array("GET / HTTP/1.1\r\n\r\n".utf8))
            Issue.record("an HTTP request is no header")
        } catch {
            #expect(error.description.hasPrefix("malformed header: found an HTTP request"))
            #expect(!error.description.contains("\n"))
        }
    }

    @Test func largestHeaderIsShown() throws {
        let body = Array(repeating: tlv(4, []), count: 21_845).flatMap(\.self)
        let report = try object(version2(0x21, 0, body))
        #expect((report["tlvs"] as? [Any])?.count == 21_845)
        #expect(report["headerLength"] as? Int == 65_551)
    }
}

/// Bytes as people paste them.
@Suite struct HexTextTests {
    private func bytes(_ text: String) throws(HexTextError) -> [UInt8] {
        try HexText.bytes(Array(text.utf8))
    }

    @Test(arguments: [
        "0d0a0d0a000d0a51", "0D0A0D0A000D0A51\n", "0d 0a 0d 0a 00 0d 0a 51", "0d:0a:0d:0a:00:0d:0a:51",
        "0d0a 0d0a\r\n000d\t0a51\r\n", "0x0d, 0x0a, 0x0d, 0x0a,\n0x00, 0x0d, 0x0a, 0x51", "0x0d0a0d0a000d0a51",
        #"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51"#, "0d0a0d0a  000d0a51", "\n\n  0d0a0d0a000d0a51",
        "00000000: 0d0a 0d0a 000d 0a51                      .......Q\n", "0x0000:  0d0a 0d0a 000d 0a51\n",
        "\t0x0000:  0d0a 0d0a 000d 0a51  .......Q\n", "00000000: 0d0a 0d0a\n00000004: 000d 0a51\n",
        "00000000  0d 0a 0d 0a 00 0d 0a 51                           |.......Q|\n00000008\n",
        "0000   0d 0a 0d 0a 00 0d 0a 51                           .......Q\n",
        // A dump may begin in the middle of something.
        "00000010: 0d0a 0d0a\n00000014: 000d 0a51",
    ])
    func everyUsualFormIsRead(text: String) throws {
        #expect(try bytes(text) == [13, 10, 13, 10, 0, 13, 10, 81])
    }

    @Test func fullLinesOfDumpsAreRead() throws {
        let expected = Array(UInt8(0x30)..<0x44)
        #expect(
            try bytes(
                """
                00000000: 3031 3233 3435 3637 3839 3a3b 3c3d 3e3f  0123456789:;<=>?
                00000010: 4041 4243                                @ABC
                """
            ) == expected
        )
        #expect(
            try bytes(
                """
                00000000  30 31 32 33 34 35 36 37  38 39 3a 3b 3c 3d 3e 3f  |0123456789:;<=>?|
                00000010  40 41 42 43                                       |@ABC|
                00000014
                """
            ) == expected
        )
        #expect(
            try bytes(
                """
                0000   30 31 32 33 34 35 36 37  38 39 3a 3b 3c 3d 3e 3f   0123456789:;<=>?
                0010   40 41 42 43                                        @ABC
                """
            ) == expected
        )
    }

    @Test func nothingIsNoBytes() throws {
        #expect(try bytes("") == [])
        #expect(try bytes(" \n\n") == [])
    }

    @Test(arguments: [
        ("0d0g", #"line 1, column 4: found "g", expected a hexadecimal digit"#),
        ("0d0a\n0d z0", #"line 2, column 4: found "z", expected a hexadecimal digit"#),
        ("0d0a\u{1}", "line 1, column 5: found byte 0x01, expected a hexadecimal digit"),
        ("é", "line 1, column 1: found byte 0xc3, expected a hexadecimal digit"),
        ("0d0", "line 1, column 3: found one hexadecimal digit alone, expected two for each byte"),
        ("0d 0 a", "line 1, column 4: found one hexadecimal digit alone, expected two for each byte"),
        ("0:d", "line 1, column 1: found one hexadecimal digit alone, expected two for each byte"),
        (
            "00000000: 0d0a\n00000010: 0d0a",
            "line 2, column 1: found offset 0x10, expected 0x2: a line is missing"
        ),
        ("00000000: 0d0a\n0d0a", "line 2, column 1: found no offset, expected one as on the lines before"),
        (
            "00000000  0d 0a\n*\n00000020\n",
            #"line 2, column 1: found "*", which stands for lines left out, expected all of them (hexdump -v)"#
        ),
        ("00000000: 0d0x", #"line 1, column 14: found "x", expected a hexadecimal digit"#),
    ])
    func errorsNameThePlace(text: String, description: String) {
        do {
            let read = try bytes(text)
            Issue.record("read as \(read)")
        } catch {
            #expect(error.description == description)
        }
    }

    @Test func whatIsWrittenIsReadAgainAndNothingCrashes() throws {
        var random = SplitMix64(seed: 1)
        let alphabet = Array("0123456789abcdefABCDEFx:,|* \n\t\\g\u{FF}".utf8)
        for _ in 0..<20_000 {
            // What begins as a header does: digits that begin with zeros may be the offset of a dump.
            let length = Int.random(in: 0...40, using: &random)
            let written = [0x0D] + (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(try bytes(HexText.text(written)) == written)
            let noise = (0..<length).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            _ = try? HexText.bytes(noise)
        }
    }
}
