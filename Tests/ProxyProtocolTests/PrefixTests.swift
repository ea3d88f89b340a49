import ProxyProtocol
import Testing

/// What an untrusted peer must not be able to send on.
@Suite struct PrefixTests {
    @Test(arguments: Fixture.all)
    func everyHeaderIsCertainOnceItsSignatureIsThere(fixture: Fixture) {
        let signatureBytes = fixture.isVersion2 ? 12 : 5
        for count in 0...fixture.bytes.count {
            let prefix = HeaderPrefix.of(Array(fixture.bytes.prefix(count)).span)
            #expect(prefix == (count < signatureBytes ? .possible : .certain))
        }
    }

    @Test(arguments: [
        "G", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "PROXI", "proxy", "\r\nGET", "\r\n\r\n\r", "\u{16}\u{3}\u{1}",
        "SSH-2.0-OpenSSH_9.2\r\n", " PROXY TCP4",
    ])
    func whatDiffersIsNone(text: String) {
        #expect(HeaderPrefix.of(Array(text.utf8).span) == .none)
    }

    @Test func wholeSignatureIsCertainWhateverFollows() {
        #expect(HeaderPrefix.of((signature + [0xFF]).span) == .certain)
        #expect(HeaderPrefix.of(Array("PROXYnonsense".utf8).span) == .certain)
    }

    @Test func noPrefixThatTheParserStillTakesIsNone() {
        var random = SeededGenerator(seed: 2)
        for fixture in Fixture.all {
            for _ in 0..<50 {
                let bytes = mutated(Array(fixture.bytes.prefix(Int.random(in: 0...40, using: &random))), &random)
                if parse(bytes).malformed == nil { #expect(HeaderPrefix.of(bytes.span) != .none) }
            }
        }
    }
}
