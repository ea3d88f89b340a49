import NetworkAddress
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("::FFFF:c000:201", "::ffff:192.0.2.1"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ("0:0:0:0:0:0:0:0", "::"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("fe80::1", "fe80::1"), ("0:0:1::", "0:0:1::"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ])
    func readsAndWritesCanonically(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", " 1.2.3.4", "1..2.3", "1.2.3.4/8",
        "+1.2.3.4",
        ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7:8::", "::1%eth0",
        "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::", ":1", "1:", "::1.2.3", "1:2:3:4:5:6:7::8", "4294967297.0.0.1",
    ])
    func refusesWhatIsNoAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func randomIPv6AddressesSurviveTheirText() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            // Groups of zero are likely, so that the place of "::" moves about.
            var halves: [UInt64] = [0, 0]
            for group in 0..<8 where Bool.random(using: &random) {
                halves[group / 4] |= UInt64(UInt16.random(in: 0...UInt16.max)) << UInt64(16 * (group % 4))
            }
            let address = IPAddress.v6(IPv6Address(high: halves[0], low: halves[1]))
            #expect(IPAddress(address.description) == address)
        }
    }

    @Test func mappedAddressesAreUnmapped() {
        #expect(IPAddress("::ffff:10.0.0.1")?.unmapped == IPAddress("10.0.0.1"))
        #expect(IPAddress("::fffe:10.0.0.1")?.unmapped == IPAddress("::fffe:10.0.0.1"))
        #expect(IPAddress("10.0.0.1").map { IPAddress.v6($0.asIPv6).description } == "::ffff:10.0.0.1")
    }

    @Test(arguments: ["1.2.3.4:0", "255.255.255.255:65535", "[::1]:80", "[2001:db8::1]:443"])
    func socketAddressesSurviveTheirText(text: String) {
        #expect(SocketAddress(text)?.description == text)
    }

    @Test(arguments: [
        "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:080", "::1:80", "[1.2.3.4]:80", "[::1]", "a:1", ":80",
    ])
    func refusesWhatIsNoSocketAddress(text: String) {
        #expect(SocketAddress(text) == nil)
    }
}

@Suite struct CIDRBlockTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "255.1.2.3", true),
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("192.0.2.1/31", "192.0.2.0", true),
        ("10.0.0.0/8", "::ffff:10.0.0.1", true), ("::/0", "10.0.0.1", false), ("::/0", "2001:db8::1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
        ("2001:db8::/65", "2001:db8::7fff:0:0:1", true), ("2001:db8::/65", "2001:db8::8000:0:0:1", false),
        ("2001:db8::1/128", "2001:db8::1", true), ("2001:db8::1/128", "2001:db8::2", false),
    ])
    func containsByPrefix(block: String, address: String, isInside: Bool) throws {
        let address = try #require(IPAddress(address))
        #expect(try #require(CIDRBlock(block)).contains(address) == isInside)
    }

    @Test(arguments: ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0/8", "host/8"])
    func refusesWhatIsNoBlock(text: String) {
        #expect(CIDRBlock(text) == nil)
    }

    @Test func bitsBehindThePrefixAreCleared() {
        #expect(CIDRBlock("10.1.2.3/8")?.description == "10.0.0.0/8")
    }
}
