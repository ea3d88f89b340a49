import HeraldConfiguration
import HeraldCore
import NetworkAddress
import Testing

/// `server-template`, `resolvers`, and what a `server` line says of its name.
@Suite struct HAProxyDiscoveryTests {
    private static let section = """
        resolvers dns
        nameserver a 10.0.0.53:53
        nameserver b udp@[::1]:54
        timeout resolve 2s
        timeout retry 300
        resolve_retries 5
        hold valid 10s
        """

    private func backend(_ text: String) throws -> BackendSettings {
        try settings(haproxy: haproxyFile(backend: text)).backends[0]
    }

    private func expected(
        _ source: DiscoverySettings.Source,
        _ naming: DiscoverySettings.Naming,
        _ maximum: Int
    ) -> DiscoverySettings {
        let prototype = ServerSettings(name: "", address: .name("", port: 1))
        var settings = DiscoverySettings(source: source, naming: naming, prototype: prototype)
        settings.maximum = maximum
        settings.preference = .ipv6
        settings.start = .required
        return settings
    }

    @Test(arguments: [("5", 5), ("1-5", 5), ("1024", 1024), ("1", 1)])
    func aTemplateMakesServers(number: String, maximum: Int) throws {
        let backend = try backend("server-template web \(number) web.internal:80")
        let source = DiscoverySettings.Source.addresses(name: "web.internal", port: 80)
        #expect(backend.discoveries == [expected(source, .numbered(prefix: "web"), maximum)])
        #expect(backend.servers.isEmpty)
    }

    @Test func aServiceHasItsPorts() throws {
        let backend = try backend("server-template web 3 _http._tcp.web.internal weight 7 send-proxy")
        var settings = expected(.service(name: "_http._tcp.web.internal"), .numbered(prefix: "web"), 3)
        settings.prototype.weight = 7
        settings.prototype.announcement = .version1
        #expect(backend.discoveries == [settings])
    }

    @Test func theDefaultSectionNeedNotBeWritten() throws {
        let backend = try backend("server-template web 3 web.internal:80 resolvers default init-addr none")
        #expect(backend.discoveries[0].nameservers.isEmpty)
        #expect(backend.discoveries[0].refresh == .seconds(1))
    }

    @Test func aSectionSaysWhoIsAskedAndHowOften() throws {
        let backend = try backend(
            "server-template web 3 web.internal:80 resolvers dns resolve-prefer ipv4 init-addr none\n\(Self.section)"
        )
        var settings = expected(.addresses(name: "web.internal", port: 80), .numbered(prefix: "web"), 3)
        settings.preference = .ipv4
        settings.start = .empty
        settings.nameservers = try [address("10.0.0.53:53"), address("[::1]:54")]
        settings.refresh = .seconds(2)
        settings.timeout = .milliseconds(300)
        settings.attempts = 5
        #expect(backend.discoveries == [settings])
    }

    @Test func aSectionThatSaysNothingIsAsInHAProxy() throws {
        let text = haproxyFile(backend: "server s web.internal:80 resolvers dns")
        let discovery = try settings(haproxy: "resolvers dns\n\(text)").backends[0].discoveries[0]
        #expect(discovery.nameservers == [])
        #expect(discovery.refresh == .seconds(1))
        #expect(discovery.timeout == .seconds(1))
        #expect(discovery.attempts == 3)
    }

    @Test func aServerWithResolversIsLookedUpAgain() throws {
        let backend = try backend(
            "server s web.internal:80 resolvers dns\nserver t web.internal:80\nserver u 10.0.0.1:80 resolvers dns\n"
                + Self.section
        )
        #expect(backend.servers.map(\.name) == ["t", "u"])
        #expect(backend.discoveries.map(\.naming) == [.single("s")])
        #expect(backend.discoveries[0].maximum == 1)
    }

    @Test(arguments: [
        ("libc", DiscoverySettings.Start.required), ("last,libc", .required), ("last", .required), ("none", .empty),
        ("libc,none", .empty), ("last,libc,none", .empty), ("10.0.0.9", .address(.v4(IPv4Address(10, 0, 0, 9)))),
        ("libc,10.0.0.9,none", .address(.v4(IPv4Address(10, 0, 0, 9)))), ("none,10.0.0.9", .empty),
    ])
    func whatThereIsAtTheStart(list: String, start: DiscoverySettings.Start) throws {
        let backend = try backend("server-template web 3 web.internal:80 init-addr \(list)")
        #expect(backend.discoveries[0].start == start)
    }

    @Test func checksOfTheBackendAreTheirs() throws {
        let backend = try backend(
            "option httpchk GET /x\ntimeout check 3s\ndefault-server check inter 5s\nserver-template web 3 web.internal:80"
        )
        let check = backend.discoveries[0].prototype.check
        #expect(check?.timeout == .seconds(3))
        #expect(check?.interval == .seconds(5))
        guard case .http(let http)? = check?.kind else {
            Issue.record("\(String(describing: check))")
            return
        }
        #expect(http.path == "/x")
    }

    /// The backend's lines begin at line 6.
    @Test(arguments: [
        (
            "server-template",
            [
                "6:1: error: 'server-template' without a prefix, a number and a name; expected server-template PREFIX NUMBER HOST:PORT"
            ]
        ),
        (
            "server-template web 3",
            [
                "6:1: error: 'server-template' without a prefix, a number and a name; expected server-template PREFIX NUMBER HOST:PORT"
            ]
        ),
        (
            "server-template web 0 web.internal:80",
            [
                "6:21: error: '0' for server-template is out of range; expected a whole number from 1 to 1024"
            ]
        ),
        (
            "server-template web 5000 web.internal:80",
            [
                "6:21: error: '5000' for server-template is out of range; expected a whole number from 1 to 1024"
            ]
        ),
        (
            "server-template web 2-5 web.internal:80",
            [
                "6:21: error: '2-5' for server-template; expected a number, or a range from 1 on, such as 1-5"
            ]
        ),
        (
            "server-template web 1-0 web.internal:80",
            [
                "6:23: error: '0' for server-template is out of range; expected a whole number from 1 to 1024"
            ]
        ),
        (
            "server-template web 1-x web.internal:80",
            [
                "6:23: error: 'x' for server-template; expected a whole number from 1 to 1024"
            ]
        ),
        (
            "server-template web 3 10.0.0.1:80",
            [
                "6:23: error: '10.0.0.1:80' is an address, which needs no name service; expected NAME:PORT, or a server of its own at 10.0.0.1:80"
            ]
        ),
        (
            "server-template web 3 web.internal",
            [
                "6:23: error: 'web.internal' has no port; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80"
            ]
        ),
        (
            "server-template web 3 _http._tcp.web.internal:80",
            [
                "6:23: error: '_http._tcp.web.internal:80' is a service with a port; expected the name of the service alone: its records have the ports"
            ]
        ),
        (
            "server-template web 3 _",
            [
                "6:23: error: '_' is not the name of a service; expected _SERVICE._PROTOCOL.NAME, such as _http._tcp.web.internal"
            ]
        ),
        (
            "server-template we*b 3 web.internal:80",
            [
                "6:17: error: 'we*b' can't be a name; expected letters, digits, '-', '_', '.' and ':'"
            ]
        ),
        (
            "server-template web 3 web.internal:80 weight 300",
            [
                "6:46: error: '300' for weight is out of range; expected a whole number from 0 to 256"
            ]
        ),
        (
            "server-template web 3 web.internal:80 resolvers",
            [
                "6:39: error: 'resolvers' without a value; expected the name of a 'resolvers' section"
            ]
        ),
        (
            "server-template web 3 web.internal:80 resolvers dsn\nresolvers dns\nnameserver a 10.0.0.53:53",
            [
                "6:49: error: there is no resolvers section 'dsn'; expected the name of one in this file; did you mean 'dns'?"
            ]
        ),
        (
            "server-template web 3 web.internal:80 resolvers dns",
            [
                "6:49: error: there is no resolvers section 'dns'; expected the name of one in this file"
            ]
        ),
        (
            "server-template web 3 web.internal:80 resolve-prefer ip4",
            [
                "6:54: error: 'ip4' for resolve-prefer; expected ipv4 or ipv6; did you mean 'ipv4'?"
            ]
        ),
        (
            "server-template web 3 web.internal:80 init-addr libx",
            [
                "6:49: error: 'libx' for init-addr; expected last, libc, none or an IP address, separated by commas"
            ]
        ),
        (
            "server-template web 3 web.internal:80 resolve-opts allow-dup-ip",
            [
                "6:39: error: 'server-template ... resolve-opts' is HAProxy syntax that Herald does not support; expected 'resolvers' alone, which takes every address"
            ]
        ),
        (
            "server-template web 3 web.internal:80 resolver dns",
            [
                "6:39: error: unknown option 'resolver' of 'server-template'; did you mean 'resolvers'?"
            ]
        ),
        (
            "server-template web 3 web.internal:80\nserver web2 10.0.0.1:80",
            [
                "7:8: error: server 'web2' exists already in backend 'pool', on line 6; expected a name of its own"
            ]
        ),
        (
            "server-template web 300 web.internal:80\nserver-template web 300 web.internal:81",
            [
                "7:17: error: server 'web1' exists already in backend 'pool', on line 6; expected a name of its own"
            ]
        ),
        (
            "default-server resolvers nope\nserver s 10.0.0.1:80\nserver t web:80",
            [
                "6:26: error: there is no resolvers section 'nope'; expected the name of one in this file"
            ]
        ),
        (
            "server s web.internal:80 init-addr none",
            [
                "6:36: warning: 'init-addr' is not acted on without 'resolvers': the name must resolve at the start"
            ]
        ),
        (
            "server s web.internal:80 init-addr last,libc",
            []
        ),
        ("server s 10.0.0.1:80\nresolvers", ["7:1: error: 'resolvers' without a name; expected resolvers NAME"]),
        ("server s 10.0.0.1:80\nresolvers dns x", ["7:15: error: 'x' after 'resolvers'; expected the end of the line"]),
        (
            "server s 10.0.0.1:80\nresolvers dns\nresolvers dns",
            [
                "8:11: error: resolvers section 'dns' exists already; expected a name of its own"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nnameserver a",
            [
                "8:1: error: 'nameserver' without a name and an address; expected nameserver NAME ADDRESS:PORT"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nnameserver a b:53",
            [
                "8:14: error: 'b:53' is not an IP address; expected the address of a name server, such as 10.0.0.53 or 10.0.0.53:53"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nnameserver a tcp@10.0.0.1:53",
            [
                "8:14: error: 'nameserver NAME tcp@' is HAProxy syntax that Herald does not support; expected an address that is asked by UDP"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nnameserver a udp@10.0.0.1:53",
            []
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nnameserver a 10.0.0.1:5x",
            [
                "8:14: error: '5x' is not a port; expected a number from 1 to 65535"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nnamserver a 10.0.0.1:53",
            [
                "8:1: error: unknown keyword 'namserver' in section 'resolvers'; did you mean 'nameserver'?"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\ntimeout resolve",
            [
                "8:1: error: 'timeout' without its name and a duration; expected 'timeout resolve 1s' or 'timeout retry 1s'"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\ntimeout resove 1s",
            [
                "8:9: error: unknown timeout 'resove'; did you mean 'resolve'?"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\ntimeout retry 0",
            [
                "8:15: error: '0' is no time at all; expected a duration of 1ms or more"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\ntimeout resolve 1",
            [
                "8:17: warning: '1' for timeout resolve is taken as 100ms"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nresolve_retries 0",
            [
                "8:17: error: '0' for resolve_retries is out of range; expected a whole number from 1 to 100"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nhold valid 10s",
            [
                "8:1: warning: 'hold' is not acted on: the last good answer is kept"
            ]
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nparse-resolv-conf",
            []
        ),
        (
            "server s 10.0.0.1:80\nresolvers dns\nparse-resolv-conf\nnameserver a 10.0.0.53:53",
            [
                "8:1: warning: 'parse-resolv-conf' beside 'nameserver' is not acted on: those that are named are asked"
            ]
        ),
    ])
    func problems(text: String, expected: [String]) {
        let found = lines(haproxyFile(backend: text), "f.cfg")
        #expect(found.filter { !$0.contains("waits for ever where no timeout is set") } == expected)
    }
}
