import HeraldConfiguration
import HeraldCore
import NetworkAddress
import Testing

@Suite struct HAProxySettingsTests {
    private static let frontend = """
        frontend mywebsite
        bind :80 accept-proxy
        default_backend webservers

        """

    private static let backends = [
        "backend webservers\nbalance roundrobin\n" + "server s1 192.168.56.20:3000 check send-proxy\n"
            + "server s2 192.168.56.21:3000 check send-proxy\n",
        "backend webservers\nbalance roundrobin\n" + "server s1 192.168.56.20:3000 check send-proxy-v2\n"
            + "server s2 192.168.56.21:3000 check send-proxy-v2\n",
    ]

    @Test func acceptingIsDeferredWhereItIsAskedFor() throws {
        let frontend = "frontend f\nbind :80,:81 defer-accept\nbind :82\ndefault_backend b\n"
        let text = frontend + "backend b\nserver s 10.0.0.1:80\n"
        #expect(try settings(haproxy: text).frontends[0].binds.map(\.defersAccept) == [true, true, false])
    }

    @Test(arguments: zip(backends, [Announcement.version1, .version2(Version2Options())]))
    func configurationsThatMustRunLoadLetterForLetter(backend: String, announcement: Announcement) throws {
        for text in [HAProxySettingsTests.frontend + backend, backend + HAProxySettingsTests.frontend] {
            let settings = try settings(haproxy: text)
            let frontend = try #require(settings.frontends.first)
            #expect(frontend.name == "mywebsite")
            #expect(frontend.binds.map(\.address.description) == ["0.0.0.0:80"])
            #expect(frontend.binds[0].address.family == .ipv4)
            #expect(frontend.binds[0].acceptProxy == AcceptProxySettings())
            let backend = settings.backends[frontend.backend]
            #expect(backend.name == "webservers")
            #expect(backend.balance == .roundrobin)
            var check = HealthCheckSettings()
            check.announcement = announcement
            #expect(backend.servers.map(\.name) == ["s1", "s2"])
            #expect(backend.servers.map(\.address.description) == ["192.168.56.20:3000", "192.168.56.21:3000"])
            #expect(
                backend.servers.allSatisfy { $0.announcement == announcement && $0.check == check && $0.weight == 1 }
            )
        }
    }

    @Test func silenceMeansWhatItMeansInHAProxy() throws {
        let settings = try settings(haproxy: haproxyFile())
        #expect(settings.process == ProcessSettings())
        #expect(settings.frontends[0].clientTimeout == nil)
        #expect(settings.frontends[0].binds[0].acceptProxy == nil)
        let backend = settings.backends[0]
        #expect(backend.retries == 3)
        #expect(!backend.redispatches)
        #expect(backend.timeouts.server == nil)
        #expect(backend.timeouts.tunnel == nil)
        #expect(backend.timeouts.connect == .seconds(86_400))
        #expect(
            lines(haproxyFile(), "f.cfg") == [
                "1:10: warning: frontend 'web' waits for ever where no timeout is set; expected 'timeout client'",
                "5:9: warning: backend 'pool' waits for ever where no timeout is set; expected 'timeout connect', 'timeout server'",
            ]
        )
    }

    @Test func globalKeywords() throws {
        let process = try settings(haproxy: "global\nnbthread 4\nmaxconn 5000\nhard-stop-after 20s\n" + haproxyFile())
            .process
        #expect(process.threads == 4)
        #expect(process.maximumSessions == 5000)
        #expect(process.drainTimeout == .seconds(20))
        #expect(process.splices)
        #expect(try !settings(haproxy: "global\nnosplice\n" + haproxyFile()).process.splices)
        #expect(try settings(haproxy: "global\nmaxconn 0\n" + haproxyFile()).process.maximumSessions == nil)
    }

    @Test func everyTimeout() throws {
        let settings = try settings(
            haproxy: """
                frontend web
                    bind :80 accept-proxy
                    default_backend pool
                    timeout client 1s
                    timeout client-fin 2s
                    timeout client-hs 3s
                    maxconn 7
                backend pool
                    timeout connect 4s
                    timeout server 5s
                    timeout server-fin 6s
                    timeout tunnel 7s
                    timeout check 8s
                    retries 9
                    option redispatch
                    server s 10.0.0.1:80 check

                """
        )
        let frontend = settings.frontends[0]
        #expect(frontend.clientTimeout == .seconds(1))
        #expect(frontend.clientFinTimeout == .seconds(2))
        #expect(frontend.binds[0].acceptProxy?.timeout == .seconds(3))
        #expect(frontend.maximumSessions == 7)
        let backend = settings.backends[0]
        #expect(backend.timeouts.connect == .seconds(4))
        #expect(backend.timeouts.server == .seconds(5))
        #expect(backend.timeouts.serverFin == .seconds(6))
        #expect(backend.timeouts.tunnel == .seconds(7))
        #expect(backend.servers[0].check?.timeout == .seconds(8))
        #expect(backend.retries == 9)
        #expect(backend.redispatches)
    }

    @Test func zeroIsNoTimeout() throws {
        let settings = try settings(
            haproxy: "defaults\ntimeout client 5s\ntimeout connect 5s\ntimeout server 5s\ntimeout client-hs 9s\n"
                + haproxyFile(
                    "timeout client 0\ntimeout client-hs 0",
                    backend: "timeout server 0s\nserver s 10.0.0.1:80"
                )
        )
        #expect(settings.frontends[0].clientTimeout == nil)
        #expect(settings.backends[0].timeouts.server == nil)
    }

    @Test(arguments: [
        (":8", ["0.0.0.0:8"], BindAddress.Family.ipv4),
        ("*:8", ["0.0.0.0:8"], .ipv4),
        ("0.0.0.0:8", ["0.0.0.0:8"], .ipv4),
        ("ipv4@:8", ["0.0.0.0:8"], .ipv4),
        ("tcp4@10.0.0.1:8", ["10.0.0.1:8"], .ipv4),
        ("10.0.0.1:8,10.0.0.2:9", ["10.0.0.1:8", "10.0.0.2:9"], .ipv4),
        (":::8 v4v6", ["[::]:8"], .dualStack),
        ("[::]:8 v4v6", ["[::]:8"], .dualStack),
        ("ipv6@*:8 v4v6", ["[::]:8"], .dualStack),
        ("[::]:8 v6only", ["[::]:8"], .ipv6),
        ("[::]:8 v4v6 v6only", ["[::]:8"], .ipv6),
        ("::1:8", ["[::1]:8"], .ipv6),
        ("[::1]:8", ["[::1]:8"], .ipv6),
        ("ipv6@::1:8", ["[::1]:8"], .ipv6),
        ("2001:db8::1:8 v6only", ["[2001:db8::1]:8"], .ipv6),
    ])
    func bindAddresses(text: String, expected: [String], family: BindAddress.Family) throws {
        let binds = try settings(haproxy: haproxyFile("bind \(text)")).frontends[0].binds.dropFirst()
        #expect(binds.map(\.address.socketAddress.description) == expected)
        #expect(binds.allSatisfy { $0.address.family == family && $0.acceptProxy == nil })
        #expect(lines(haproxyFile("bind \(text)"), "f.cfg").count == 2)
    }

    /// net.ipv6.bindv6only is 0 nearly everywhere.
    @Test func unspecifiedIPv6IsForBothFamiliesAndSaysSo() throws {
        #expect(try settings(haproxy: haproxyFile("bind :::8")).frontends[0].binds[1].address.family == .dualStack)
        #expect(
            lines(haproxyFile("bind :::8"), "f.cfg")
                .contains("4:6: warning: [::]:8 is taken for both families; expected 'v4v6' or 'v6only' after it")
        )
    }

    @Test func expectProxyBelievesWhomItNames() throws {
        let settings = try settings(
            haproxy: haproxyFile(
                """
                bind :81 accept-proxy
                timeout client-hs 4s
                tcp-request connection expect-proxy layer4 if { src 10.0.0.0/8 2001:db8::/32 } || { src 192.0.2.1 } or { src 172.16.0.0/255.240.0.0 }
                tcp-request connection expect-proxy layer4 if { src 198.51.100.0/24 }
                """
            )
        )
        var expected = AcceptProxySettings()
        expected.timeout = .seconds(4)
        #expect(settings.frontends[0].binds[1].acceptProxy == expected)
        expected.trusted = try ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32", "172.16.0.0/12", "198.51.100.0/24"].map {
            try #require(CIDRBlock($0))
        }
        expected.otherwise = .pass
        #expect(settings.frontends[0].binds[0].acceptProxy == expected)
    }

    @Test func expectProxyWithoutAConditionBelievesEverybody() throws {
        let text = haproxyFile("tcp-request connection expect-proxy layer4")
        #expect(try settings(haproxy: text).frontends[0].binds[0].acceptProxy == AcceptProxySettings())
        #expect(lines(text, "f.cfg").contains { $0.hasPrefix("4:24: warning: whoever connects here") })
    }

    @Test func serverOptions() throws {
        let server = try settings(
            haproxy: haproxyFile(
                backend: """
                    server s app.example.com:8080 weight 256 disabled check inter 3s fastinter 500 downinter 10s rise 1 fall 5 \
                    port 8081 addr 192.0.2.7 check-send-proxy send-proxy-v2 proxy-v2-options crc32c
                    """
            )
        ).backends[0].servers[0]
        var options = Version2Options()
        options.hasChecksum = true
        var check = HealthCheckSettings()
        check.interval = .seconds(3)
        check.fastInterval = .milliseconds(500)
        check.downInterval = .seconds(10)
        check.rise = 1
        check.fall = 5
        check.port = 8081
        check.address = IPAddress("192.0.2.7")
        check.announcement = .version2(Version2Options())
        var expected = ServerSettings(name: "s", address: .name("app.example.com", port: 8080))
        expected.weight = 256
        expected.isDisabled = true
        expected.announcement = .version2(options)
        expected.check = check
        #expect(server == expected)
    }

    @Test(arguments: [
        ("10.0.0.1:80", "10.0.0.1:80"), ("ipv4@10.0.0.1:80", "10.0.0.1:80"), ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ("2001:db8::1:80", "[2001:db8::1]:80"), ("ipv6@::1:80", "[::1]:80"), ("a_b.example.:80", "a_b.example.:80"),
        ("localhost:80", "localhost:80"),
    ])
    func serverAddresses(text: String, expected: String) throws {
        #expect(
            try settings(haproxy: haproxyFile(backend: "server s \(text)")).backends[0].servers[0].address.description
                == expected
        )
    }

    @Test(arguments: [
        ("", Announcement.none, Announcement?.none),
        ("check", .none, Announcement.none),
        ("send-proxy", .version1, nil),
        ("check send-proxy", .version1, .version1),
        ("send-proxy-v2 check", .version2(Version2Options()), .version2(Version2Options())),
        ("check send-proxy send-proxy-v2", .version2(Version2Options()), .version2(Version2Options())),
        ("check send-proxy send-proxy-v2 no-send-proxy-v2", .version1, .version1),
        ("check send-proxy no-send-proxy", .none, Announcement.none),
        ("check send-proxy-v2 no-send-proxy", .version2(Version2Options()), .version2(Version2Options())),
        ("check port 81 send-proxy", .version1, Announcement.none),
        ("check addr 10.0.0.2 send-proxy-v2", .version2(Version2Options()), Announcement.none),
        ("check port 81 send-proxy check-send-proxy", .version1, .version1),
        ("check check-send-proxy", .none, .version1),
        ("check check-send-proxy no-check-send-proxy", .none, Announcement.none),
        ("check no-check send-proxy", .version1, nil),
        ("proxy-v2-options crc32c", .none, nil),
    ])
    func headers(options: String, server: Announcement, check: Announcement?) throws {
        let read = try settings(haproxy: haproxyFile(backend: "server s 10.0.0.1:80 \(options)")).backends[0].servers[0]
        #expect(read.announcement == server)
        #expect(read.check?.announcement == check)
    }

    @Test func defaultServerHoldsForTheServersBelowIt() throws {
        let servers = try settings(
            haproxy: "defaults\ndefault-server check send-proxy\n"
                + haproxyFile(
                    backend: """
                        server a 10.0.0.1:80
                        default-server inter 7s weight 5 disabled
                        server b 10.0.0.1:80 enabled no-send-proxy
                        server c 10.0.0.1:80 no-check weight 6
                        """
                )
        ).backends[0].servers
        #expect(servers.map(\.check?.interval) == [.seconds(2), .seconds(7), nil])
        #expect(servers.map(\.announcement) == [.version1, .none, .version1])
        #expect(servers.map(\.weight) == [1, 5, 6])
        #expect(servers.map(\.isDisabled) == [false, false, true])
    }

    @Test func defaultsHoldForTheProxiesBelowThem() throws {
        let settings = try settings(
            haproxy: """
                frontend a
                  bind :1
                  default_backend x
                defaults
                  timeout client 1s
                  maxconn 5
                  default_backend x
                  option redispatch
                  retries 1
                frontend b
                  bind :2
                backend x
                  server s 10.0.0.1:80
                defaults named
                  timeout client 2s
                  default_backend y
                frontend c
                  bind :3
                defaults child from named
                  maxconn 9
                frontend d
                  bind :4
                  timeout client 3s
                frontend e from named
                  bind :5
                backend y from named
                  server s 10.0.0.1:80

                """
        )
        #expect(settings.frontends.map(\.name) == ["a", "b", "c", "d", "e"])
        #expect(settings.frontends.map(\.clientTimeout) == [nil, .seconds(1), .seconds(2), .seconds(3), .seconds(2)])
        #expect(settings.frontends.map(\.maximumSessions) == [nil, 5, nil, 9, nil])
        #expect(settings.frontends.map { settings.backends[$0.backend].name } == ["x", "x", "y", "y", "y"])
        #expect(settings.backends.map(\.redispatches) == [true, false])
        #expect(settings.backends.map(\.retries) == [1, 3])
    }

    @Test func listenIsAFrontendAndItsBackend() throws {
        let settings = try settings(
            haproxy: """
                listen smtp
                  bind 127.0.0.1:25 accept-proxy
                  maxconn 5
                  retries 2
                  server s 10.0.0.1:25 send-proxy
                listen only
                  bind :26
                  default_backend smtp

                """
        )
        #expect(settings.frontends.map(\.name) == ["smtp", "only"])
        #expect(settings.backends.map(\.name) == ["smtp"])
        #expect(settings.frontends.map(\.backend) == [0, 0])
        #expect(settings.frontends[0].maximumSessions == 5)
        #expect(settings.backends[0].retries == 2)
    }

    @Test(arguments: [
        ("option redispatch", true), ("option redispatch 1", true), ("option redispatch -1", true),
        ("option redispatch 0", false), ("no option redispatch", false), ("", false),
        ("option redispatch\nno option redispatch", false),
    ])
    func redispatch(text: String, expected: Bool) throws {
        let text = haproxyFile(backend: "\(text)\nserver s 10.0.0.1:80")
        #expect(try settings(haproxy: text).backends[0].redispatches == expected)
        #expect(lines(text, "f.cfg").count == 2)
    }

    /// What Herald does anyway needs no word.
    @Test(arguments: [
        "mode tcp", "option tcplog", "option splice-auto", "option tcp-check", "enabled", "no option httpchk",
        "balance roundrobin",
    ])
    func silentKeywords(text: String) {
        #expect(lines(haproxyFile(backend: "\(text)\nserver s 10.0.0.1:80"), "f.cfg").count == 2)
    }

    @Test func quotesEscapesCommentsAndIndentation() throws {
        let settings = try settings(
            haproxy: "\u{FEFF}\t frontend  \"web\" # a comment\r\n"
                + "#bind :79\n\n   bind ':8'0 # :81\n bind \":82\"#:83\n"
                + "default_backend p\\x6F\"o\"'l'\nbackend pool\nserver\ts 10.0.0.1:80\n"
        )
        #expect(settings.frontends[0].name == "web")
        #expect(settings.backends[0].name == "pool")
        #expect(settings.frontends[0].binds.map(\.address.socketAddress.port) == [80, 82])
    }
}
