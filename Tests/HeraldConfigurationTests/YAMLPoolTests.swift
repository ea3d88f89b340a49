import HeraldConfiguration
import HeraldCore
import Testing

/// The keys that say who gets the next session, how much a server takes, and when it is passed over.
@Suite struct YAMLPoolTests {
    private func backend(_ text: String) throws -> BackendSettings {
        try settings(yaml: yamlFile(backend: text)).backends[0]
    }

    @Test(arguments: BackendSettings.Balance.allCases)
    func balance(algorithm: BackendSettings.Balance) throws {
        let backend = try backend("balance: \(algorithm)\n    servers: { s: 10.0.0.1:80 }")
        #expect(backend.balance == algorithm)
    }

    @Test func backendKeys() throws {
        let backend = try backend(
            """
            balance: leastconn
                all-backups: true
                max-queue: 100
                timeouts: { queue: 7s, connect-total: 15s }
                servers: { s: 10.0.0.1:80 }
            """
        )
        var expected = BackendSettings(name: "pool", servers: backend.servers)
        expected.balance = .leastconn
        expected.usesAllBackups = true
        expected.maximumQueue = 100
        expected.timeouts.queue = .seconds(7)
        expected.timeouts.connectTotal = .seconds(15)
        expected.timeouts.tunnel = .seconds(3600)
        #expect(backend == expected)
    }

    @Test func serverKeys() throws {
        let server = try backend(
            """
            servers:
                  s:
                    on-error: sudden-death
                    error-limit: 3
                    observe: layer4
                    check: true
                    address: 10.0.0.1:80
                    backup: true
                    maxconn: 30
                    slowstart: 30s
                    on-marked-down: shutdown-sessions
            """
        ).servers[0]
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
    }

    @Test(arguments: ObservationSettings.Action.allCases)
    func actionOnErrors(action: ObservationSettings.Action) throws {
        let keys = "check: true, observe: layer4, on-error: \(action.rawValue)"
        let server = try backend("servers: { s: { address: 10.0.0.1:80, \(keys) } }").servers[0]
        #expect(server.observation?.action == action)
        #expect(server.observation?.errorLimit == 10)
    }

    @Test func whatIsNotWrittenIsOff() throws {
        let backend = try backend("servers: { s: { address: 10.0.0.1:80, check: true, observe: layer4 } }")
        var server = ServerSettings(name: "s", address: .ip(try address("10.0.0.1:80")))
        server.check = HealthCheckSettings()
        server.observation = ObservationSettings()
        #expect(server.observation?.action == .markDown)
        var expected = BackendSettings(name: "pool", servers: [server])
        expected.timeouts.tunnel = .seconds(3600)
        #expect(backend == expected)
    }

    @Test(arguments: ["backup: false", "weight: 1", "check: true"])
    func whatIsUsualChangesNothing(key: String) throws {
        let server = try backend("servers: { s: { address: 10.0.0.1:80, check: true } }").servers[0]
        let keys = key == "check: true" ? key : "check: true, \(key)"
        #expect(try backend("servers: { s: { address: 10.0.0.1:80, \(keys) } }").servers[0] == server)
    }

    @Test(arguments: [("maxconn: 1", 1), ("maxconn: 1000000", 1_000_000)])
    func limitsOfAServer(key: String, expected: Int) throws {
        let server = try backend("servers: { s: { address: 10.0.0.1:80, \(key) } }").servers[0]
        #expect(server.maximumSessions == expected)
    }

    /// The backend's text begins at line 7, column 5.
    @Test(arguments: [
        (
            "balance: rnadom",
            "7:14: error: 'rnadom' for 'balance'; expected roundrobin, leastconn, source, random or first; did you mean 'random'?"
        ),
        (
            "balance: random(2)",
            "7:14: error: 'random(2)' for 'balance'; expected roundrobin, leastconn, source, random or first; did you mean 'random'?"
        ),
        (
            "balance:",
            "7:13: error: nothing for 'balance'; expected roundrobin, leastconn, source, random or first"
        ),
        (
            "all-backups: yes",
            "7:18: error: 'yes' for 'all-backups'; expected true or false, without quotes; did you mean 'true'?"
        ),
        (
            "allbackups: true",
            "7:5: error: unknown key 'allbackups' in a backend; expected balance, all-backups, max-queue, retries, redispatch, timeouts or servers; did you mean 'all-backups'?"
        ),
        (
            "max-queue: 0",
            "7:16: error: '0' for 'max-queue' is out of range; expected a whole number from 1 to 1000000"
        ),
        (
            "max-queue: 1000001",
            "7:16: error: '1000001' for 'max-queue' is out of range; expected a whole number from 1 to 1000000"
        ),
        ("max-queue: many", "7:16: error: 'many' for 'max-queue'; expected a whole number from 1 to 1000000"),
        ("timeouts: { queue: 0 }", "7:24: error: '0' for 'queue'; expected a duration of 1ms or more"),
        (
            "timeouts: { queue: never }",
            "7:24: error: 'never' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        (
            "timeouts: { connect-total: 0s }",
            "7:32: error: '0s' for 'connect-total'; expected a duration of 1ms or more"
        ),
        (
            "timeouts: { connect-totl: 5s }",
            "7:17: error: unknown key 'connect-totl' in a backend's timeouts; expected connect, connect-total, queue, server, server-fin, tunnel or check; did you mean 'connect-total'?"
        ),
    ])
    func backendProblems(text: String, expected: String) {
        let text = "\(text)\n    servers: { s: 10.0.0.1:80 }"
        #expect(errors(yamlFile(backend: text), "f.yaml") == [expected])
    }

    /// The server's further keys begin at column 42.
    @Test(arguments: [
        ("weight: 300", "7:50: error: '300' for 'weight' is out of range; expected a whole number from 0 to 256"),
        (
            "backup: on",
            "7:50: error: 'on' for 'backup'; expected true or false, without quotes; did you mean 'true'?"
        ),
        ("maxconn: 0", "7:51: error: '0' for 'maxconn' is out of range; expected a whole number from 1 to 1000000"),
        (
            "maxconn: 1000001",
            "7:51: error: '1000001' for 'maxconn' is out of range; expected a whole number from 1 to 1000000"
        ),
        ("maxconn: -1", "7:51: error: '-1' for 'maxconn'; expected a whole number from 1 to 1000000"),
        (
            "maxcon: 1",
            "7:42: error: unknown key 'maxcon' in a server; expected address, check, send-proxy, weight, disabled, backup, maxconn, slowstart, observe, error-limit, on-error or on-marked-down; did you mean 'maxconn'?"
        ),
        ("slowstart: 0", "7:53: error: '0' for 'slowstart'; expected a duration of 1ms or more"),
        (
            "slowstart: slow",
            "7:53: error: 'slow' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        (
            "slow-start: 5s",
            "7:42: error: unknown key 'slow-start' in a server; expected address, check, send-proxy, weight, disabled, backup, maxconn, slowstart, observe, error-limit, on-error or on-marked-down; did you mean 'slowstart'?"
        ),
        (
            "check: true, observe: layer7",
            "7:64: error: 'layer7' for 'observe'; expected layer4, as Herald does not look into what servers answer"
        ),
        (
            "check: true, observe: layer3",
            "7:64: error: 'layer3' for 'observe'; expected layer4; did you mean 'layer4'?"
        ),
        ("check: true, observe: true", "7:64: error: 'true' for 'observe'; expected layer4"),
        (
            "observe: layer4",
            "7:51: error: 'observe' of a server without 'check', which alone would bring it up again; expected 'check: true' beside it"
        ),
        (
            "check: false, observe: layer4",
            "7:65: error: 'observe' of a server without 'check', which alone would bring it up again; expected 'check: true' beside it"
        ),
        (
            "check: maybe, observe: layer4",
            "7:49: error: 'maybe' for 'check'; expected true or false, without quotes"
        ),
        (
            "chek: true, observe: layer4",
            "7:42: error: unknown key 'chek' in a server; expected address, check, send-proxy, weight, disabled, backup, maxconn, slowstart, observe, error-limit, on-error or on-marked-down; did you mean 'check'?"
        ),
        (
            "check: true, error-limit: 3",
            "7:68: error: 'error-limit' without 'observe'; expected 'observe: layer4' beside it"
        ),
        (
            "check: true, on-error: fastinter",
            "7:65: error: 'on-error' without 'observe'; expected 'observe: layer4' beside it"
        ),
        (
            "check: true, obsreve: layer4, on-error: fastinter",
            "7:55: error: unknown key 'obsreve' in a server; expected address, check, send-proxy, weight, disabled, backup, maxconn, slowstart, observe, error-limit, on-error or on-marked-down; did you mean 'observe'?"
        ),
        (
            "check: true, observe: layer4, error-limit: 0",
            "7:85: error: '0' for 'error-limit' is out of range; expected a whole number from 1 to 1000000"
        ),
        (
            "check: true, observe: layer4, on-error: markdown",
            "7:82: error: 'markdown' for 'on-error'; expected mark-down, fail-check, sudden-death or fastinter; did you mean 'mark-down'?"
        ),
        (
            "check: true, on-marked-down: shutdown",
            "7:71: error: 'shutdown' for 'on-marked-down'; expected shutdown-sessions"
        ),
    ])
    func serverProblems(keys: String, expected: String) {
        let servers = "servers: { s: { address: 10.0.0.1:8, \(keys) } }"
        #expect(errors(yamlFile(backend: servers), "f.yaml") == [expected])
    }

    @Test func detailsWithoutAnObservationAreAllReported() {
        let servers = "servers: { s: { address: 10.0.0.1:8, error-limit: 3, on-error: fastinter } }"
        #expect(
            errors(yamlFile(backend: servers), "f.yaml") == [
                "7:55: error: 'error-limit' without 'observe'; expected 'observe: layer4' beside it",
                "7:68: error: 'on-error' without 'observe'; expected 'observe: layer4' beside it",
            ]
        )
    }

    @Test func whatAnUncheckedServerNeverDoes() throws {
        let text = yamlFile(
            backend: "servers: { s: { address: 10.0.0.1:8, on-marked-down: shutdown-sessions } }"
        )
        #expect(
            lines(text, "f.yaml") == [
                "7:58: warning: 'on-marked-down' of a server without 'check', which is never down"
            ]
        )
        #expect(try settings(yaml: text).backends[0].servers[0].endsSessionsWhenDown)
    }
}
