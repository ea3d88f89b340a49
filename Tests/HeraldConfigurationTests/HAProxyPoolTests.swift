import HeraldConfiguration
import HeraldCore
import Testing

/// The words that say who gets the next session, how much a server takes, and when it is passed over.
@Suite struct HAProxyPoolTests {
    /// What every small file is told, as it sets no timeouts.
    private static let missingTimeouts = "waits for ever where no timeout is set"

    private func backend(_ text: String) throws -> BackendSettings {
        try settings(haproxy: haproxyFile(backend: text)).backends[0]
    }

    private func warnings(_ text: String) -> [String] {
        lines(haproxyFile(backend: text), "f.cfg").filter { !$0.contains(HAProxyPoolTests.missingTimeouts) }
    }

    @Test(arguments: [
        ("roundrobin", BackendSettings.Balance.roundrobin), ("leastconn", .leastconn), ("source", .source),
        ("random", .random), ("random(2)", .random), ("random()", .random), ("first", .first),
    ])
    func balance(text: String, expected: BackendSettings.Balance) throws {
        let text = "balance \(text)\nserver s 10.0.0.1:80"
        #expect(try backend(text).balance == expected)
        #expect(warnings(text) == [])
    }

    @Test func staticRoundRobinHasTheSameShares() throws {
        let text = "balance static-rr\nserver s 10.0.0.1:80"
        #expect(try backend(text).balance == .roundrobin)
        #expect(
            warnings(text) == [
                "6:9: warning: 'balance static-rr' is done as 'balance roundrobin', whose shares are the same"
            ]
        )
    }

    @Test func backendKeywords() throws {
        let text = "timeout queue 7s\noption allbackups\nserver s 10.0.0.1:80"
        let backend = try backend(text)
        #expect(backend.timeouts.queue == .seconds(7))
        #expect(backend.usesAllBackups)
        #expect(warnings(text) == [])
    }

    @Test(arguments: ["", "timeout queue 0", "timeout queue 5s\ntimeout queue 0"])
    func queueTimeoutIsLeftToConnect(text: String) throws {
        #expect(try backend("\(text)\nserver s 10.0.0.1:80").timeouts.queue == nil)
    }

    @Test(arguments: [("option allbackups", true), ("option allbackups\nno option allbackups", false), ("", false)])
    func allBackups(text: String, expected: Bool) throws {
        #expect(try backend("\(text)\nserver s 10.0.0.1:80").usesAllBackups == expected)
    }

    @Test func defaultsHandThemDown() throws {
        let defaults = "defaults\nbalance leastconn\noption allbackups\ntimeout queue 9s\n"
        let backend = try settings(haproxy: defaults + haproxyFile()).backends[0]
        #expect(backend.balance == .leastconn)
        #expect(backend.usesAllBackups)
        #expect(backend.timeouts.queue == .seconds(9))
    }

    @Test func serverOptions() throws {
        let text = """
            server s 10.0.0.1:80 check backup maxconn 30 slowstart 30s observe layer4 error-limit 3 \
            on-error sudden-death on-marked-down shutdown-sessions
            """
        let server = try backend(text).servers[0]
        var expected = ServerSettings(name: "s", address: .ip(try address("10.0.0.1:80")))
        expected.check = HealthCheckSettings()
        expected.isBackup = true
        expected.maximumSessions = 30
        expected.slowStart = .seconds(30)
        var observation = ObservationSettings()
        observation.errorLimit = 3
        observation.action = .suddenDeath
        expected.observation = observation
        expected.endsSessionsWhenDown = true
        #expect(server == expected)
        #expect(warnings(text) == [])
    }

    @Test(arguments: [
        ("backup no-backup", false, Int?.none, Duration?.none), ("maxconn 0", false, nil, nil),
        ("maxconn 5 maxconn 0", false, nil, nil), ("slowstart 0", false, nil, nil),
        ("slowstart 500", false, nil, .milliseconds(500)), ("maxconn 1000000", false, 1_000_000, nil),
        ("backup slowstart 5s slowstart 0", true, nil, nil),
    ])
    func takenBack(options: String, isBackup: Bool, maximum: Int?, slowStart: Duration?) throws {
        let server = try backend("server s 10.0.0.1:80 \(options)").servers[0]
        #expect(server.isBackup == isBackup)
        #expect(server.maximumSessions == maximum)
        #expect(server.slowStart == slowStart)
    }

    @Test(arguments: [
        ("check observe layer4", ObservationSettings.Action?.some(.failCheck)),
        ("check observe layer4 on-error fastinter", .fastInterval),
        ("check observe layer4 on-error mark-down", .markDown),
        ("check observe layer4 on-error fail-check", .failCheck),
        ("check observe layer4 observe none", nil), ("check on-error mark-down error-limit 5", nil),
        ("check", nil),
    ])
    func observation(options: String, expected: ObservationSettings.Action?) throws {
        let text = "server s 10.0.0.1:80 \(options)"
        #expect(try backend(text).servers[0].observation?.action == expected)
        #expect(warnings(text) == [])
    }

    @Test func defaultServerHoldsForTheServersBelowIt() throws {
        let servers = try backend(
            """
            server a 10.0.0.1:80
            default-server check backup maxconn 7 slowstart 5s observe layer4 on-marked-down shutdown-sessions
            server b 10.0.0.1:80
            server c 10.0.0.1:80 no-backup maxconn 0 observe none
            """
        ).servers
        #expect(servers.map(\.isBackup) == [false, true, false])
        #expect(servers.map(\.maximumSessions) == [nil, 7, nil])
        #expect(servers.map(\.slowStart) == [nil, .seconds(5), .seconds(5)])
        #expect(servers.map { $0.observation?.action } == [nil, .failCheck, nil])
        #expect(servers.map(\.endsSessionsWhenDown) == [false, true, true])
    }

    /// HAProxy takes these without a word, and does nothing about them.
    @Test func whatAnUncheckedServerNeverDoes() throws {
        let text = """
            default-server observe layer4
            server a 10.0.0.1:80
            server b 10.0.0.1:80 on-marked-down shutdown-sessions observe none
            server c 10.0.0.1:80 check
            """
        #expect(
            warnings(text) == [
                "7:8: warning: 'observe' of server 'a' is not acted on: nothing checks it; expected 'check' beside it",
                "8:8: warning: 'on-marked-down' of server 'b' is not acted on: nothing checks it; expected 'check' beside it",
            ]
        )
        let servers = try backend(text).servers
        #expect(servers.map { $0.observation != nil } == [false, false, true])
    }

    @Test(arguments: [
        ("server a 10.0.0.1:80 maxconn 5 maxqueue 9", 9, []),
        ("server a 10.0.0.1:80 maxconn 5 maxqueue 0", nil, []),
        (
            "server a 10.0.0.1:80 maxconn 5 maxqueue 9\nserver b 10.0.0.1:81 maxconn 1 maxqueue 4\nserver c 10.0.0.1:82",
            13,
            [
                "6:32: warning: Herald has one queue for a backend: 13 sessions may wait in it, the sum of 'maxqueue'"
            ]
        ),
        (
            "server a 10.0.0.1:80 maxconn 5\nserver b 10.0.0.1:81 maxconn 1 maxqueue 4",
            nil,
            [
                "7:32: warning: 'maxqueue' is not acted on: Herald has one queue for a backend, and other servers' have no limit; expected 'maxqueue' for every server that has a 'maxconn'"
            ]
        ),
        (
            "server a 10.0.0.1:80 maxqueue 4",
            nil,
            ["6:22: warning: 'maxqueue' is not acted on: nothing waits where no server has a 'maxconn'"]
        ),
        (
            "default-server maxconn 5 maxqueue 600000\nserver a 10.0.0.1:80\nserver b 10.0.0.1:81",
            1_000_000,
            [
                "6:26: warning: Herald has one queue for a backend: 1000000 sessions may wait in it, the sum of 'maxqueue'"
            ]
        ),
    ])
    func queuesOfServersAreOneQueue(text: String, expected: Int?, said: [String]) throws {
        #expect(try backend(text).maximumQueue == expected)
        #expect(warnings(text) == said)
    }

    @Test(arguments: [
        ("hash-type consistent", []),
        (
            "hash-type map-based",
            ["6:11: warning: 'hash-type map-based' is not acted on: Herald's 'balance source' is always consistent"]
        ),
        (
            "hash-type consistent wt6",
            [
                "6:22: warning: 'hash-type ... wt6' is not acted on: Herald has one hash function, and it needs no more mixing"
            ]
        ),
        (
            "hash-type map-based sdbm avalanche",
            ["6:11: warning: 'hash-type map-based' is not acted on: Herald's 'balance source' is always consistent"]
        ),
    ])
    func hashTypes(text: String, said: [String]) throws {
        let text = "\(text)\nserver s 10.0.0.1:80"
        #expect(throws: Never.self) { try backend(text) }
        #expect(warnings(text) == said)
    }

    private static let unsupported = "is HAProxy syntax that Herald does not support"

    /// The backend's lines begin at line 6.
    @Test(arguments: [
        ("balance", "6:1: error: 'balance' without a value; expected roundrobin, leastconn, source, random or first"),
        (
            "balance hdr(host)",
            "6:9: error: 'balance hdr' \(unsupported); expected roundrobin, leastconn, source, random or first"
        ),
        ("balance roundrobbin", "6:9: error: unknown balance algorithm 'roundrobbin'; did you mean 'roundrobin'?"),
        ("balance leastcon", "6:9: error: unknown balance algorithm 'leastcon'; did you mean 'leastconn'?"),
        ("balance roundrobin x", "6:20: error: 'x' after 'balance'; expected the end of the line"),
        (
            "balance random(3)",
            "6:9: error: 'balance random(3)' \(unsupported); expected random(2): of two servers, the one with less to do"
        ),
        (
            "balance random(1)",
            "6:9: error: 'balance random(1)' \(unsupported); expected random(2): of two servers, the one with less to do"
        ),
        ("balance random(0)", "6:9: error: 'random(0)' for balance; expected random or random(2)"),
        ("balance random(x)", "6:9: error: 'random(x)' for balance; expected random or random(2)"),
        ("balance random(2", "6:9: error: 'random(2' for balance; expected random or random(2)"),
        ("balance leastconn(2)", "6:9: error: 'leastconn(2)' for balance; expected 'leastconn' alone"),
        ("hash-type", "6:1: error: 'hash-type' without a value; expected consistent"),
        ("hash-type consistant", "6:11: error: unknown hash type 'consistant'; did you mean 'consistent'?"),
        ("hash-type consistent crc23", "6:22: error: unknown hash function 'crc23'; did you mean 'crc32'?"),
        (
            "hash-type consistent none none none",
            "6:32: error: 'none' after 'hash-type'; expected the end of the line"
        ),
        ("option allbackups x", "6:19: error: 'x' after 'allbackups'; expected the end of the line"),
        ("timeout queue", "6:9: error: 'queue' without a value; expected a duration, such as 5s"),
        ("fullconn", nil),
        ("server s 10.0.0.1:80 maxconn", "6:22: error: 'maxconn' without a value; expected a number of sessions"),
        (
            "server s 10.0.0.1:80 maxconn -1",
            "6:30: error: '-1' for maxconn; expected a whole number from 0 to 1000000"
        ),
        (
            "server s 10.0.0.1:80 maxconn 1000001",
            "6:30: error: '1000001' for maxconn is out of range; expected a whole number from 0 to 1000000"
        ),
        (
            "server s 10.0.0.1:80 maxqueue 1e3",
            "6:31: error: '1e3' for maxqueue; expected a whole number from 0 to 1000000"
        ),
        (
            "server s 10.0.0.1:80 minconn 3",
            "6:22: error: 'server ... minconn' \(unsupported); expected 'maxconn', whatever the load"
        ),
        (
            "server s 10.0.0.1:80 slowstart soon",
            "6:32: error: 'soon' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        (
            "server s 10.0.0.1:80 check observe layer7",
            "6:36: error: 'observe layer7' \(unsupported); expected 'observe layer4'; Herald does not look into what servers answer"
        ),
        (
            "server s 10.0.0.1:80 check observe layer5",
            "6:36: error: unknown layer 'layer5' for 'observe'; did you mean 'layer4'?"
        ),
        (
            "server s 10.0.0.1:80 check observe",
            "6:28: error: 'observe' without a value; expected layer4"
        ),
        (
            "server s 10.0.0.1:80 error-limit 0",
            "6:34: error: '0' for error-limit is out of range; expected a whole number from 1 to 1000000"
        ),
        (
            "server s 10.0.0.1:80 on-error markdown",
            "6:31: error: 'markdown' for on-error; expected fastinter, fail-check, sudden-death or mark-down; did you mean 'mark-down'?"
        ),
        (
            "server s 10.0.0.1:80 on-marked-down shutdown-session",
            "6:37: error: 'shutdown-session' for on-marked-down; expected shutdown-sessions; did you mean 'shutdown-sessions'?"
        ),
        (
            "server s 10.0.0.1:80 on-marked-up shutdown-backup-sessions",
            "6:22: error: 'server ... on-marked-up' \(unsupported)"
        ),
        ("server s 10.0.0.1:80 bakcup", "6:22: error: unknown option 'bakcup' of 'server'; did you mean 'backup'?"),
        (
            "server s 10.0.0.1:80 slowstrat 5s",
            "6:22: error: unknown option 'slowstrat' of 'server'; did you mean 'slowstart'?"
        ),
        ("server s 10.0.0.1:80 track b/x", "6:22: error: 'server ... track' \(unsupported)"),
        ("server s 10.0.0.1:80 init-state up", "6:22: error: 'server ... init-state' \(unsupported)"),
    ])
    func problems(text: String, expected: String?) {
        #expect(errors(haproxyFile(backend: text), "f.cfg") == [expected].compactMap(\.self))
    }
}
