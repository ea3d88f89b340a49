import HeraldConfiguration
import HeraldCore
import NetworkAddress
import Testing

@Suite struct YAMLSettingsTests {
    @Test func shortestFileHasTheDefaults() throws {
        let settings = try settings(yaml: yamlFile())
        #expect(settings.process == ProcessSettings())
        let frontend = try #require(settings.frontends.first)
        #expect(frontend.name == "web")
        #expect(frontend.backend == 0)
        #expect(frontend.binds == [BindSettings(address: BindAddress(try address("0.0.0.0:80"), family: .ipv4))])
        #expect(frontend.maximumSessions == nil)
        #expect(frontend.clientTimeout == nil)
        #expect(frontend.clientFinTimeout == nil)
        let backend = try #require(settings.backends.first)
        #expect(backend.name == "pool")
        #expect(backend.balance == .roundrobin)
        #expect(backend.retries == 3)
        #expect(backend.redispatches)
        #expect(backend.timeouts.connect == .seconds(5))
        #expect(backend.timeouts.server == nil)
        #expect(backend.timeouts.serverFin == nil)
        #expect(backend.timeouts.tunnel == .seconds(3600))
        #expect(backend.servers == [ServerSettings(name: "s", address: .ip(try address("10.0.0.1:80")))])
    }

    @Test func designExampleLoadsLetterForLetter() throws {
        let configuration = try read(
            """
            admin:
              bind: 127.0.0.1:9901
            frontends:
              mywebsite:
                bind:
                  - address: ":80"
                    accept-proxy: true            # or a mapping: from, versions, timeout, otherwise
                default-backend: webservers
            backends:
              webservers:
                balance: roundrobin
                servers:
                  s1: { address: 192.168.56.20:3000, check: true, send-proxy: v1 }
                  s2: { address: 192.168.56.21:3000, check: true, send-proxy: v2 }
            """,
            "herald.yaml"
        )
        #expect(configuration.settings.process.admin == (try address("127.0.0.1:9901")))
        #expect(configuration.settings.frontends[0].binds[0].acceptProxy == AcceptProxySettings())
        let servers = configuration.settings.backends[0].servers
        #expect(servers.map(\.name) == ["s1", "s2"])
        #expect(servers.map(\.announcement) == [.version1, .version2(Version2Options())])
        #expect(servers.map(\.check?.announcement) == [.version1, .version2(Version2Options())])
        #expect(servers.map(\.address.description) == ["192.168.56.20:3000", "192.168.56.21:3000"])
        #expect(configuration.report.lines.count == 1)
        #expect(configuration.report.lines[0].hasPrefix("herald.yaml:7:23: warning: "))
        #expect(!configuration.report.hasErrors)
    }

    @Test func processKeys() throws {
        let text = """
            threads: 4
            maximum-sessions: 10000
            drain-delay: 5s
            drain-timeout: 1m
            splice: false
            log: { format: json, level: warning, sessions: errors }
            admin: { bind: "[::1]:9901" }

            """
        var expected = ProcessSettings()
        expected.threads = 4
        expected.maximumSessions = 10_000
        expected.drainDelay = .seconds(5)
        expected.drainTimeout = .seconds(60)
        expected.splices = false
        expected.log.format = .json
        expected.log.level = .warning
        expected.log.sessions = .errors
        expected.admin = try address("[::1]:9901")
        #expect(try settings(yaml: text + yamlFile()).process == expected)
        #expect(try settings(yaml: "drain-timeout: 0\n" + yamlFile()).process.drainTimeout == .zero)
        #expect(try settings(yaml: "log: { sessions: off }\n" + yamlFile()).process.log.sessions == .off)
    }

    @Test(arguments: [
        ("\":80\"", "0.0.0.0:80", BindAddress.Family.ipv4),
        ("\"*:80\"", "0.0.0.0:80", .ipv4),
        ("0.0.0.0:80", "0.0.0.0:80", .ipv4),
        ("192.0.2.1:80", "192.0.2.1:80", .ipv4),
        ("ipv4@192.0.2.1:80", "192.0.2.1:80", .ipv4),
        ("\"ipv6@:80\"", "[::]:80", .ipv6),
        ("\"[::]:80\"", "[::]:80", .ipv6),
        ("\"[::]:80 v6only\"", "[::]:80", .ipv6),
        ("\"[::]:80 v4v6\"", "[::]:80", .dualStack),
        ("\":::80 v4v6\"", "[::]:80", .dualStack),
        ("\"[2001:db8::1]:80\"", "[2001:db8::1]:80", .ipv6),
        ("\"[2001:db8::1]:80 v6only\"", "[2001:db8::1]:80", .ipv6),
        ("2001:db8::1:80", "[2001:db8::1]:80", .ipv6),
    ])
    func bindAddresses(text: String, expected: String, family: BindAddress.Family) throws {
        let expected = BindAddress(try address(expected), family: family)
        for bind in [text, "[\(text)]", "{ address: \(text) }", "[{ address: \(text) }]"] {
            let settings = try settings(yaml: yamlFile(frontend: "bind: \(bind)"))
            #expect(settings.frontends[0].binds.map(\.address) == [expected], "\(bind)")
        }
    }

    @Test func frontendKeys() throws {
        let settings = try settings(
            yaml: yamlFile(
                frontend: """
                    bind: [":80", ":81"]
                        maxconn: 1000
                        timeouts: { client: 30s, client-fin: 10s }
                    """
            )
        )
        let frontend = settings.frontends[0]
        #expect(frontend.binds.map(\.address.description) == ["0.0.0.0:80", "0.0.0.0:81"])
        #expect(frontend.maximumSessions == 1000)
        #expect(frontend.clientTimeout == .seconds(30))
        #expect(frontend.clientFinTimeout == .seconds(10))
    }

    @Test func acceptProxyKeys() throws {
        let settings = try settings(
            yaml: yamlFile(
                frontend: """
                    bind:
                          address: ":80"
                          accept-proxy:
                            from: [10.0.0.0/8, 2001:db8::/32, 192.0.2.1, 172.16.0.0/255.240.0.0]
                            otherwise: pass
                            versions: [v2]
                            timeout: 7s
                            max-header-bytes: 65551
                    """
            )
        )
        var expected = AcceptProxySettings()
        expected.trusted = try ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32", "172.16.0.0/12"].map {
            try #require(CIDRBlock($0))
        }
        expected.otherwise = .pass
        expected.acceptsVersion1 = false
        expected.timeout = .seconds(7)
        expected.maximumHeaderBytes = 65_551
        #expect(settings.frontends[0].binds[0].acceptProxy == expected)
    }

    @Test(arguments: [
        ("v1", true, false), ("[v1]", true, false), ("v2", false, true), ("[v1, v2]", true, true),
    ])
    func acceptedVersions(text: String, version1: Bool, version2: Bool) throws {
        let bind = "bind: { address: \":80\", accept-proxy: { from: 10.0.0.0/8, versions: \(text) } }"
        let accept = try #require(try settings(yaml: yamlFile(frontend: bind)).frontends[0].binds[0].acceptProxy)
        #expect(accept.acceptsVersion1 == version1)
        #expect(accept.acceptsVersion2 == version2)
    }

    @Test func acceptProxyFalseIsNone() throws {
        let text = yamlFile(frontend: "bind: { address: \":80\", accept-proxy: false }")
        #expect(try settings(yaml: text).frontends[0].binds[0].acceptProxy == nil)
        #expect(lines(text, "f.yaml") == [])
    }

    @Test func backendKeys() throws {
        let backend = try settings(
            yaml: yamlFile(
                backend: """
                    balance: roundrobin
                        retries: 0
                        redispatch: false
                        timeouts: { connect: 1s, server: 2m, server-fin: 30s, tunnel: 1d, check: 700ms }
                        servers: { a: { address: "10.0.0.1:80", check: true }, b: { address: "[::1]:80", check: { timeout: 1s } } }
                    """
            )
        ).backends[0]
        #expect(backend.retries == 0)
        #expect(!backend.redispatches)
        #expect(backend.timeouts.connect == .seconds(1))
        #expect(backend.timeouts.server == .seconds(120))
        #expect(backend.timeouts.serverFin == .seconds(30))
        #expect(backend.timeouts.tunnel == .seconds(86_400))
        #expect(backend.servers.map(\.check?.timeout) == [.milliseconds(700), .seconds(1)])
    }

    /// Above the servers or below them, the backend's timeout for checks is the same.
    @Test func checkTimeoutHoldsWhereverItStands() throws {
        let below = "servers: { a: { address: 10.0.0.1:80, check: true } }\n    timeouts: { check: 700ms }"
        #expect(
            try settings(yaml: yamlFile(backend: below)).backends[0].servers[0].check?.timeout == .milliseconds(700)
        )
    }

    @Test func serverKeys() throws {
        let server = try settings(
            yaml: yamlFile(
                backend: """
                    servers:
                          s:
                            address: app.example.com:8080
                            weight: 256
                            disabled: true
                            check:
                              interval: 3s
                              fast-interval: 500ms
                              down-interval: 10s
                              rise: 1
                              fall: 5
                              timeout: 900ms
                              port: 8081
                              address: 192.0.2.7
                              send-proxy: v2
                            send-proxy:
                              version: v2
                              crc32c: true
                              tlvs:
                                pass: [0xEA, authority]
                                add: { 0xE5: "text", authority: host.example }
                    """
            )
        ).backends[0].servers[0]
        #expect(server.name == "s")
        #expect(server.address == .name("app.example.com", port: 8080))
        #expect(server.weight == 256)
        #expect(server.isDisabled)
        var check = HealthCheckSettings()
        check.interval = .seconds(3)
        check.fastInterval = .milliseconds(500)
        check.downInterval = .seconds(10)
        check.rise = 1
        check.fall = 5
        check.timeout = .milliseconds(900)
        check.port = 8081
        check.address = IPAddress("192.0.2.7")
        check.announcement = .version2(Version2Options())
        #expect(server.check == check)
    }

    @Test func tlvsOfAServer() throws {
        let text = """
            servers: { s: { address: "10.0.0.1:80", send-proxy: { version: v2, crc32c: true,
                      tlvs: { pass: [0xEA, unique_id, azure], add: { 0xE5: "té\\x01", authority: host.example } } } } }
            """
        let server = try settings(yaml: yamlFile(backend: text)).backends[0].servers[0]
        guard case .version2(let options) = server.announcement else {
            Issue.record("not version 2")
            return
        }
        #expect(options.hasChecksum)
        #expect(options.passedTypes == [0xEA, 0x05, 0xEE])
        #expect(
            options.addedTLVs == [
                Version2Options.AddedTLV(type: 0xE5, value: Array("té\u{1}".utf8)),
                Version2Options.AddedTLV(type: 0x02, value: Array("host.example".utf8)),
            ]
        )
    }

    /// As HAProxy: the check sends what the server gets, unless it goes elsewhere; and version 2 is LOCAL, without TLVs.
    @Test(arguments: [
        ("check: true", Announcement.none),
        ("check: true, send-proxy: v1", .version1),
        ("check: {}, send-proxy: v2", .version2(Version2Options())),
        ("check: true, send-proxy: { version: v2, crc32c: true }", .version2(Version2Options())),
        ("check: { port: 81 }, send-proxy: v2", .none),
        ("check: { address: 10.0.0.2 }, send-proxy: v1", .none),
        ("check: { port: 81, send-proxy: true }, send-proxy: v2", .version2(Version2Options())),
        ("check: { send-proxy: false }, send-proxy: v2", .none),
        ("check: { send-proxy: v1 }", .version1),
        ("check: { send-proxy: v2 }, send-proxy: v1", .version2(Version2Options())),
    ])
    func headerOfAChecks(text: String, expected: Announcement) throws {
        let settings = try settings(yaml: yamlFile(backend: "servers: { s: { address: 10.0.0.1:80, \(text) } }"))
        #expect(settings.backends[0].servers[0].check?.announcement == expected)
    }

    @Test(arguments: [
        ("500us", Duration.milliseconds(1)), ("1500us", .milliseconds(2)), ("7", .milliseconds(7)),
        ("500ms", .milliseconds(500)), ("5s", .seconds(5)), ("1m", .seconds(60)), ("1h", .seconds(3600)),
        ("1d", .seconds(86_400)), ("\"5s\"", .seconds(5)), ("2147483647ms", .milliseconds(2_147_483_647)),
        ("24d", .seconds(24 * 86_400)),
    ])
    func durations(text: String, expected: Duration) throws {
        let file = yamlFile(frontend: "bind: \":80\"\n    timeouts: { client: \(text) }")
        #expect(try settings(yaml: file).frontends[0].clientTimeout == expected)
    }

    /// A default must not outlast what the file says of silence.
    @Test(arguments: [
        ("client: never", "server: never, tunnel: never", Duration?.none, Duration?.none, Duration?.none),
        ("client: 30s", "tunnel: 2h", .seconds(30), nil, .seconds(7200)),
        ("client: 30s", "connect: 5s", .seconds(30), .seconds(3600), nil),
        ("client-fin: 30s", "server: 30s", nil, .seconds(30), nil),
        ("client: 30s", "server: never", .seconds(30), nil, nil),
        ("client-fin: 30s", "server-fin: 30s", nil, nil, .seconds(3600)),
    ])
    func idleTimeouts(
        frontend: String,
        backend: String,
        client: Duration?,
        server: Duration?,
        tunnel: Duration?
    ) throws {
        let settings = try settings(
            yaml: yamlFile(
                frontend: "bind: \":80\"\n    timeouts: { \(frontend) }",
                backend: "servers: { s: 10.0.0.1:80 }\n    timeouts: { \(backend) }"
            )
        )
        #expect(settings.frontends[0].clientTimeout == client)
        #expect(settings.backends[0].timeouts.server == server)
        #expect(settings.backends[0].timeouts.tunnel == tunnel)
    }

    @Test func frontendsFindTheirBackends() throws {
        let settings = try settings(
            yaml: """
                frontends:
                  a: { bind: ":1", default-backend: y }
                  b: { bind: ":2", default-backend: x }
                  x: { bind: ":3", default-backend: x }
                backends:
                  x: { servers: { s: 10.0.0.1:80 } }
                  y: { servers: { s: 10.0.0.1:80 } }
                """
        )
        #expect(settings.frontends.map { settings.backends[$0.backend].name } == ["y", "x", "x"])
    }

    @Test func wordsThatYAMLTakesForValuesCanBeNames() throws {
        let settings = try settings(
            yaml:
                "frontends: { true: { bind: ':1', default-backend: '5' } }\nbackends: { 5: { servers: { null: 10.0.0.1:80 } } }"
        )
        #expect(settings.frontends[0].name == "true")
        #expect(settings.backends[0].name == "5")
        #expect(settings.backends[0].servers[0].name == "null")
    }
}
