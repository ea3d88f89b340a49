import ProxyProtocol
import Testing

/// Headers arrive in pieces, and with the client's bytes behind them.
@Suite struct SplitTests {
    @Test(arguments: Fixture.all)
    func everyPrefixAsksForNoMoreThanIsMissing(fixture: Fixture) throws {
        let whole = parse(fixture.bytes)
        #expect(whole.length == fixture.bytes.count)
        for received in 0..<fixture.bytes.count {
            let missing = fixture.bytes.count - received
            let asked = try #require(parse(Array(fixture.bytes.prefix(received))).missing, "after \(received) bytes")
            #expect((1...missing).contains(asked), "after \(received) bytes")
            if fixture.isVersion2 && received >= 16 { #expect(asked == missing) }
        }
    }

    @Test(arguments: Fixture.all)
    func givingWhatIsAskedForEndsAtTheHeader(fixture: Fixture) {
        var received = 0
        while let asked = parse(Array(fixture.bytes.prefix(received))).missing { received += asked }
        #expect(received == fixture.bytes.count)
    }

    @Test(arguments: Fixture.all, ["G", "\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "\0\u{1}\r\n\r\n"])
    func whatFollowsIsLeftAlone(fixture: Fixture, payload: String) {
        #expect(parse(fixture.bytes + Array(payload.utf8)) == parse(fixture.bytes))
    }

    @Test func nothingReceivedAsksForTheShortestHeader() {
        #expect(parse([]) == .needMore(atLeast: 15))
        #expect(parse([], HeaderParser.Limits(acceptsVersion1: false)) == .needMore(atLeast: 16))
        #expect(parse([], HeaderParser.Limits(acceptsVersion2: false)) == .needMore(atLeast: 15))
    }

    @Test(arguments: [
        ("PROXY", 10), ("PROXY ", 9), ("PROXY U", 8), ("PROXY T", 15), ("PROXY TCP", 13), ("PROXY TCP6", 12),
        ("PROXY TCP4", 22), ("PROXY TCP4 ", 21), ("PROXY TCP4 192.0.2.1", 14), ("PROXY TCP4 192.0.2.1 ", 13),
        ("PROXY TCP6 2001:db8::1 ::1 ", 5), ("PROXY TCP6 2001:db8::1 ::1 5", 4), ("PROXY TCP6 2001:db8::1 ::1 5 ", 3),
        ("PROXY TCP6 2001:db8::1 ::1 5 6", 2), ("PROXY TCP6 2001:db8::1 ::1 5 6\r", 1), ("PROXY UNKNOWN", 2),
    ])
    func version1AsksForItsShortestEnd(text: String, missing: Int) {
        #expect(parse(text) == .needMore(atLeast: missing))
    }

    @Test(arguments: [
        ("", 4), ("20", 3), ("21", 3), ("2000", 2), ("2011", 2), ("2111", 14), ("2121", 38), ("2131", 218),
        ("2111 00", 13), ("2111 02", 513), ("2111 0200", 512), ("2011 00", 1), ("2011 02", 513),
    ])
    func version2AsksForWhatItsFirstBytesPromise(text: String, missing: Int) {
        #expect(parse(signature + hex(text)) == .needMore(atLeast: missing))
    }
}
