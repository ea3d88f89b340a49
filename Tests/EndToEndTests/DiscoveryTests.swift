import NetworkAddress
import Testing

/// Servers that a name service tells of, which the test changes.
@Suite("Discovery", .onStage)
struct DiscoveryTests {
    /// Servers of one port, at addresses of loopback that end with these numbers.
    private func servers(_ numbers: [UInt8]) throws -> [UInt8: RecordingServer] {
        let port = try FreePorts.next()
        var servers: [UInt8: RecordingServer] = [:]
        for number in numbers {
            let address = SocketAddress(.v4(IPv4Address(127, 0, 0, number)), port: port)
            servers[number] = try RecordingServer("s\(number)", on: address)
        }
        return servers
    }

    private func records(_ numbers: [UInt8]) -> [String] {
        numbers.map { "host-record=web.test,127.0.0.\($0)" }
    }

    private func herald(
        _ port: UInt16,
        _ names: Dnsmasq,
        from: String,
        options: String = "",
        timeout: String = "300ms"
    ) throws -> Herald {
        try Herald(
            """
            frontends:
              front: { bind: "127.0.0.1:\(port)", default-backend: back }
            backends:
              back:
                timeouts: { connect: 1s }
                servers: { from-dns: "\(from)", refresh: 100ms, timeout: \(timeout), attempts: 1, \
                  nameservers: ["\(names.address)"]\(options) }
            """,
            as: .yaml,
            ports: port
        )
    }

    /// Who serves in the next `count` sessions.
    private func served(_ port: UInt16, _ count: Int = 6) throws -> Set<String> {
        try Set((0..<count).compactMap { _ in try visit(port) })
    }

    @Test func newAddressesJoinVanishedOnesDrainAndOthersStay() throws {
        let port = try FreePorts.next()
        let servers = try servers([2, 3, 4])
        let names = try Dnsmasq(records([2, 3]))
        let from = "web.test:\(servers[2]?.address.port ?? 0)"
        let herald = try herald(port, names, from: from)
        #expect(try served(port) == ["s2", "s3"])

        // A session with each; one of the servers goes.
        let (first, second) = (try Connection(to: .loopback(port)), try Connection(to: .loopback(port)))
        var open: [String: Connection] = [:]
        for client in [first, second] {
            try client.send("hello\n")
            open[try #require(try client.receiveLine())] = client
        }
        #expect(Set(open.keys) == ["s2", "s3"])
        try names.change(records([3, 4]))
        #expect(becomesTrue { (try? served(port)) == ["s3", "s4"] })
        #expect(herald.process.output.contains("it is not listed any more"))

        // Both sessions go on, of the server that has gone, too.
        for (name, client) in open {
            try client.send("again\n")
            let server = try #require(servers[name == "s2" ? 2 : 3])
            let peers = server.sessions.map(\.payload)
            #expect(becomesTrue { server.sessions.contains { $0.payload == Array("hello\nagain\n".utf8) } }, "\(peers)")
            client.close()
        }
        // It comes back, under its own name.
        try names.change(records([2, 3, 4]))
        #expect(becomesTrue { (try? served(port, 9)) == ["s2", "s3", "s4"] })
    }

    @Test func aNameServiceThatFailsLeavesTheLastAnswerAndIsToldOfOnce() throws {
        let port = try FreePorts.next()
        let servers = try servers([2, 3])
        let names = try Dnsmasq(records([2, 3]))
        let herald = try herald(port, names, from: "web.test:\(servers[2]?.address.port ?? 0)")
        #expect(try served(port) == ["s2", "s3"])
        names.stop()
        let failure = "name service fails; the last answer is kept"
        #expect(becomesTrue { herald.process.output.contains(failure) })
        #expect(try served(port) == ["s2", "s3"])
        // An answer without servers is no better.
        try names.change([])
        #expect(try served(port) == ["s2", "s3"])
        try names.change(records([3]))
        #expect(becomesTrue { herald.process.output.contains("name service answers again") })
        #expect(becomesTrue { (try? served(port)) == ["s3"] })
        #expect(herald.process.output.split(separator: "\n").count { $0.contains(failure) } == 1)
    }

    @Test func serviceRecordsHavePortsWeightsAndPriorities() throws {
        let port = try FreePorts.next()
        let (light, heavy, spare) = (
            try RecordingServer("light"), try RecordingServer("heavy"), try RecordingServer("spare")
        )
        func service(_ server: RecordingServer, _ priority: Int, _ weight: Int) -> String {
            "srv-host=_http._tcp.web.test,host.test,\(server.address.port),\(priority),\(weight)"
        }
        let host = "host-record=host.test,127.0.0.1"
        let names = try Dnsmasq([host, service(light, 1, 0), service(heavy, 1, 512), service(spare, 2, 0)])
        _ = try herald(port, names, from: "_http._tcp.web.test")
        let visits = try (0..<8).map { _ in try visit(port) }
        #expect(visits.count { $0 == "light" } == 2)
        #expect(visits.count { $0 == "heavy" } == 6)
        try names.change([host, service(spare, 2, 0)])
        #expect(becomesTrue { (try? served(port, 3)) == ["spare"] })
    }

    /// Nothing is known of one target: the others serve. Once it was known, its last address holds.
    @Test func aTargetThatNobodyAnswersForHoldsNothingUp() throws {
        let port = try FreePorts.next()
        let (first, second) = (try RecordingServer("first"), try RecordingServer("second"))
        let silent = try SilentNameServer()
        func service(_ server: RecordingServer, _ target: String) -> String {
            "srv-host=_http._tcp.web.test,\(target),\(server.address.port),1,0"
        }
        let listed = ["host-record=a.test,127.0.0.1", service(first, "a.test"), service(second, "b.test")]
        let isSilent = "server=/b.test/127.0.0.1#\(silent.address.port)"
        let names = try Dnsmasq(listed + [isSilent])
        let herald = try herald(port, names, from: "_http._tcp.web.test")
        #expect(try served(port) == ["first"])
        #expect(herald.process.output.contains("'b.test': no answer from the name server"))

        try names.change(listed + ["host-record=b.test,127.0.0.1"])
        #expect(becomesTrue { (try? served(port)) == ["first", "second"] })
        #expect(herald.process.output.contains("name service lists a server"))
        #expect(becomesTrue { herald.process.output.contains("name service answers again") })
        try names.change(listed + [isSilent])
        let failure = "name service fails; the last answer is kept"
        let failures = { herald.process.output.split(separator: "\n").count { $0.contains(failure) } }
        #expect(becomesTrue { failures() == 2 })
        #expect(try served(port) == ["first", "second"])
    }

    @Test func noMoreServersThanMayBe() throws {
        let port = try FreePorts.next()
        let servers = try servers([2, 3])
        // An answer that takes a stream, as it is too long for a datagram.
        let many = (0..<2000).map { "host-record=web.test,127.1.\($0 / 250).\($0 % 250 + 1)" }
        let names = try Dnsmasq(records([2, 3]))
        let herald = try herald(
            port,
            names,
            from: "web.test:\(servers[2]?.address.port ?? 0)",
            options: ", max: 2",
            timeout: "2s"
        )
        #expect(try served(port) == ["s2", "s3"])
        try names.change(many + records([2, 3]))
        #expect(becomesTrue { herald.process.output.contains("more addresses than servers may be") })
        #expect(try served(port) == ["s2", "s3"])
    }

    @Test func withoutAnAnswerItStartsAllTheSame() throws {
        let port = try FreePorts.next()
        let servers = try servers([2])
        let names = try Dnsmasq([])
        let herald = try herald(port, names, from: "web.test:\(servers[2]?.address.port ?? 0)")
        #expect(herald.process.output.contains("name service fails; there is no server yet"))
        let client = try Connection(to: .loopback(port))
        #expect(herald.ending(of: client) == "no-server")
        try names.change(records([2]))
        #expect(becomesTrue { (try? visit(port)) == "s2" })
    }

    @Test func whereANameMustResolveTheStartFails() throws {
        let port = try FreePorts.next()
        let names = try Dnsmasq([])
        let configuration = """
            resolvers dns
                nameserver one \(names.address)
            frontend front
                bind 127.0.0.1:\(port)
                default_backend back
            backend back
                server-template web 3 web.test:80 resolvers dns
            """
        let herald = try Herald(starting: configuration)
        #expect(herald.process.wait() == .code(1))
        #expect(herald.process.errors.contains("backend 'back': can't resolve 'web.test': there is no such name"))
    }

    @Test func haproxysWordsDoTheSame() throws {
        let port = try FreePorts.next()
        let servers = try servers([2, 3])
        let names = try Dnsmasq(records([2]))
        let configuration = """
            resolvers dns
                nameserver one \(names.address)
                timeout resolve 100ms
            frontend front
                bind 127.0.0.1:\(port)
                default_backend back
            backend back
                server-template web 1-5 web.test:\(servers[2]?.address.port ?? 0) resolvers dns init-addr none resolve-prefer ipv4
            """
        let herald = try Herald(configuration, ports: port)
        #expect(becomesTrue { (try? visit(port)) == "s2" })
        try names.change(records([2, 3]))
        #expect(becomesTrue { (try? served(port)) == ["s2", "s3"] })
        #expect(herald.sessionLine { $0.server == "web2" } != nil)
    }
}
