import NetworkAddress
import Testing

/// What the log says of servers, and how their share grows once they are back.
@Suite("Server states", .onStage)
struct ServerStateTests {
    @Test func eachChangeIsToldOnceWithItsReason() throws {
        let pool = try Pool(["check inter 50 fall 2 rise 3", "check inter 50"], backend: ["option redispatch"])
        pool.servers[0].stop()
        let down = try #require(pool.herald.event("down", of: "s1"))
        let back = try RecordingServer("s1", on: pool.servers[0].address)
        let up = try #require(pool.herald.event("up", of: "s1"))
        back.stop()
        #expect(becomesTrue { pool.herald.states(of: "s1").count == 3 })
        // Further checks tell nothing new.
        let count = pool.servers[1].records.count
        #expect(becomesTrue { pool.servers[1].records.count >= count + 5 })
        #expect(pool.herald.states(of: "s1") == ["down", "up", "down"])
        #expect(pool.herald.states(of: "s2") == [])

        for event in [down, up] {
            #expect(event.backend == "back")
            #expect(event.address == pool.servers[0].address.description)
            #expect(event.held.contains { $0.isNumber })
        }
        #expect((down.level, down.checks, down.reason) == ("warning", 2, "connection refused"))
        #expect((up.level, up.checks) == ("notice", 3))
        #expect(!up.reason.isEmpty)
    }

    @Test func withNoServerLeftTheBackendSaysSoOnce() throws {
        let pool = try Pool(["check inter 50 fall 2", "check inter 50 fall 2"])
        for server in pool.servers { server.stop() }
        #expect(pool.herald.event("down", of: "s1") != nil)
        #expect(pool.herald.event("down", of: "s2") != nil)
        let told = "backend has no server left"
        #expect(becomesTrue { pool.herald.process.output.contains(told) })
        let client = try Connection(to: .loopback(pool.port))
        #expect(try client.receiveAll().ending != .open)
        #expect(pool.herald.ending(of: client) == "no-server")
        #expect(pool.herald.process.output.split(separator: "\n").count { $0.contains(told) } == 1)
    }

    // MARK: Slow start

    private static let check = "check inter 50 fall 1 rise 1"

    /// s1 goes down and comes up again.
    private func restart(_ pool: Pool, then state: String) throws {
        pool.servers[0].stop()
        #expect(pool.herald.event("down", of: "s1") != nil)
        _ = try RecordingServer("s1", on: pool.servers[0].address)
        #expect(pool.herald.event(state, of: "s1") != nil)
    }

    @Test func aServerThatCameUpBeginsWithASmallShare() throws {
        let pool = try Pool(["\(Self.check) slowstart 24d", ""], backend: ["option redispatch"])
        #expect(try pool.visits(20).count { $0 == "s1" } == 10, "at the start, all take their share at once")
        try restart(pool, then: "starting")
        #expect(try becomesTrue { try pool.visits(17).count { $0 == "s1" } == 1 })
        // One of sixteen steps.
        #expect(try pool.visits(170).count { $0 == "s1" } == 10)
        #expect(pool.herald.states(of: "s1") == ["down", "starting"])
    }

    @Test(arguments: ["roundrobin", "random"])
    func theShareGrowsUntilItIsWhole(algorithm: String) throws {
        let pool = try Pool(
            ["\(Self.check) slowstart 3s", ""],
            backend: ["option redispatch", "balance \(algorithm)"]
        )
        try restart(pool, then: "starting")
        var names: [String?] = []
        _ = try eventually(within: .seconds(30)) { () -> Bool? in
            names += try pool.visits(16)
            return pool.herald.states(of: "s1").contains("up") ? true : nil
        }
        #expect(pool.herald.states(of: "s1") == ["down", "starting", "up"])
        let (early, late) = (names.prefix(names.count / 3), names.suffix(names.count / 3))
        #expect(early.count { $0 == "s1" } < late.count { $0 == "s1" }, "of \(names.count)")
        #expect(early.contains("s1"))
        if algorithm == "roundrobin" {
            #expect(try becomesTrue { try pool.visits(20).count { $0 == "s1" } == 10 })
        }
    }
}
