import HeraldCore
import NetworkAddress
import Testing

@Suite struct TrustPolicyTests {
    private func policy(
        _ blocks: [String]?,
        otherwise: AcceptProxySettings.Otherwise = .reject
    ) throws -> TrustPolicy {
        var settings = AcceptProxySettings()
        settings.trusted = try blocks?.map { try #require(CIDRBlock($0)) }
        settings.otherwise = otherwise
        return TrustPolicy(settings)
    }

    private func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(text))
    }

    @Test(arguments: ["192.0.2.1", "::1", "::ffff:10.0.0.1", "0.0.0.0"], AcceptProxySettings.Otherwise.allCases)
    func withoutAListEverybodyIsBelieved(peer: String, otherwise: AcceptProxySettings.Otherwise) throws {
        #expect(try policy(nil, otherwise: otherwise).verdict(on: address(peer)) == .believe)
    }

    @Test(arguments: [
        (AcceptProxySettings.Otherwise.reject, TrustPolicy.Verdict.reject), (.pass, .plain), (.ignore, .disregard),
    ])
    func strangersAreTakenAsConfigured(otherwise: AcceptProxySettings.Otherwise, verdict: TrustPolicy.Verdict) throws {
        let policy = try policy(["10.0.0.0/8", "2001:db8::/32"], otherwise: otherwise)
        #expect(try policy.verdict(on: address("10.1.2.3")) == .believe)
        #expect(try policy.verdict(on: address("2001:db8::1")) == .believe)
        #expect(try policy.verdict(on: address("11.1.2.3")) == verdict)
        #expect(try policy.verdict(on: address("2001:db9::1")) == verdict)
    }

    @Test func anEmptyListTrustsNobody() throws {
        #expect(try policy([]).verdict(on: address("127.0.0.1")) == .reject)
        #expect(try policy([], otherwise: .ignore).verdict(on: address("::1")) == .disregard)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "::ffff:10.0.0.1", true), ("10.0.0.0/8", "::ffff:11.0.0.1", false),
        ("::ffff:10.0.0.0/104", "10.200.0.1", true), ("::ffff:10.0.0.0/104", "::ffff:10.200.0.1", true),
        ("::ffff:10.0.0.0/104", "11.0.0.1", false), ("::ffff:0.0.0.0/96", "203.0.113.7", true),
        ("::ffff:10.0.0.1/128", "10.0.0.1", true), ("::ffff:10.0.0.1/128", "10.0.0.2", false),
        ("::/0", "10.0.0.1", false), ("::/0", "::ffff:10.0.0.1", false), ("::/0", "ffff::1", true),
        ("0.0.0.0/0", "10.0.0.1", true), ("0.0.0.0/0", "::ffff:10.0.0.1", true), ("0.0.0.0/0", "::1", false),
        ("0.0.0.0/0", "255.255.255.255", true), ("0.0.0.0/0", "0.0.0.0", true),
        ("255.255.255.255", "255.255.255.255", true), ("255.255.255.255", "255.255.255.254", false),
        ("0.0.0.0", "0.0.0.0", true), ("0.0.0.0", "0.0.0.1", false),
        ("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true), ("::/64", "::1:0:0:0:0", false),
        ("2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff", true), ("2001:db8::/65", "2001:db8::8000:0:0:0", false),
    ])
    func blocksHoldWhatTheirPrefixSays(block: String, peer: String, isTrusted: Bool) throws {
        #expect(try policy([block]).verdict(on: address(peer)) == (isTrusted ? .believe : .reject))
    }
}

@Suite struct AddressSetTests {
    /// Addresses with few distinct prefixes, so that random blocks overlap, touch and hold random addresses.
    private func randomAddress(using random: inout SplitMix64) -> IPAddress {
        let bits = UInt64.random(in: 0...3, using: &random)
        let fill: UInt64 = Bool.random(using: &random) ? 0 : .max >> 2
        if Bool.random(using: &random) {
            let noise = UInt32.random(in: 0...UInt32.max >> UInt32.random(in: 0...31, using: &random), using: &random)
            return .v4(IPv4Address(bits: UInt32(bits) << 30 | UInt32(truncatingIfNeeded: fill) >> 2 ^ noise))
        }
        let noise = UInt64.random(in: 0...UInt64.max >> UInt64.random(in: 0...63, using: &random), using: &random)
        return .v6(IPv6Address(high: bits << 62 | fill, low: fill ^ noise))
    }

    @Test func agreesWithLookingThroughTheBlocks() throws {
        var random = SplitMix64(seed: 5)
        var hits = 0
        for _ in 0..<300 {
            let blocks = try (0..<Int.random(in: 0...12, using: &random)).map { _ in
                let address = randomAddress(using: &random)
                let prefixLength = Int.random(in: 1...(address.isIPv4 ? 32 : 128), using: &random)
                return try #require(CIDRBlock(address, prefixLength: prefixLength))
            }
            let set = AddressSet(blocks)
            for _ in 0..<100 {
                let address = randomAddress(using: &random)
                let isInside = blocks.contains { $0.contains(address) }
                if isInside { hits += 1 }
                #expect(set.contains(address) == isInside)
            }
            for block in blocks { #expect(set.contains(block.base)) }
        }
        #expect(hits > 1000)
    }

    @Test func edgesOfNeighbouringBlocksAreExact() throws {
        let set = AddressSet(try ["10.0.1.0/24", "10.0.0.0/24", "10.0.3.0/24"].map { try #require(CIDRBlock($0)) })
        for (text, isInside) in [
            ("9.255.255.255", false), ("10.0.0.0", true), ("10.0.0.255", true), ("10.0.1.0", true),
            ("10.0.1.255", true), ("10.0.2.0", false), ("10.0.2.255", false), ("10.0.3.0", true), ("10.0.3.255", true),
            ("10.0.4.0", false),
        ] {
            #expect(try set.contains(#require(IPAddress(text))) == isInside, "\(text)")
        }
    }

    @Test func aListOfManyBlocksIsLookedUpQuickly() throws {
        var random = SplitMix64(seed: 6)
        let blocks = try (0..<20_000).map { _ in
            let address = IPv4Address(bits: .random(in: 0...UInt32.max, using: &random))
            return try #require(CIDRBlock(.v4(address), prefixLength: Int.random(in: 20...32, using: &random)))
        }
        let set = AddressSet(blocks)
        let addresses = (0..<100_000).map { _ in
            IPAddress.v4(IPv4Address(bits: .random(in: 0...UInt32.max, using: &random)))
        }
        var inside = 0
        // Block by block this would be two thousand million comparisons, which no time limit of a test run survives.
        for address in addresses where set.contains(address) { inside += 1 }
        #expect(inside > 0 && inside < addresses.count)
        #expect(blocks.allSatisfy { set.contains($0.base) })
    }
}
