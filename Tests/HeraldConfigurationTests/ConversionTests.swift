import HeraldConfiguration
import HeraldCore
import NetworkAddress
import Testing

/// What `herald convert` prints is what it read.
@Suite struct ConversionTests {
    private func expectSameAsYAML(_ settings: ProxySettings, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let text = YAMLWriter.write(settings, comment: ["Written by a test."])
        do throws(ConfigurationError) {
            #expect(try read(text, "f.yaml").settings == settings, "\(text)", sourceLocation: sourceLocation)
        } catch {
            Issue.record("\(error.lines.joined(separator: "\n"))\n\(text)", sourceLocation: sourceLocation)
        }
    }

    @Test func silenceIsWrittenOut() throws {
        let text = YAMLWriter.write(
            try settings(haproxy: haproxyFile("bind [::1]:8", backend: "server s 10.0.0.1:80 check"))
        )
        #expect(
            text == """
                frontends:
                  web:
                    bind:
                      - address: ":80"
                      - address: "[::1]:8"
                    default-backend: pool
                    timeouts:
                      client: never
                backends:
                  pool:
                    balance: roundrobin
                    retries: 3
                    redispatch: false
                    timeouts:
                      connect: 1d
                      server: never
                      tunnel: never
                    servers:
                      s: { address: 10.0.0.1:80, check: true }

                """
        )
    }

    @Test(arguments: exampleFiles)
    func exampleFilesComeBack(name: String) throws {
        try expectSameAsYAML(
            try Configuration.read(exampleBytes(name), fileName: name, environment: noVariables).settings
        )
    }

    @Test func commentsCannotEndTheirLine() throws {
        let settings = try settings(haproxy: haproxyFile())
        let text = YAMLWriter.write(settings, comment: ["from a\nthreads: 5"])
        #expect(text.hasPrefix("# from a\\nthreads: 5\n"))
        #expect(try read(text, "f.yaml").settings == settings)
    }

    @Test(arguments: 0..<40)
    func randomHAProxyFilesComeBack(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        for _ in 0..<10 {
            try expectSameAsYAML(try settings(haproxy: HAProxyText.random(&generator)))
        }
    }

    @Test(arguments: 0..<40)
    func randomSettingsComeBack(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed &+ 1_000_000)
        for _ in 0..<10 { try expectSameAsYAML(RandomSettings.settings(&generator)) }
    }
}

/// Valid files of every keyword.
private enum HAProxyText {
    static func random(_ generator: inout SeededGenerator) -> String {
        let count = Int.random(in: 1...3, using: &generator)
        var text = ""
        if Bool.random(using: &generator) {
            text +=
                "global\n nbthread \(Int.random(in: 1...256, using: &generator))\n maxconn 500\n hard-stop-after 90s\n nosplice\n"
        }
        if Bool.random(using: &generator) {
            text += "defaults\n" + some(proxyLines(&generator), &generator)
        }
        for index in 0..<count {
            let option = pick(["", " accept-proxy", " defer-accept"], &generator)
            text += "frontend f\(index)\n bind :\(1000 + index)\(option)\n"
            text += " bind [::]:\(2000 + index) \(pick(["v4v6", "v6only"], &generator))\n default_backend b\(index)\n"
            text += some(proxyLines(&generator) + expectLines, &generator)
            text += "backend b\(index)\n" + some(proxyLines(&generator), &generator) + servers(&generator)
            text += "listen l\(index)\n bind 10.0.0.1:\(1000 + index)\n" + some(proxyLines(&generator), &generator)
            text += servers(&generator)
        }
        return text + resolvers
    }

    private static let expectLines = [
        " tcp-request connection expect-proxy layer4 if { src 10.0.0.0/8 2001:db8::/32 }",
        " tcp-request connection expect-proxy layer4",
    ]

    private static func proxyLines(_ generator: inout SeededGenerator) -> [String] {
        let names = [
            "client", "client-fin", "client-hs", "connect", "server", "server-fin", "tunnel", "check", "queue",
        ]
        let algorithms = ["roundrobin", "static-rr", "leastconn", "source", "random", "random(2)", "first"]
        let durations = ["0", "1", "999us", "1500", "5s", "90s", "1m", "61m", "1h", "24d"]
        return names.map { " timeout \($0) \(pick(durations, &generator))" } + [
            " retries \(Int.random(in: 0...100, using: &generator))", " option redispatch", " no option redispatch",
            " maxconn \(Int.random(in: 0...9, using: &generator))", " mode tcp",
            " balance \(pick(algorithms, &generator))", " hash-type consistent", " option allbackups",
            " default-server \(options(&generator))", " option httpchk",
            " option httpchk HEAD /a HTTP/1.1\\r\\nHost:\\ b",
            " option tcp-check", " http-check send meth GET uri /b?c=\\\"d\\\" hdr X-A 'b: c'",
            " http-check expect status 200,300-399", " tcp-check expect string '220 '", " tcp-check send QUIT\\r\\n",
            " tcp-check send-binary 00fF", " tcp-check expect binary 0d0a",
        ]
    }

    private static func servers(_ generator: inout SeededGenerator) -> String {
        let hosts = ["10.0.0.1:80", "[2001:db8::1]:80", "::1:80", "a.example:80", "null:1", "5.example:80"]
        let names = ["s", "true", "-", "1", "a:b", ".x", "null"]
        let servers = names.prefix(Int.random(in: 0...7, using: &generator)).map { name in
            " server \(name) \(pick(hosts, &generator)) \(options(&generator))\n"
        }
        let sources = ["web.example:80", "_http._tcp.web.example", "5.example:80"]
        let templates = ["t", "null"].prefix(Int.random(in: 0...2, using: &generator)).map { prefix in
            " server-template \(prefix) \(pick(["1", "1-7", "1024"], &generator)) \(pick(sources, &generator)) "
                + "\(options(&generator))\n"
        }
        return (servers + templates).joined()
    }

    private static let resolvers = """
        resolvers dns
         nameserver a 10.0.0.53:53
         nameserver b [::1]:54
         resolve_retries 100
         timeout resolve 250
         timeout retry 1m
        resolvers system
         parse-resolv-conf

        """

    private static func options(_ generator: inout SeededGenerator) -> String {
        let all = [
            "check", "no-check", "inter 3s", "fastinter 1", "downinter 10s", "rise 1", "fall 9", "port 81", "addr ::2",
            "weight 0", "weight 256", "disabled", "enabled", "send-proxy", "send-proxy-v2", "no-send-proxy",
            "check-send-proxy",
            "no-check-send-proxy", "proxy-v2-options crc32c", "backup", "no-backup", "maxconn 0", "maxconn 30",
            "maxqueue 7", "slowstart 30s", "observe layer4", "observe none", "error-limit 3",
            "on-error \(pick(["fastinter", "fail-check", "sudden-death", "mark-down"], &generator))",
            "on-marked-down shutdown-sessions", "resolvers \(pick(["dns", "system"], &generator))",
            "resolve-prefer \(pick(["ipv4", "ipv6"], &generator))",
            "init-addr \(pick(["last,libc,none", "libc", "none", "10.0.0.9", "libc,::1"], &generator))",
        ]
        return all.filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }.joined(separator: " ")
    }

    private static func some(_ lines: [String], _ generator: inout SeededGenerator) -> String {
        lines.filter { _ in Bool.random(using: &generator) }.map { $0 + "\n" }.joined()
    }

    private static func pick(_ words: [String], _ generator: inout SeededGenerator) -> String {
        words[Int.random(in: 0..<words.count, using: &generator)]
    }
}

/// Settings of every kind that YAML can say, HAProxy's syntax or not.
private enum RandomSettings {
    static func settings(_ generator: inout SeededGenerator) -> ProxySettings {
        var process = ProcessSettings()
        process.threads = maybe(Int.random(in: 1...256, using: &generator), &generator)
        process.maximumSessions = maybe(77, &generator)
        process.drainDelay = duration(&generator)
        process.drainTimeout = duration(&generator)
        process.splices = Bool.random(using: &generator)
        process.admin = maybe(SocketAddress(.v6(IPv6Address(high: 0, low: 1)), port: 9901), &generator)
        process.log.format = one(LogSettings.Format.allCases, &generator)
        process.log.level = one(LogSettings.Level.allCases, &generator)
        process.log.sessions = one(LogSettings.Sessions.allCases, &generator)
        let backends = (0..<3).map { backend("b\($0)", &generator) }
        let frontends = (0..<3).map { frontend($0, &generator) }
        return ProxySettings(process: process, frontends: frontends, backends: backends)
    }

    private static func frontend(_ index: Int, _ generator: inout SeededGenerator) -> FrontendSettings {
        let any4 = IPAddress.v4(IPv4Address(bits: 0))
        let any6 = IPAddress.v6(IPv6Address(high: 0, low: 0))
        let port = UInt16(1000 + index)
        let binds = [
            BindAddress(SocketAddress(any4, port: port), family: .ipv4),
            BindAddress(SocketAddress(any6, port: port), family: one([.ipv6, .dualStack], &generator)),
            BindAddress(SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: port), family: .ipv4),
            BindAddress(SocketAddress(.v6(IPv6Address(high: 0, low: 1)), port: port), family: .ipv6),
        ]
        var settings = FrontendSettings(
            name: one(["yes-\(index)", "\(index)", "web:\(index)", "-\(index)"], &generator),
            binds: binds.map { address in
                BindSettings(
                    address: address,
                    acceptProxy: maybe(acceptProxy(&generator), &generator),
                    defersAccept: .random(using: &generator)
                )
            },
            backend: Int.random(in: 0..<3, using: &generator)
        )
        settings.maximumSessions = maybe(5, &generator)
        settings.clientTimeout = maybe(duration(&generator), &generator)
        settings.clientFinTimeout = maybe(duration(&generator), &generator)
        return settings
    }

    private static func acceptProxy(_ generator: inout SeededGenerator) -> AcceptProxySettings {
        var settings = AcceptProxySettings()
        let networks = ["10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0", "::1/128"].compactMap { CIDRBlock($0) }
        settings.trusted = maybe(networks, &generator)
        if settings.trusted != nil { settings.otherwise = one(AcceptProxySettings.Otherwise.allCases, &generator) }
        settings.acceptsVersion1 = Bool.random(using: &generator)
        settings.acceptsVersion2 = !settings.acceptsVersion1 || Bool.random(using: &generator)
        settings.timeout = duration(&generator)
        settings.maximumHeaderBytes = one([107, 4096, 65_551], &generator)
        return settings
    }

    private static func backend(_ name: String, _ generator: inout SeededGenerator) -> BackendSettings {
        let servers = ["s", "off", "s.2", "0"].prefix(Int.random(in: 0...4, using: &generator)).map {
            server($0, &generator)
        }
        var settings = BackendSettings(name: name, servers: servers)
        settings.discoveries = ["t", "null", "x.1"].prefix(Int.random(in: 0...3, using: &generator)).map {
            discovery($0, &generator)
        }
        settings.retries = Int.random(in: 0...100, using: &generator)
        settings.redispatches = Bool.random(using: &generator)
        settings.timeouts.connect = duration(&generator)
        settings.timeouts.server = maybe(duration(&generator), &generator)
        settings.timeouts.serverFin = maybe(duration(&generator), &generator)
        settings.timeouts.tunnel = maybe(duration(&generator), &generator)
        settings.timeouts.queue = maybe(duration(&generator), &generator)
        settings.timeouts.connectTotal = maybe(duration(&generator), &generator)
        settings.balance = one(BackendSettings.Balance.allCases, &generator)
        settings.usesAllBackups = Bool.random(using: &generator)
        settings.maximumQueue = maybe(one([1, 1_000_000], &generator), &generator)
        return settings
    }

    private static func server(
        _ name: String,
        _ generator: inout SeededGenerator,
        at address: ServerAddress? = nil
    ) -> ServerSettings {
        let addresses: [ServerAddress] = [
            .name("a.example", port: 80), .name("null", port: 1),
            .ip(SocketAddress(.v4(IPv4Address(10, 0, 0, 1)), port: 65_535)),
            .ip(SocketAddress(.v6(IPv6Address(high: 0, low: 0xFFFF_0A00_0001)), port: 80)),
        ]
        var settings = ServerSettings(name: name, address: address ?? one(addresses, &generator))
        settings.weight = Int.random(in: 0...256, using: &generator)
        settings.isDisabled = Bool.random(using: &generator)
        var options = Version2Options()
        options.hasChecksum = Bool.random(using: &generator)
        options.passedTypes = maybe([0x02, 0xEA, 0xE1, 0x00, 0x20], &generator) ?? []
        let texts = [
            "", "plain", "${HOME} $${X} $", "${", "a: b, {c} # \"d\" \\ 'e'", "\0\n\t\u{7F}\u{85}é\u{1F600}", "true",
            " x ",
        ]
        options.addedTLVs =
            maybe(texts, &generator)?.enumerated().map { index, text in
                Version2Options.AddedTLV(type: UInt8(0xE0 + index), value: Array(text.utf8))
            } ?? []
        settings.announcement = one([.none, .version1, .version2(options)], &generator)
        var check = HealthCheckSettings()
        check.kind = kind(&generator)
        check.interval = duration(&generator)
        check.fastInterval = maybe(duration(&generator), &generator)
        check.downInterval = maybe(duration(&generator), &generator)
        check.timeout = maybe(duration(&generator), &generator)
        check.rise = Int.random(in: 1...10_000, using: &generator)
        check.fall = Int.random(in: 1...10_000, using: &generator)
        check.port = maybe(81, &generator)
        check.address = maybe(.v6(IPv6Address(high: 1, low: 2)), &generator)
        check.announcement = one([.none, .version1, .version2(Version2Options())], &generator)
        settings.check = maybe(maybe(check, &generator) ?? HealthCheckSettings(), &generator)
        settings.isBackup = Bool.random(using: &generator)
        settings.maximumSessions = maybe(one([1, 1_000_000], &generator), &generator)
        settings.slowStart = maybe(duration(&generator), &generator)
        settings.endsSessionsWhenDown = Bool.random(using: &generator)
        if settings.check != nil { settings.observation = maybe(observation(&generator), &generator) }
        return settings
    }

    private static let texts = [
        "plain", "a: b, {c} # \"d\" \\ 'e'", "\0\n\t\r\u{7F}\u{85}\u{2028}é\u{1F600}", "true", " x ", "- 1", "0x10",
        "~",
    ]

    private static func kind(_ generator: inout SeededGenerator) -> HealthCheckSettings.Kind {
        if Bool.random(using: &generator) { return .tcp }
        if Bool.random(using: &generator) {
            let steps = (0...Int.random(in: 0...31, using: &generator)).map { _ -> DialogueStep in
                let bytes = one(texts.map { Array($0.utf8) } + [[0xFF, 0x00, 0x0A], [0xC3]], &generator)
                return Bool.random(using: &generator) ? .send(bytes) : .expect(bytes)
            }
            return .dialogue(steps)
        }
        var http = HTTPCheckSettings()
        http.method = one(["GET", "OPTIONS", "null", "M-SEARCH", "*"], &generator)
        http.path = one(["/", "/a?b=c&d=\"e\"#f", "//"], &generator)
        http.version = one(HTTPCheckSettings.Version.allCases, &generator)
        http.host = maybe(one(["a.example", "[::1]:80", "*", ""], &generator), &generator)
        let fields = [
            ("X-A", "b: c"), ("X-A", ""), ("x-a", "d"), ("null", ""), ("!#$%&'*+-.^_`|~", "\"\t'"), ("1", "true"),
        ]
        http.fields = maybe(fields.map { HTTPCheckSettings.Field(name: $0.0, value: $0.1) }, &generator) ?? []
        http.status = one([[200...399], [204...204], [100...599, 200...200, 301...302]], &generator)
        http.body = maybe(Array(one(texts, &generator).utf8), &generator)
        return .http(http)
    }

    private static func discovery(_ name: String, _ generator: inout SeededGenerator) -> DiscoverySettings {
        let prototype = server("", &generator, at: .name("", port: 1))
        let addresses = DiscoverySettings.Source.addresses(name: "null", port: 65_535)
        let isSingle = Bool.random(using: &generator)
        var settings = DiscoverySettings(
            source: isSingle ? addresses : one([addresses, .service(name: "_http._tcp.a.example")], &generator),
            naming: isSingle ? .single(name) : .numbered(prefix: name),
            prototype: prototype
        )
        settings.refresh = max(duration(&generator), DiscoverySettings.shortestRefresh)
        settings.maximum = isSingle ? 1 : one([1, 64, 1024], &generator)
        settings.preference = maybe(one([.ipv4, .ipv6], &generator), &generator)
        settings.start = one([.required, .empty, .address(.v6(IPv6Address(high: 1, low: 2)))], &generator)
        let ip = IPAddress.v6(IPv6Address(high: 0, low: 1))
        settings.nameservers =
            maybe([SocketAddress(ip, port: 53), SocketAddress(.v4(IPv4Address(10, 0, 0, 53)), port: 5353)], &generator)
            ?? []
        settings.timeout = maybe(duration(&generator), &generator)
        settings.attempts = maybe(one([1, 3, 100], &generator), &generator)
        return settings
    }

    private static func observation(_ generator: inout SeededGenerator) -> ObservationSettings {
        var settings = ObservationSettings()
        settings.errorLimit = one([1, 10, 1_000_000], &generator)
        settings.action = one(ObservationSettings.Action.allCases, &generator)
        return settings
    }

    private static func duration(_ generator: inout SeededGenerator) -> Duration {
        .milliseconds(one([1, 999, 1000, 60_000, 3_600_000, 86_400_000, 90_061_001, 2_147_483_647], &generator))
    }

    private static func maybe<Value>(_ value: Value, _ generator: inout SeededGenerator) -> Value? {
        Bool.random(using: &generator) ? value : nil
    }

    private static func one<Value>(_ values: [Value], _ generator: inout SeededGenerator) -> Value {
        values[Int.random(in: 0..<values.count, using: &generator)]
    }
}
