import HeraldCore
import NetworkAddress
import Testing

@Suite struct DiscoveredServersTests {
    typealias Endpoint = DiscoveredServers.Endpoint

    private func settings(maximum: Int = 4, prefer: DiscoverySettings.Family? = nil) -> DiscoverySettings {
        var prototype = ServerSettings(name: "", address: .name("", port: 1))
        prototype.announcement = .version1
        prototype.weight = 7
        var settings = DiscoverySettings(
            source: .addresses(name: "web.test", port: 80),
            naming: .numbered(prefix: "web"),
            prototype: prototype
        )
        settings.maximum = maximum
        settings.preference = prefer
        return settings
    }

    private func endpoint(_ number: Int) -> Endpoint {
        Endpoint(SocketAddress(.v4(IPv4Address(bits: 0x0A00_0000 + UInt32(number))), port: 80))
    }

    /// Whether the answer changed anything.
    private func take(_ answer: [Endpoint], _ servers: inout DiscoveredServers) -> Bool {
        servers.received(answer)
    }

    private func names(_ servers: DiscoveredServers) -> [String: String] {
        Dictionary(uniqueKeysWithValues: servers.servers.map { ($0.settings.name, $0.address.ip.description) })
    }

    @Test func serversAreNumberedAndTakeAfterThePrototype() {
        var servers = DiscoveredServers(settings())
        #expect(take([endpoint(2), endpoint(1)], &servers))
        #expect(names(servers) == ["web1": "10.0.0.1", "web2": "10.0.0.2"])
        #expect(servers.servers.allSatisfy { $0.settings.announcement == .version1 && $0.settings.weight == 7 })
        #expect(servers.servers.allSatisfy { $0.settings.address == .ip($0.address) })
    }

    @Test func whoStaysKeepsItsNameAndWhoJoinsTakesTheSmallestThatIsFree() {
        var servers = DiscoveredServers(settings())
        _ = servers.received([1, 2, 3].map(endpoint))
        #expect(take([endpoint(3), endpoint(9), endpoint(1)], &servers))
        #expect(names(servers) == ["web1": "10.0.0.1", "web2": "10.0.0.9", "web3": "10.0.0.3"])
        #expect(!take([endpoint(9), endpoint(3), endpoint(1), endpoint(1)], &servers), "the order does not count")
    }

    @Test func ofTooManyTheKnownOnesAreKept() {
        var servers = DiscoveredServers(settings(maximum: 2))
        _ = servers.received([endpoint(8), endpoint(9)])
        #expect(!take((1...10_000).map(endpoint), &servers))
        #expect(servers.leftOutCount == 9998)
        #expect(names(servers) == ["web1": "10.0.0.8", "web2": "10.0.0.9"])
    }

    @Test func ofTooManyPrimariesComeBeforeBackups() {
        func backup(_ number: Int) -> Endpoint { Endpoint(endpoint(number).address, isBackup: true) }
        var servers = DiscoveredServers(settings(maximum: 2))
        _ = servers.received([backup(1), backup(2)])
        #expect(take([endpoint(9), backup(1), backup(2)], &servers))
        #expect(servers.servers.map(\.settings.isBackup).sorted { !$0 && $1 } == [false, true])
        #expect(names(servers) == ["web1": "10.0.0.1", "web2": "10.0.0.9"])
        #expect(servers.leftOutCount == 1)
    }

    /// Name servers turn the order of records around with each answer.
    @Test func anAddressThatComesTwiceIsThePrimaryOrTheHeavierOne() {
        let address = endpoint(1).address
        let answer = [
            Endpoint(address, weight: 9, isBackup: true), Endpoint(address, weight: 2), Endpoint(address, weight: 4),
        ]
        for order in [answer, answer.reversed(), [answer[1], answer[0], answer[2]]] {
            var servers = DiscoveredServers(settings())
            _ = servers.received(order)
            #expect(servers.servers.map(\.settings.weight) == [4])
            #expect(servers.servers.map(\.settings.isBackup) == [false])
        }
    }

    @Test func aPreferredFamilyIsTheOnlyOneWhereThereIsAnyOfIt() throws {
        let six = Endpoint(SocketAddress(try #require(IPAddress("2001:db8::1")), port: 80))
        var servers = DiscoveredServers(settings(prefer: .ipv6))
        _ = servers.received([endpoint(1), six])
        #expect(servers.servers.map(\.address) == [six.address])
        _ = servers.received([endpoint(1)])
        #expect(servers.servers.map(\.address) == [endpoint(1).address])
        var both = DiscoveredServers(settings())
        _ = both.received([endpoint(1), six])
        #expect(both.servers.count == 2)
    }

    @Test func oneServerIsCalledAsTheFileSays() {
        var single = settings(maximum: 1)
        single.naming = .single("db")
        var servers = DiscoveredServers(single)
        _ = servers.received([endpoint(5), endpoint(3)])
        #expect(names(servers) == ["db": "10.0.0.3"])
        _ = servers.received([endpoint(5)])
        #expect(names(servers) == ["db": "10.0.0.5"])
    }

    @Test func serviceRecordsHaveWeightsAndPriorities() {
        let ip = IPAddress.v4(IPv4Address(10, 0, 0, 1))
        func service(_ priority: UInt16, _ weight: UInt16, _ port: UInt16) -> DiscoveredServers.Service {
            DiscoveredServers.Service(priority: priority, weight: weight, port: port, addresses: [ip])
        }
        let endpoints = DiscoveredServers.endpoints(of: [
            service(10, 0, 1), service(10, 65_535, 2), service(20, 1000, 3),
        ])
        #expect(endpoints.map(\.address.port) == [1, 2, 3])
        #expect(endpoints.map(\.weight) == [1, 256, 4])
        #expect(endpoints.map(\.isBackup) == [false, false, true])
        #expect(DiscoveredServers.endpoints(of: []).isEmpty)
        // Nobody is there: the next priority comes in its place.
        var gone = service(1, 0, 4)
        gone.addresses = []
        let left = DiscoveredServers.endpoints(of: [gone, service(2, 0, 0), service(20, 1000, 3)])
        #expect(left.map(\.address.port) == [3] && left.map(\.isBackup) == [false])
    }

    @Test func whateverIsAnsweredNamesAreUniqueAndServersKeepTheirs() {
        var random = SplitMix64(seed: 5)
        var servers = DiscoveredServers(settings(maximum: 8))
        for _ in 0..<2000 {
            let answer = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                endpoint(Int.random(in: 0..<16, using: &random))
            }
            let before = names(servers)
            let changed = servers.received(answer)
            let after = names(servers)
            let asked = Set(answer.map(\.address.ip.description))
            #expect(after.count == min(8, asked.count))
            #expect(after.values.allSatisfy(asked.contains))
            #expect(before.allSatisfy { !asked.contains($0.value) || after[$0.key] == $0.value })
            #expect(changed == (before != after))
        }
    }
}
