import HeraldCore
import Testing

@Suite struct HTTPHeadReaderTests {
    private static let request = "GET /readyz HTTP/1.1\r\nHost: herald:9901\r\nX-Note: \t a: b \t\r\nAccept:\r\n\r\n"

    @Test func aHeadIsReadWhereverItIsSplit() throws {
        let bytes = Array((Self.request + "body").utf8)
        let headLength = Self.request.utf8.count
        for split in 1..<bytes.count {
            var reader = HTTPHeadReader()
            let first = reader.received(bytes[..<split])
            if split < headLength {
                #expect(first == .needMore)
                try Self.check(reader.received(bytes[split...]), bodyOffset: headLength - split)
            } else {
                try Self.check(first, bodyOffset: headLength)
            }
        }
    }

    @Test func aHeadIsReadByteByByte() throws {
        var reader = HTTPHeadReader()
        let bytes = Array(Self.request.utf8)
        for byte in bytes.dropLast() { #expect(reader.received([byte]) == .needMore) }
        #expect(reader.byteCount == bytes.count - 1)
        try Self.check(reader.received([0x0a]), bodyOffset: 1)
    }

    private static func check(_ progress: HTTPHeadReader.Progress, bodyOffset: Int) throws {
        guard case .head(let head, let offset) = progress else {
            Issue.record("\(progress)")
            return
        }
        #expect(offset == bodyOffset)
        #expect(head.startLine == "GET /readyz HTTP/1.1")
        #expect(head.fields.map(\.name) == ["host", "x-note", "accept"])
        #expect(head.fields.map(\.value) == ["herald:9901", "a: b", ""])
        #expect(head.values(of: "host") == ["herald:9901"])
    }

    @Test(arguments: ["GET / HTTP/1.0\n\n", "\r\n\r\nGET / HTTP/1.0\r\n\r\n", "\nGET / HTTP/1.0\r\n\n"])
    func bareLineFeedsAndLeadingEmptyLinesAreForgiven(text: String) {
        var reader = HTTPHeadReader()
        guard case .head(let head, _) = reader.received(text) else {
            Issue.record("refused: \(text)")
            return
        }
        #expect(head.startLine == "GET / HTTP/1.0")
        #expect(head.fields.isEmpty)
    }

    /// Each is refused as soon as its last byte has come: nobody waits for the rest of a TLS handshake.
    @Test(arguments: [
        [0x16], [0x00], Array("GET / HTTP/1.1\u{7f}".utf8), Array("GET / HTTP/1.1\r\nA: \u{1b}".utf8),
        Array("GET / HTTP/1.1\rX".utf8), Array("GET\r\r".utf8), Array("\r\n\r\n\0".utf8),
    ])
    func whatCanBeNoHeadIsRefusedAtOnce(bytes: [UInt8]) {
        var reader = HTTPHeadReader()
        for byte in bytes.dropLast() { #expect(reader.received([byte]) == .needMore) }
        #expect(reader.received(bytes.suffix(1)) == .malformed)
    }

    @Test(arguments: ["no colon", " folded: yes", "\tfolded: yes", "blank : x", ": x", "na(me: x", "ünicode: x"])
    func linesThatAreNoFieldsAreRefused(line: String) {
        var reader = HTTPHeadReader()
        #expect(reader.received("GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n") == .malformed)
    }

    @Test func theLimitHoldsForTheWholeHead() {
        let head = "GET / HTTP/1.0\r\nA: \(String(repeating: "x", count: 80))\r\n\r\n"
        var exact = HTTPHeadReader(maximumBytes: head.utf8.count)
        guard case .head = exact.received(head) else {
            Issue.record("a head of exactly the limit is refused")
            return
        }
        var short = HTTPHeadReader(maximumBytes: head.utf8.count - 1)
        #expect(short.received(head) == .tooLong)
    }

    @Test(arguments: [Array("x".utf8), Array("\r\n".utf8), Array("A: b\r\n".utf8)])
    func anEndlessHeadComesToItsEnd(piece: [UInt8]) {
        var reader = HTTPHeadReader()
        var progress = HTTPHeadReader.Progress.needMore
        for _ in 0...Limits.maximumHTTPHeadBytes where progress == .needMore { progress = reader.received(piece) }
        #expect(progress == .tooLong)
        #expect(reader.byteCount == Limits.maximumHTTPHeadBytes + 1)
    }

    @Test func anyBytesWhateverEndWithoutATrap() {
        var random = SplitMix64(seed: 9901)
        let alphabet = Array("GET / HTTP/1.1\r\n\r\n: ahost\t\u{0}é".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                alphabet[Int.random(in: alphabet.indices, using: &random)]
            }
            var reader = HTTPHeadReader(maximumBytes: 48)
            if case .head(let head, let offset) = reader.received(bytes) {
                #expect(offset <= bytes.count)
                _ = try? HTTPRequest(head)
            }
        }
    }
}

extension HTTPHeadReader {
    mutating func received(_ bytes: some Collection<UInt8>) -> Progress {
        let bytes = Array(bytes)
        return unsafe received(bytes.span.bytes)
    }

    mutating func received(_ text: String) -> Progress {
        received(Array(text.utf8))
    }
}
