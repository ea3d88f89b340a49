import HeraldCore
import NetworkAddress
import Testing

@Suite struct KnownAddressesTests {
    typealias Answer = KnownAddresses.Answer

    private let four = IPAddress.v4(IPv4Address(10, 0, 0, 4))
    private let six = IPAddress.v6(IPv6Address(high: 0x2001_0db8 << 32, low: 6))

    /// `known` with what a good answer about both families has brought.
    private func after(_ answers: [DiscoverySettings.Family: Answer]) -> KnownAddresses {
        var known = KnownAddresses()
        _ = known.received(answers, of: "web.test")
        return known
    }

    private func take(
        _ answers: [DiscoverySettings.Family: Answer],
        _ known: inout KnownAddresses
    ) -> KnownAddresses.Outcome {
        known.received(answers, of: "web.test")
    }

    @Test func bothFamiliesCount() {
        var known = KnownAddresses()
        #expect(take([.ipv4: .addresses([four]), .ipv6: .addresses([six])], &known).addresses == [four, six])
        let outcome = take([.ipv4: .addresses([four]), .ipv6: .nothing("no records")], &known)
        #expect(outcome == KnownAddresses.Outcome(addresses: [four]))
    }

    @Test func aFamilyThatIsNotAnsweredStaysAsItWas() {
        var known = after([.ipv4: .addresses([four]), .ipv6: .addresses([six])])
        let outcome = take([.ipv4: .nothing("no records"), .ipv6: .unknown("silence")], &known)
        #expect(outcome == KnownAddresses.Outcome(addresses: [six], unknown: "silence"))
        #expect(take([.ipv4: .unknown("silence"), .ipv6: .unknown("silence")], &known).addresses == [six])
        #expect(take([.ipv4: .addresses([four]), .ipv6: .nothing("no records")], &known).addresses == [four])
        #expect(take([.ipv4: .addresses([four]), .ipv6: .unknown("silence")], &known).addresses == [four])
    }

    @Test func aFamilyThatNobodyEverAnswersForIsNoTrouble() {
        var known = KnownAddresses()
        for _ in 0..<2 {
            let outcome = take([.ipv4: .addresses([four]), .ipv6: .unknown("silence")], &known)
            #expect(outcome == KnownAddresses.Outcome(addresses: [four]))
        }
        var other = KnownAddresses()
        let outcome = take([.ipv4: .nothing("no records"), .ipv6: .unknown("silence")], &other)
        #expect(outcome == KnownAddresses.Outcome(addresses: [], unknown: "silence"))
    }

    /// Only IPv6 is known, and IPv4 is preferred: whether there is any of it can't be told.
    @Test func aFamilyThatWasNotAskedAboutForWantOfAnAnswerStaysAsItWas() {
        var known = after([.ipv4: .nothing("no records"), .ipv6: .addresses([six])])
        let outcome = take([.ipv4: .unknown("silence")], &known)
        #expect(outcome == KnownAddresses.Outcome(addresses: [six], unknown: "silence"))
        #expect(take([.ipv4: .addresses([four])], &known).addresses == [four], "the preferred family is there")
    }

    @Test func whereThereIsNothingItSaysWhy() {
        var known = after([.ipv4: .addresses([four])])
        let outcome = take([.ipv4: .nothing("no such name"), .ipv6: .nothing("no such name")], &known)
        #expect(outcome == KnownAddresses.Outcome(addresses: [], nothing: "no such name"))
        #expect(take([.ipv4: .unknown("silence"), .ipv6: .unknown("silence")], &known).addresses.isEmpty)
    }

    @Test func theUnspecifiedAddressIsNobodys() throws {
        var known = KnownAddresses()
        let blocked = [IPAddress.v4(IPv4Address(bits: 0))]
        let none = [IPAddress.v6(IPv6Address(high: 0, low: 0))]
        let outcome = take([.ipv4: .addresses(blocked), .ipv6: .addresses(none)], &known)
        #expect(outcome.addresses.isEmpty && outcome.nothing != nil)
        #expect(take([.ipv4: .addresses(blocked + [four])], &known).addresses == [four])
    }

    @Test func namesAreKeptApartAndForgotten() {
        var known = KnownAddresses()
        _ = known.received([.ipv4: .addresses([four])], of: "a.test")
        #expect(known.received([.ipv4: .unknown("silence")], of: "b.test").addresses.isEmpty)
        known.forget(allBut: ["b.test"])
        #expect(known.received([.ipv4: .unknown("silence")], of: "a.test").addresses.isEmpty)
    }

    /// Whatever is answered: what a family has is its last answer, as long as the name has any address.
    @Test func theLastAnswerOfEachFamilyHolds() {
        var random = SplitMix64(seed: 8)
        var known = KnownAddresses()
        var last: [DiscoverySettings.Family: [IPAddress]] = [:]
        for step in 0..<5000 {
            var answers: [DiscoverySettings.Family: Answer] = [:]
            for family in DiscoverySettings.Family.allCases {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: answers[family] = .unknown("silence")
                case 1:
                    answers[family] = .nothing("no records")
                    last[family] = []
                default:
                    let number = UInt32.random(in: 1...5, using: &random)
                    let own = family == .ipv4 ? IPAddress.v4(IPv4Address(bits: number)) : six
                    answers[family] = .addresses([own])
                    last[family] = [own]
                }
            }
            let outcome = take(answers, &known)
            #expect(outcome.addresses == (last[.ipv4] ?? []) + (last[.ipv6] ?? []), "step \(step)")
            #expect(!outcome.addresses.isEmpty || (outcome.unknown == nil) != (outcome.nothing == nil))
        }
    }
}
