import Testing

/// Servers that take sessions only while no other does.
@Suite("Backup servers", .onStage)
struct BackupTests {
    private static let check = "check inter 50 fall 2 rise 2"

    @Test(arguments: [(["option redispatch"], ["s2"]), (["option redispatch", "option allbackups"], ["s2", "s3"])])
    func backupsComeInWhenAllOthersAreDownAndGoOutAgain(backend: [String], expected: [String]) throws {
        let pool = try Pool([Self.check, "backup \(Self.check)", "backup \(Self.check)"], backend: backend)
        #expect(try pool.visits(8) == Array(repeating: "s1", count: 8))

        pool.servers[0].stop()
        #expect(pool.herald.event("down", of: "s1") != nil)
        #expect(try becomesTrue { try Set(pool.visits(8).compactMap(\.self)) == Set(expected) })
        let guest = try pool.enter()
        #expect(expected.contains(guest.server))

        _ = try RecordingServer("s1", on: pool.servers[0].address)
        #expect(pool.herald.event("up", of: "s1") != nil)
        #expect(try becomesTrue { try pool.visits(8) == Array(repeating: "s1", count: 8) })
        #expect(guest.isOn, "a session that a backup has goes on")
        #expect(pool.herald.states(of: "s2") == [], "a backup's own state is another matter")
    }

    @Test func theNextBackupTakesThePlaceOfTheFirst() throws {
        let pool = try Pool(
            [Self.check, "backup \(Self.check)", "backup \(Self.check)"],
            backend: ["option redispatch"]
        )
        for server in [pool.servers[1], pool.servers[0]] {
            server.stop()
            #expect(pool.herald.event("down", of: server.name) != nil)
        }
        #expect(try becomesTrue { try pool.visits(8) == Array(repeating: "s3", count: 8) })
    }

    /// A drained server takes no sessions, so that its backup is needed.
    @Test func aBackupComesInForServersWithoutWeight() throws {
        let pool = try Pool(["weight 0", "disabled", "backup"])
        #expect(try pool.visits(4) == Array(repeating: "s3", count: 4))
    }
}
