import NetworkAddress
import Testing

/// What sessions that can't connect tell of a server, and what becomes of sessions when it goes down.
@Suite("Passive health", .onStage)
struct PassiveHealthTests {
    /// Visits until a server has changed its state so; everybody is answered by s2 meanwhile.
    private func visits(_ pool: Pool, until state: String) throws -> ServerEvent? {
        try eventually { () throws -> ServerEvent? in
            let name = try visit(pool.port)
            #expect(name == "s2")
            return pool.herald.serverEvents.first { $0.server == "s1" && $0.message == "server \(state)" }
        }
    }

    @Test func failedConnectsTakeAServerDownLongBeforeItsNextCheck() throws {
        let checked = try RecordingServer("checked")
        let pool = try Pool(
            ["check inter 1h port \(checked.address.port) observe layer4 error-limit 3 on-error mark-down", ""],
            backend: ["option redispatch"]
        )
        pool.servers[0].stop()
        let event = try #require(try visits(pool, until: "down"))
        #expect(event.reason == "3 connects of sessions in a row failed, the last: connection refused")
        #expect(event.checks == nil)
        #expect(event.level == "warning")

        // Nothing but checks brings it back, and the next one is an hour away.
        let back = try RecordingServer("s1", on: pool.servers[0].address)
        #expect(try pool.visits(12) == Array(repeating: "s2", count: 12))
        #expect(back.records.isEmpty)
        #expect(pool.herald.states(of: "s1") == ["down"])
    }

    @Test func checksBringAServerBackThatSessionsTookDown() throws {
        let checked = try RecordingServer("checked")
        let options =
            "check inter 1h fastinter 100 downinter 100 rise 2 port \(checked.address.port) observe layer4 error-limit 2"
        let pool = try Pool(["\(options) on-error mark-down", ""], backend: ["option redispatch"])
        pool.servers[0].stop()
        #expect(try visits(pool, until: "down") != nil)
        _ = try RecordingServer("s1", on: pool.servers[0].address)
        let event = pool.herald.event("up", of: "s1")
        #expect(event?.checks == 2)
        #expect(event?.reason.isEmpty == false)
        #expect(try becomesTrue { try visit(pool.port) == "s1" })
    }

    /// One that gets through sets the count back.
    @Test func failuresCountInARow() throws {
        let (port, address) = (try FreePorts.next(), SocketAddress.loopback(try FreePorts.next()))
        let checked = try RecordingServer("checked")
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                backend: ["retries 0"],
                servers: "\(address) check inter 1h port \(checked.address.port) observe layer4 error-limit 3 "
                    + "on-error mark-down"
            ),
            ports: port
        )
        for _ in 0..<4 {
            for _ in 0..<2 { #expect((try? visit(port)) == nil) }
            let server = try RecordingServer("s1", on: address)
            #expect(try visit(port) == "s1")
            server.stop()
        }
        #expect(herald.states(of: "s1") == [])
    }

    /// With checks an hour apart, what sessions meet either counts as a check or brings one forward.
    @Test(arguments: [
        ("fail-check", "fall 1", nil), ("sudden-death", "fall 4", 4), ("fastinter", "fall 2", 2),
    ])
    func whatFailedConnectsComeTo(action: String, fall: String, checks: Int?) throws {
        let pool = try Pool(
            ["check inter 1h fastinter 50 \(fall) observe layer4 error-limit 2 on-error \(action)", ""],
            backend: ["option redispatch"]
        )
        // The first check comes within ten seconds; if it failed, the next ones would follow by themselves.
        let isChecked = becomesTrue(within: .seconds(20)) {
            pool.servers[0].records.contains { $0.ending == .finished }
        }
        #expect(isChecked)
        pool.servers[0].stop()
        let event = try #require(try visits(pool, until: "down"))
        #expect(event.checks == checks)
    }

    /// Without a fast interval there is nothing to bring forward; but the check that is due must not be put off either.
    @Test func failedConnectsNeverPutOffACheck() throws {
        let pool = try Pool(
            ["check inter 300 fall 2 observe layer4 error-limit 1 on-error fastinter", ""],
            backend: ["option redispatch"]
        )
        pool.servers[0].stop()
        #expect(try visits(pool, until: "down")?.checks == 2)
    }

    @Test func withoutObserveOnlyChecksCount() throws {
        let checked = try RecordingServer("checked")
        let pool = try Pool(["check inter 50 port \(checked.address.port)", ""], backend: ["option redispatch"])
        pool.servers[0].stop()
        #expect(try pool.visits(30) == Array(repeating: "s2", count: 30))
        #expect(becomesTrue { checked.records.count >= 5 })
        #expect(pool.herald.states(of: "s1") == [])
    }

    // MARK: Sessions of a server that goes down

    @Test(arguments: [true, false])
    func sessionsEndWithTheirServerWhereToldTo(isToldTo: Bool) throws {
        let checked = try RecordingServer("checked")
        let check = "check inter 50 fall 2 port \(checked.address.port)"
        let pool = try Pool(["\(check) \(isToldTo ? "on-marked-down shutdown-sessions" : "")", "weight 1"])
        let guests = try (0..<8).map { _ in try pool.enter() }
        #expect(guests.counts == ["s1": 4, "s2": 4])
        checked.stop()
        #expect(pool.herald.event("down", of: "s1") != nil)
        for guest in guests where guest.server == "s1" && isToldTo {
            #expect(try guest.client.receiveAll().ending != .open)
            #expect(pool.herald.ending(of: guest.client) == "server-down")
        }
        for guest in guests where guest.server == "s2" || !isToldTo { #expect(guest.isOn) }
        #expect(becomesTrue { pool.servers[0].records.allSatisfy { ($0.ending != .open) == isToldTo } })
    }
}
