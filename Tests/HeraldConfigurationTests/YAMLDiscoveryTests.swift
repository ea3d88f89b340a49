import HeraldConfiguration
import HeraldCore
import NetworkAddress
import Testing

/// Servers that the name service tells of, in YAML.
@Suite struct YAMLDiscoveryTests {
    private func discoveries(_ servers: String) throws -> [DiscoverySettings] {
        let backend = try settings(yaml: yamlFile(backend: "servers: \(servers)")).backends[0]
        #expect(backend.servers.isEmpty)
        return backend.discoveries
    }

    private func expected(
        _ source: DiscoverySettings.Source = .addresses(name: "web.internal", port: 3000),
        _ naming: DiscoverySettings.Naming = .numbered(prefix: "web")
    ) -> DiscoverySettings {
        let prototype = ServerSettings(name: "", address: .name("", port: 1))
        return DiscoverySettings(source: source, naming: naming, prototype: prototype)
    }

    @Test func allServersOfABackend() throws {
        #expect(try discoveries("{ from-dns: web.internal:3000 }") == [expected()])
        #expect(expected().refresh == .seconds(5))
        #expect(expected().maximum == 64)
        #expect(expected().start == .empty)
    }

    @Test func everyKey() throws {
        let found = try discoveries(
            """

                  from-dns: web.internal:3000
                  refresh: 100ms
                  max: 1024
                  prefer: ipv6
                  required: true
                  nameservers: [10.0.0.53, "10.0.0.54:5353", "::1", "[::1]:54"]
                  timeout: 300ms
                  attempts: 100
                  weight: 7
                  send-proxy: v2
                  check: { http: /healthz }
            """
        )
        var settings = expected()
        settings.refresh = .milliseconds(100)
        settings.maximum = 1024
        settings.preference = .ipv6
        settings.start = .required
        settings.nameservers = try ["10.0.0.53:53", "10.0.0.54:5353", "[::1]:53", "[::1]:54"].map(address)
        settings.timeout = .milliseconds(300)
        settings.attempts = 100
        settings.prototype.weight = 7
        settings.prototype.announcement = .version2(Version2Options())
        var http = HTTPCheckSettings()
        http.path = "/healthz"
        var check = HealthCheckSettings()
        check.kind = .http(http)
        check.announcement = .version2(Version2Options())
        settings.prototype.check = check
        #expect(found == [settings])
    }

    @Test func aServiceHasItsPorts() throws {
        let source = DiscoverySettings.Source.service(name: "_http._tcp.web.internal")
        #expect(
            try discoveries("{ from-dns: _http._tcp.web.internal }") == [expected(source, .numbered(prefix: "http"))]
        )
        #expect(
            try discoveries("{ pods: { from-dns: _http._tcp.web.internal } }")
                == [expected(source, .numbered(prefix: "pods"))]
        )
    }

    @Test func serversMayBeCalledOtherwiseThanTheirEntry() throws {
        let text = "{ web: 10.0.0.1:80, more: { from-dns: web.internal:3000, prefix: web } }"
        let backend = try settings(yaml: yamlFile(backend: "servers: \(text)")).backends[0]
        #expect(backend.servers.map(\.name) == ["web"])
        #expect(backend.discoveries == [expected()])
    }

    @Test func beginningAtAnAddress() throws {
        var settings = expected()
        settings.start = .address(.v4(IPv4Address(10, 0, 0, 9)))
        #expect(try discoveries("{ from-dns: web.internal:3000, initial-address: 10.0.0.9 }") == [settings])
    }

    /// One that has a place of its own keeps its name; it is there from the start unless it need not be.
    @Test(arguments: [("refresh: 5s", DiscoverySettings.Start.required), ("required: false", .empty)])
    func aServerThatMoves(key: String, start: DiscoverySettings.Start) throws {
        var settings = expected(.addresses(name: "web.internal", port: 3000), .single("s1"))
        settings.maximum = 1
        settings.start = start
        #expect(try discoveries("{ s1: { address: web.internal:3000, \(key) } }") == [settings])
    }

    @Test func serversOfEveryKindBesideOneAnother() throws {
        let text =
            "servers: { a: 10.0.0.1:80, b: { address: b:80 }, c: { address: c:80, max: 1 }, d: { from-dns: d:80 } }"
        let found = errors(yamlFile(backend: text), "f.yaml")
        #expect(found.count == 1, "'max' is for 'from-dns'")
        let backend = try settings(yaml: yamlFile(backend: text.replacing("max: 1", with: "refresh: 1s"))).backends[0]
        #expect(backend.servers.map(\.name) == ["a", "b"])
        #expect(backend.discoveries.map(\.naming) == [.single("c"), .numbered(prefix: "d")])
    }

    @Test func theBackendsCheckTimeoutIsTheirs() throws {
        let text = """
            timeouts: { check: 7s }
                servers: { from-dns: a:80, check: true }
            """
        let discovery = try settings(yaml: yamlFile(backend: text)).backends[0].discoveries[0]
        #expect(discovery.prototype.check?.timeout == .seconds(7))
    }

    /// The keys begin at line 7, column 16.
    @Test(arguments: [
        (
            "from-dns: 10.0.0.1:80",
            [
                "7:26: error: '10.0.0.1:80' is an address, which needs no name service; expected NAME:PORT, or a server of its own at 10.0.0.1:80"
            ]
        ),
        (
            "from-dns: web.internal",
            [
                "7:26: error: 'web.internal' has no port; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80"
            ]
        ),
        (
            "from-dns: _http._tcp.web.internal:80",
            [
                "7:26: error: '_http._tcp.web.internal:80' is a service with a port; expected the name of the service alone: its records have the ports"
            ]
        ),
        (
            "from-dns: _http._tcp.we b",
            [
                "7:26: error: '_http._tcp.we b' is not the name of a service; expected _SERVICE._PROTOCOL.NAME, such as _http._tcp.web.internal"
            ]
        ),
        (
            "from-dns: _",
            [
                "7:26: error: '_' is not the name of a service; expected _SERVICE._PROTOCOL.NAME, such as _http._tcp.web.internal"
            ]
        ),
        ("from-dns: web.internal:0", ["7:26: error: 'web.internal:0' has port 0; expected a port from 1 to 65535"]),
        ("from-dns: ", ["7:27: error: nothing for 'from-dns'; expected NAME:PORT, or the name of a service"]),
        (
            "from_dns: web.internal:80",
            [
                "7:16: error: unknown key 'from_dns' in servers of the name service; expected from-dns, prefix, refresh, max, prefer, required, initial-address, nameservers, timeout or attempts; did you mean 'from-dns'?"
            ]
        ),
        (
            "from-dn: web.internal:80, max: 3",
            [
                "7:16: error: unknown key 'from-dn' in servers of the name service; expected from-dns, prefix, refresh, max, prefer, required, initial-address, nameservers, timeout or attempts; did you mean 'from-dns'?"
            ]
        ),
        (
            "from-dns: web.internal:80, max: 0",
            [
                "7:48: error: '0' for 'max' is out of range; expected a whole number from 1 to 1024"
            ]
        ),
        (
            "from-dns: web.internal:80, max: 5000",
            [
                "7:48: error: '5000' for 'max' is out of range; expected a whole number from 1 to 1024"
            ]
        ),
        ("from-dns: web.internal:80, refresh: 1ms", ["7:52: error: '1ms' for 'refresh'; expected 100ms or more"]),
        (
            "from-dns: web.internal:80, refresh: never",
            [
                "7:52: error: 'never' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
            ]
        ),
        (
            "from-dns: web.internal:80, prefer: ip4",
            [
                "7:51: error: 'ip4' for 'prefer'; expected ipv4 or ipv6; did you mean 'ipv4'?"
            ]
        ),
        (
            "from-dns: web.internal:80, required: yes",
            [
                "7:53: error: 'yes' for 'required'; expected true or false, without quotes; did you mean 'true'?"
            ]
        ),
        (
            "from-dns: web.internal:80, initial-address: web",
            [
                "7:60: error: 'web' is not an IP address; expected 192.0.2.1 or 2001:db8::1, without a port"
            ]
        ),
        (
            "from-dns: web.internal:80, nameservers: [dns.internal:53]",
            [
                "7:57: error: 'dns.internal:53' is not an IP address; expected the address of a name server, such as 10.0.0.53 or 10.0.0.53:53"
            ]
        ),
        (
            "from-dns: web.internal:80, nameservers: []",
            [
                "7:56: error: an empty list for 'nameservers'; expected addresses of name servers, such as 10.0.0.53 or 10.0.0.53:53"
            ]
        ),
        (
            "from-dns: web.internal:80, nameservers: dns",
            [
                "7:56: error: 'dns' is not an IP address; expected the address of a name server, such as 10.0.0.53 or 10.0.0.53:53"
            ]
        ),
        (
            "from-dns: web.internal:80, nameservers: 10.0.0.53:dns",
            [
                "7:56: error: 'dns' is not a port; expected a number from 1 to 65535"
            ]
        ),
        (
            "from-dns: web.internal:80, timeout: 0",
            [
                "7:52: error: '0' for 'timeout'; expected a duration of 1ms or more"
            ]
        ),
        (
            "from-dns: web.internal:80, attempts: 101",
            [
                "7:53: error: '101' for 'attempts' is out of range; expected a whole number from 1 to 100"
            ]
        ),
        (
            "from-dns: web.internal:80, weight: 300",
            [
                "7:51: error: '300' for 'weight' is out of range; expected a whole number from 0 to 256"
            ]
        ),
        (
            "from-dns: web.internal:80, address: 10.0.0.1:80",
            [
                "7:43: error: 'address' beside 'from-dns'; expected one of the two"
            ]
        ),
        (
            "from-dns: web.internal:80, refesh: 5s",
            [
                "7:43: error: unknown key 'refesh' in servers of the name service; expected from-dns, prefix, refresh, max, prefer, required, initial-address, nameservers, timeout or attempts; did you mean 'refresh'?"
            ]
        ),
        (
            "from-dns: web.internal:80, attempt: 5",
            [
                "7:43: error: unknown key 'attempt' in servers of the name service; expected from-dns, prefix, refresh, max, prefer, required, initial-address, nameservers, timeout or attempts; did you mean 'attempts'?"
            ]
        ),
        (
            "from-dns: web.internal:80, wieght: 5",
            [
                "7:43: error: unknown key 'wieght' in a server; expected address, check, send-proxy, weight, disabled, backup, maxconn, slowstart, observe, error-limit, on-error or on-marked-down; did you mean 'weight'?"
            ]
        ),
        (
            "from-dns: web.internal:80, resolvers: 10.0.0.53",
            [
                "7:43: error: unknown key 'resolvers' in servers of the name service; expected from-dns, prefix, refresh, max, prefer, required, initial-address, nameservers, timeout or attempts; did you mean 'nameservers'?"
            ]
        ),
        (
            "from-dns: web.internal:80, init-addr: none",
            [
                "7:43: error: unknown key 'init-addr' in servers of the name service; expected from-dns, prefix, refresh, max, prefer, required, initial-address, nameservers, timeout or attempts; did you mean 'required'?"
            ]
        ),
        (
            "from-dns: web.internal:80, s1: 10.0.0.1:80",
            [
                "7:43: error: unknown key 's1' in a server; expected address, check, send-proxy, weight, disabled, backup, maxconn, slowstart, observe, error-limit, on-error or on-marked-down"
            ]
        ),
        (
            "from-dns: web.internal:80, max: 1, max: 2",
            [
                "7:51: error: the key 'max' again, after line 7; expected each key once"
            ]
        ),
        (
            "web: { from-dns: 10.0.0.1:80 }",
            [
                "7:33: error: '10.0.0.1:80' is an address, which needs no name service; expected NAME:PORT, or a server of its own at 10.0.0.1:80"
            ]
        ),
        (
            "web: { from-dns: web.internal:80, max: 3 }, web2: 10.0.0.2:80",
            [
                "7:60: error: server 'web2' exists already in backend 'pool', on line 7; expected a name of its own"
            ]
        ),
        (
            "web: { from-dns: web.internal:80, max: 3 }, web4: 10.0.0.2:80",
            []
        ),
        (
            "web: { from-dns: a.internal:80 }, web1: { from-dns: b.internal:80 }",
            [
                "7:50: error: server 'web11' exists already in backend 'pool', on line 7; expected a name of its own"
            ]
        ),
        (
            "s1: { address: 10.0.0.1:80, refresh: 5s }",
            [
                "7:44: error: 'refresh' of a server that has an address, which is not looked up; expected a host name in 'address'"
            ]
        ),
        ("s1: { address: web:80, refresh: 1ms }", ["7:48: error: '1ms' for 'refresh'; expected 100ms or more"]),
        (
            "s1: { address: web:80, max: 5 }",
            [
                "7:39: error: 'max' of a server of its own, which is one; expected 'from-dns' in place of 'address'"
            ]
        ),
        ("s1: { refresh: 5s }", ["7:16: error: server 's1' has no 'address'; expected address: HOST:PORT"]),
        (
            "s1: { address: web:80, refesh: 5s }",
            [
                "7:39: error: unknown key 'refesh' in servers of the name service; expected from-dns, prefix, refresh, max, prefer, required, initial-address, nameservers, timeout or attempts; did you mean 'refresh'?"
            ]
        ),
        ("s1: { address: web:80, prefer: v4 }", ["7:47: error: 'v4' for 'prefer'; expected ipv4 or ipv6"]),
        (
            "from-dns: web.internal:80, prefix: a b",
            ["7:51: error: 'a b' can't be a name; expected letters, digits, '-', '_', '.' and ':'"]
        ),
        (
            "s1: { address: web:80, prefix: web }",
            ["7:39: error: 'prefix' of a server of its own, which is one; expected 'from-dns' in place of 'address'"]
        ),
    ])
    func problems(servers: String, expected: [String]) {
        #expect(lines(yamlFile(backend: "servers: { \(servers) }"), "f.yaml") == expected)
    }
}
