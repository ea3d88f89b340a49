import Foundation
import HeraldCore
import NetworkAddress
import ProxyProtocol
import Testing

private let newYear = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)

private func parse(_ bytes: [UInt8]) throws -> [String: any Sendable] {
    let object = try JSONSerialization.jsonObject(with: Data(bytes))
    return try #require(object as? [String: any Sendable])
}

@Suite struct LogLineTests {
    private func render(_ value: LogLine.Value, as format: LogSettings.Format) -> String {
        var bytes: [UInt8] = []
        LogLine(time: newYear, level: .warning, message: "server is down", fields: ["key": value])
            .append(to: &bytes, as: format)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func aLineIsATimeALevelAMessageAndFields() throws {
        let address = try #require(SocketAddress("[2001:db8::1]:80"))
        let line = LogLine(
            time: newYear,
            level: .notice,
            message: "server is up",
            fields: [
                "backend": "web", "server": .text("s 1"), "checks": 2, "address": .address(address),
                "down_ms": .milliseconds(.microseconds(1_234_567)),
            ]
        )
        var bytes = Array("before\n".utf8)
        line.append(to: &bytes, as: .text)
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                before
                2026-01-01T00:00:00.000Z notice server is up backend=web server="s 1" checks=2 \
                address=[2001:db8::1]:80 down_ms=1234.567

                """
        )
        bytes = Array("before\n".utf8)
        line.append(to: &bytes, as: .json)
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                before
                {"time":"2026-01-01T00:00:00.000Z","level":"notice","message":"server is up","backend":"web",\
                "server":"s 1","checks":2,"address":"[2001:db8::1]:80","down_ms":1234.567}

                """
        )
    }

    @Test(arguments: [
        ("plain", "plain"), ("", #""""#), ("two words", #""two words""#), (#"say "hi""#, #""say \"hi\"""#),
        (#"back\slash"#, #""back\\slash""#), ("a=b", #""a=b""#), ("line\nend=completed", #""line\nend=completed""#),
        ("\r\t", #""\r\t""#), ("\0\u{1B}[31m", #""\u0000\u001b[31m""#), ("\u{7F}", #""\u007f""#), ("é", #""é""#),
        ("\u{85}\u{2028}\u{2029}", #""\u0085\u2028\u2029""#), ("\u{202E}gnp.exe", #""\u202egnp.exe""#),
        ("\u{E0041}", #""\udb40\udc41""#), ("🦆", #""🦆""#), ("[::1]:80", "[::1]:80"),
    ])
    func textValuesCannotBeMisread(value: String, expected: String) {
        #expect(render(.text(value), as: .text) == "\(newYear) warning server is down key=\(expected)\n")
        // JSON writes the same in quotes, always.
        let quoted = expected.hasPrefix("\"") ? expected : "\"\(expected)\""
        #expect(render(.text(value), as: .json).hasSuffix(",\"key\":\(quoted)}\n"))
    }

    @Test func messagesCannotForgeALineEither() {
        var bytes: [UInt8] = []
        let line = LogLine(time: newYear, level: .error, message: "cannot \"read\"\n\u{1B}[2J\\")
        line.append(to: &bytes, as: .text)
        #expect(String(decoding: bytes, as: UTF8.self) == "\(newYear) error cannot \"read\"\\n\\u001b[2J\\\\\n")
    }

    @Test func longTextsAreCutBetweenCharacters() {
        let limit = Limits.maximumLogValueBytes
        let fits = String(repeating: "x", count: limit)
        #expect(render(.text(fits), as: .text).hasSuffix("key=\(fits)\n"))
        #expect(render(.text(fits + "y"), as: .text).hasSuffix("key=\"\(fits)...\"\n"))
        let wide = "x" + String(repeating: "é", count: limit)
        let kept = "x" + String(repeating: "é", count: (limit - 1) / 2)
        #expect(render(.text(wide), as: .json).hasSuffix("\"key\":\"\(kept)...\"}\n"))
    }

    @Test(arguments: [Int.min, -1, 0, 1, .max])
    func integersAreWrittenWhole(number: Int) {
        #expect(render(.integer(number), as: .text).hasSuffix(" key=\(number)\n"))
    }

    @Test(arguments: [
        (Duration.zero, "0.000"), (.microseconds(1), "0.001"), (.nanoseconds(999), "0.000"),
        (.milliseconds(1500), "1500.000"), (.seconds(-1), "0.000"), (.seconds(Int64.max), "9223372036854775.807"),
    ])
    func durationsHaveThreeDecimals(duration: Duration, text: String) {
        #expect(render(.milliseconds(duration), as: .text).hasSuffix(" key=\(text)\n"))
    }

    @Test func anyTextSurvivesJSONAndStaysOneLine() throws {
        var random = SplitMix64(seed: 8)
        let likely: [Unicode.Scalar] = ["\"", "\\", "\n", "\r", "\t", "\0", "/", "{", "\u{1F}", "\u{7F}", "\u{2028}"]
        for _ in 0..<2000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                let value = UInt32.random(in: 0...0x10FFFF >> UInt32.random(in: 0...14, using: &random), using: &random)
                let scalar = Bool.random(using: &random) ? likely.randomElement(using: &random) : Unicode.Scalar(value)
                scalars.append(scalar ?? "?")
            }
            let text = String(scalars)
            let line = LogLine(time: newYear, level: .info, message: text, fields: ["key": .text(text)])
            var bytes: [UInt8] = []
            line.append(to: &bytes, as: .json)
            let object = try parse(bytes)
            let isUnchanged =
                (object["key"] as? String)?.unicodeScalars.elementsEqual(scalars) == true
                && (object["message"] as? String)?.unicodeScalars.elementsEqual(scalars) == true
            #expect(isUnchanged)
            line.append(to: &bytes, as: .text)
            #expect(bytes.filter { $0 == UInt8(ascii: "\n") }.count == 2)
            #expect(bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\n") })
        }
    }
}

@Suite struct SessionRecordTests {
    private func record(ending: SessionEnding = .completed) throws -> SessionRecord {
        SessionRecord(
            time: newYear,
            frontend: "web",
            bind: ":80",
            peer: try #require(SocketAddress("10.0.0.9:5555")),
            backend: "webservers",
            totalDuration: .milliseconds(90_210),
            ending: ending
        )
    }

    private func fullRecord() throws -> SessionRecord {
        var record = try record()
        record.header = .version2
        record.announcedSource = SocketAddress("198.51.100.7:40000")
        record.announcedDestination = SocketAddress("[2001:db8::80]:443")
        record.announcedDetails = ["aws_vpc_endpoint": "vpce-08d2bf15fac5001c9"]
        record.server = .init(name: "s1", address: try #require(SocketAddress("10.0.0.1:80")))
        record.retries = 2
        record.redispatches = 1
        record.bytesFromClient = 517
        record.bytesFromServer = .max
        record.headerDuration = .microseconds(412)
        record.queueDuration = .milliseconds(30)
        record.queuedBehind = 4
        record.connectDuration = .microseconds(1_250)
        record.load.process = 12
        record.load.frontend = 7
        record.load.backend = 5
        record.load.server = 3
        return record
    }

    private func render(_ record: SessionRecord, as format: LogSettings.Format = .text) -> String {
        var bytes: [UInt8] = []
        record.append(to: &bytes, as: format)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func aLineTellsTheWholeSession() throws {
        #expect(
            try render(fullRecord()) == """
                2026-01-01T00:00:00.000Z info session frontend=web bind=:80 peer=10.0.0.9:5555 \
                client=198.51.100.7:40000 destination=[2001:db8::80]:443 header=v2 \
                aws_vpc_endpoint=vpce-08d2bf15fac5001c9 backend=webservers server=s1 to=10.0.0.1:80 retries=2 \
                redispatches=1 bytes_from_client=517 bytes_from_server=18446744073709551615 header_ms=0.412 \
                queue_ms=30.000 queued_behind=4 connect_ms=1.250 total_ms=90210.000 process_sessions=12 \
                frontend_sessions=7 backend_sessions=5 server_sessions=3 end=completed

                """
        )
    }

    @Test func whatDidNotHappenIsNotWritten() throws {
        #expect(
            try render(record(ending: .untrustedPeer)) == """
                2026-01-01T00:00:00.000Z info session frontend=web bind=:80 peer=10.0.0.9:5555 backend=webservers \
                retries=0 bytes_from_client=0 bytes_from_server=0 total_ms=90210.000 process_sessions=0 \
                frontend_sessions=0 backend_sessions=0 end=untrusted-peer

                """
        )
    }

    @Test func jsonHasTheSameFields() throws {
        let text = try render(fullRecord(), as: .json)
        #expect(text.hasSuffix("}\n"))
        let object = try parse(Array(text.utf8))
        #expect(object["time"] as? String == "2026-01-01T00:00:00.000Z")
        #expect(object["level"] as? String == "info")
        #expect(object["message"] as? String == "session")
        #expect(object["peer"] as? String == "10.0.0.9:5555")
        #expect(object["client"] as? String == "198.51.100.7:40000")
        #expect(object["destination"] as? String == "[2001:db8::80]:443")
        #expect(object["header"] as? String == "v2")
        #expect(object["aws_vpc_endpoint"] as? String == "vpce-08d2bf15fac5001c9")
        #expect(object["to"] as? String == "10.0.0.1:80")
        #expect(object["retries"] as? Int == 2)
        #expect(object["bytes_from_server"] as? UInt64 == .max)
        #expect(object["header_ms"] as? Double == 0.412)
        #expect(object["total_ms"] as? Double == 90_210)
        #expect(object["end"] as? String == "completed")
        #expect(object.count == 27)
    }

    /// As AWS, Azure and Google Cloud write them; what has another form is somebody else's.
    @Test(
        arguments: [
            ([0xEA, 0, 5, 1, 0x76, 0x70, 0x63, 0x65], "aws_vpc_endpoint=vpce"),
            ([0xEE, 0, 5, 1, 0x78, 0x56, 0x34, 0x12], "azure_link_id=305419896"),
            ([0xE0, 0, 8, 255, 255, 255, 255, 255, 255, 255, 255], "gcp_psc_connection_id=18446744073709551615"),
            ([0x04, 0, 0, 0xEE, 0, 5, 1, 1, 0, 0, 0], "azure_link_id=1"),
            ([0xEA, 0, 1, 9], nil), ([0x02, 0, 1, 0x61], nil), ([], nil),
        ] as [([UInt8], String?)]
    )
    func theCloudThatAClientCameThroughIsTold(tlvs: [UInt8], field: String?) throws {
        let header = try ProxyHeader(
            version: .v2,
            source: try #require(SocketAddress("192.0.2.1:1")),
            destination: try #require(SocketAddress("192.0.2.2:2")),
            tlvs: try #require(TLVSequence(bytes: tlvs))
        )
        var record = try record()
        record.header = .version2
        record.announcedDetails = SessionRecord.details(of: header)
        #expect(render(record).contains(" header=v2 " + (field.map { $0 + " " } ?? "") + "backend="))
    }

    @Test func mappedPeersAreWrittenAsIPv4() throws {
        var record = try record()
        record.peer = try #require(SocketAddress("[::ffff:192.0.2.7]:9"))
        #expect(render(record).contains(" peer=192.0.2.7:9 "))
    }

    @Test func malformedHeadersAreToldByRuleAndInWords() throws {
        let ending = SessionEnding.headerMalformed(label: "bad-port", description: "port \"x\"\nat byte 31")
        let line = try render(record(ending: ending))
        #expect(line.hasSuffix(#" end=header-malformed reason=bad-port detail="port \"x\"\nat byte 31""# + "\n"))
        let object = try parse(Array(render(record(ending: ending), as: .json).utf8))
        #expect(object["detail"] as? String == "port \"x\"\nat byte 31")
    }

    @Test func aDetailOfTheRecordComesFirst() throws {
        var record = try record(ending: .connectFailed(.refused))
        #expect(render(record).hasSuffix(" end=connect-failed reason=refused detail=\"connection refused\"\n"))
        record.detail = "elsewhere"
        #expect(render(record).hasSuffix(" end=connect-failed reason=refused detail=elsewhere\n"))
    }

    @Test(arguments: [
        (SessionRecord.Header.version1, "v1"), (.version1Unknown, "v1-unknown"), (.version2, "v2"),
        (.version2Local, "v2-local"), (.version2Unknown, "v2-unknown"),
    ])
    func headersAreToldByVersionAndKind(header: SessionRecord.Header, text: String) throws {
        var record = try record()
        record.header = header
        #expect(render(record).contains(" header=\(text) "))
    }
}

@Suite struct SessionEndingTests {
    static let endings: [(SessionEnding, String)] = [
        (.completed, "completed"), (.clientGone, "client-gone"),
        (.headerMalformed(label: "x", description: "y"), "header-malformed"), (.headerTimeout, "header-timeout"),
        (.headerMissing, "header-missing"), (.untrustedPeer, "untrusted-peer"),
        (.headerFromUntrusted, "header-from-untrusted"), (.tooManyWaiting, "too-many-waiting"),
        (.noServer, "no-server"), (.connectFailed(.refused), "connect-failed"),
        (.connectFailed(.timedOut(after: .seconds(5), .connecting)), "connect-timeout"),
        (.localResources, "local-resources"), (.clientReset, "client-reset"), (.serverReset, "server-reset"),
        (.idleTimeout, "idle-timeout"), (.clientFinTimeout, "client-fin-timeout"),
        (.serverFinTimeout, "server-fin-timeout"), (.drained, "drained"), (.stopped, "stopped"),
    ]

    @Test(arguments: endings)
    func labelsAreStable(ending: SessionEnding, label: String) {
        #expect(ending.label == label)
    }

    @Test func labelsAreUnlikeEachOther() {
        #expect(Set(Self.endings.map(\.0.label)).count == Self.endings.count)
    }

    @Test(arguments: endings)
    func onlyCompletedSessionsAreNoErrors(ending: SessionEnding, label: String) {
        #expect(ending.isError == (label != "completed"))
        #expect(ending.isLogged(with: .all))
        #expect(ending.isLogged(with: .errors) == ending.isError)
        #expect(!ending.isLogged(with: .off))
    }
}
