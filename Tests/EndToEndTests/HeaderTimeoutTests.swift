import NetworkAddress
import Testing

/// Peers that take too long over their header, or leave before it.
@Suite("Header timeout", .onStage)
struct HeaderTimeoutTests {
    static let defaults = ["timeout client-hs 1s"]

    @Test func silenceIsEndedByTheTimeout() throws {
        let pair = try Pair(defaults: Self.defaults)
        let client = try pair.connect()
        var ending = Connection.Ending.open
        let lasted = try ContinuousClock().measure { ending = try client.receiveAll().ending }
        #expect(ending == .reset)
        #expect(lasted > .milliseconds(900))
        #expect(pair.herald.ending(of: client) == "header-timeout")
    }

    @Test func aByteNowAndThenDoesNotMoveTheTimeout() throws {
        let pair = try Pair(defaults: Self.defaults)
        let client = try pair.connect()
        let header = ProxyHeader.v1("203.0.113.5:51234", "198.51.100.7:443")
        let lasted = ContinuousClock().measure {
            // Five seconds' worth of bytes; sending fails once the connection is reset.
            try? client.drip(header, every: .milliseconds(100))
        }
        #expect(lasted > .milliseconds(900))
        #expect(pair.herald.ending(of: client) == "header-timeout")
        #expect(try pair.server.acceptIfAny(within: .milliseconds(50)) == nil)
    }

    @Test func theTimeoutEndsWithTheHeader() throws {
        let pair = try Pair(defaults: Self.defaults)
        let (client, server) = try pair.session()
        pause(.milliseconds(1500))
        try client.send("late\n")
        #expect(try server.receiveLine() == "late")
    }

    @Test func aPeerThatLeavesWithoutAHeaderIsToldApart() throws {
        let pair = try Pair()
        let empty = try pair.connect()
        try empty.finish()
        #expect(try empty.receiveAll().ending != .open)
        #expect(pair.herald.ending(of: empty) == "header-missing")
        let partial = try pair.connect()
        try partial.send("PROXY TCP4 203.0.")
        try partial.finish()
        #expect(try partial.receiveAll().ending != .open)
        #expect(pair.herald.ending(of: partial) == "header-missing")
        // More of it is waited for, though it can't become one any more.
        let wrong = try pair.connect()
        for piece in ["PROXY T", "XXXX"] {
            try wrong.send(piece)
            #expect(becomesTrue { pair.herald.facts.isAsleep })
        }
        try wrong.finish()
        #expect(try wrong.receiveAll().ending != .open)
        #expect(pair.herald.ending(of: wrong) == "header-malformed")
    }

    @Test func manySilentPeersDoNotHoldUpOthers() throws {
        let pair = try Pair()
        let base = pair.herald.facts.descriptorCount
        let silent = try (0..<200).map { _ in try pair.connect() }
        let (client, server) = try pair.session()
        try client.send("hello\n")
        #expect(try server.receiveLine() == "hello")
        client.close()
        server.close()
        for peer in silent {
            try peer.reset()
        }
        #expect(becomesTrue { pair.herald.facts.descriptorCount == base })
    }
}
