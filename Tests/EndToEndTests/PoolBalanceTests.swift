import NetworkAddress
import Testing

/// Who gets the next session, by sessions that are open, by the client, by chance, and by the order of the file.
@Suite("Balance by load, client, chance and order", .onStage)
struct PoolBalanceTests {
    // MARK: leastconn

    @Test(arguments: [1, 2])
    func leastconnGoesWhereTheFewestSessionsAre(threads: Int) throws {
        let pool = try Pool(["", "", ""], backend: ["balance leastconn"], threads: threads)
        let guests = try (0..<30).map { _ in try pool.enter() }
        #expect(guests.counts == ["s1": 10, "s2": 10, "s3": 10])
        try pool.leave(guests.filter { $0.server == "s2" })
        let next = try (0..<10).map { _ in try pool.enter() }
        #expect(next.counts == ["s2": 10])
        let afterThem = try (0..<3).map { _ in try pool.enter() }
        #expect(afterThem.counts == ["s1": 1, "s2": 1, "s3": 1])
    }

    @Test func leastconnHeedsWeights() throws {
        let pool = try Pool(["weight 3", "weight 1", "weight 0"], backend: ["balance leastconn"])
        let counts = try (0..<40).map { _ in try pool.enter() }.counts
        #expect((29...31).contains(counts["s1", default: 0]), "\(counts)")
        #expect(counts["s3"] == nil)
    }

    // MARK: source

    private static let clients = (1...60).map { "203.0.113.\($0)" }

    /// Which server each client has, by the address that is announced for it.
    private func homes(_ pool: Pool, from port: UInt16) throws -> [String: String] {
        var homes: [String: String] = [:]
        for client in Self.clients {
            let source = try #require(SocketAddress("\(client):\(port)"))
            homes[client] = try pool.enter(as: source).server
        }
        return homes
    }

    @Test func sourceKeepsAClientOnItsServerAndMovesOnlyThoseOfTheOneThatWent() throws {
        let options = "send-proxy-v2 check inter 50 fall 1 rise 1"
        let pool = try Pool(
            [options, options, options],
            accept: "accept-proxy",
            backend: ["balance source", "hash-type consistent", "option redispatch"]
        )
        let before = try homes(pool, from: 1000)
        #expect(Set(before.values) == ["s1", "s2", "s3"])
        #expect(try homes(pool, from: 2000) == before, "the port is no part of who a client is")

        pool.servers[1].stop()
        #expect(pool.herald.event("down", of: "s2") != nil)
        let meanwhile = try homes(pool, from: 3000)
        #expect(meanwhile.filter { before[$0.key] != "s2" } == before.filter { $0.value != "s2" })
        let moved = Set(meanwhile.filter { before[$0.key] == "s2" }.values)
        #expect(moved == ["s1", "s3"], "those of s2 are spread over the others")

        _ = try RecordingServer("s2", on: pool.servers[1].address)
        #expect(pool.herald.event("up", of: "s2") != nil)
        #expect(try becomesTrue { try homes(pool, from: 4000) == before })
    }

    /// Two Heralds with the same servers agree, as does one that was started again.
    @Test func sourceDependsOnNothingButTheFile() throws {
        let first = try Pool(["", "weight 2", ""], accept: "accept-proxy", backend: ["balance source"], threads: 1)
        let second = try Pool(["", "weight 2", ""], accept: "accept-proxy", backend: ["balance source"], threads: 2)
        #expect(try homes(first, from: 1000) == homes(second, from: 2000))
    }

    // MARK: first, random

    @Test(arguments: [1, 2])
    func firstFillsServersInOrder(threads: Int) throws {
        let pool = try Pool(["maxconn 2", "maxconn 2", ""], backend: ["balance first"], threads: threads)
        let guests = try (0..<6).map { _ in try pool.enter() }
        #expect(guests.map(\.server) == ["s1", "s1", "s2", "s2", "s3", "s3"])
        try pool.leave([guests[0], guests[3]])
        let next = try (0..<3).map { _ in try pool.enter() }
        #expect(next.map(\.server) == ["s1", "s2", "s3"])
    }

    /// Of two servers drawn the less loaded one: no server gets far from its share.
    @Test func randomSpreadsByWeight() throws {
        let pool = try Pool(["weight 2", "weight 1", "weight 0"], backend: ["balance random"])
        let counts = try (0..<90).map { _ in try pool.enter() }.counts
        #expect((40...80).contains(counts["s1", default: 0]), "\(counts)")
        #expect((10...50).contains(counts["s2", default: 0]), "\(counts)")
        #expect(counts["s3"] == nil)
    }

    // MARK: Servers that take none

    @Test(arguments: ["roundrobin", "leastconn", "source", "random", "first"])
    func aDrainingServerIsCheckedAndADisabledOneIsNot(algorithm: String) throws {
        let pool = try Pool(
            ["disabled check inter 50", "weight 0 check inter 50", "check inter 50"],
            backend: ["balance \(algorithm)"]
        )
        #expect(try pool.visits(10) == Array(repeating: "s3", count: 10))
        #expect(becomesTrue { pool.servers[1].records.count >= 3 })
        #expect(pool.servers[1].sessions.isEmpty)
        #expect(pool.servers[0].records.isEmpty)
    }
}
