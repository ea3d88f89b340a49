import Testing

/// Where clients come in, and under which limits and timeouts, changes while they come.
@Suite("Reload of frontends", .onStage)
struct ReloadFrontendTests {
    @Test func sessionsLiveOnUnderTheirOwnTimeouts() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        let herald = try Herald(file, ports: port)
        let old = try Connection(to: .loopback(port))
        try old.send("hello")
        #expect(try old.receiveLine() == "s1")
        file.backend = ", timeouts: { tunnel: 300ms }"
        try herald.reload(file)
        let new = try Connection(to: .loopback(port))
        try new.send("hello")
        #expect(try new.receiveLine() == "s1")
        #expect(herald.ending(of: new) == "idle-timeout")
        #expect(try old.receiveOnce(within: .zero).ending == .open)
        old.close()
        #expect(herald.ending(of: old) == "completed")
    }

    @Test func whoMustSendAHeaderChanges() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        let herald = try Herald(file, ports: port)
        let old = try Connection(to: .loopback(port))
        try old.send("hello")
        #expect(try old.receiveLine() == "s1")
        file.binds = ["{ address: \"127.0.0.1:\(port)\", accept-proxy: true }"]
        try herald.reload(file)
        let plain = try Connection(to: .loopback(port))
        try plain.send("hello")
        #expect(try plain.receiveAll().ending == .reset)
        let announced = try Connection(to: .loopback(port))
        try announced.send(ProxyHeader.v1("203.0.113.7:56324", announced.remote) + Array("hello".utf8))
        #expect(try announced.receiveLine() == "s1")
        #expect(try old.receiveOnce(within: .zero).ending == .open)
    }

    @Test func bindsComeAndGo() throws {
        let (first, second) = (try FreePorts.next(), try FreePorts.next())
        let server = try RecordingServer("s1")
        let herald = try Herald(ReloadedFile(binds: first, servers: server), ports: first)
        let old = try Connection(to: .loopback(first))
        try old.send("hello")
        #expect(try old.receiveLine() == "s1")
        try herald.reload(ReloadedFile(binds: first, second, servers: server))
        #expect(try visit(first) == "s1")
        #expect(try visit(second) == "s1")
        try herald.reload(ReloadedFile(binds: second, servers: server))
        #expect(herald.facts.listeningPorts == [second])
        #expect(throws: HarnessError.self) { try Connection(to: .loopback(first)) }
        #expect(try visit(second) == "s1")
        #expect(try old.receiveOnce(within: .zero).ending == .open)
        #expect(herald.events("listening").map { $0["address"] } == ["127.0.0.1:\(first)", "127.0.0.1:\(second)"])
        #expect(herald.events("not listening any more").map { $0["address"] } == ["127.0.0.1:\(first)"])
    }

    /// The listener stays.
    @Test(.enabled(if: NetworkNamespace.isPossible, "network namespaces need root"))
    func whetherAcceptingIsDeferredChanges() throws {
        try NetworkNamespace.with {
            var file = ReloadedFile(binds: 80, servers: try RecordingServer("s1"))
            let herald = try Herald(file, ports: 80)
            let base = herald.facts.descriptorCount
            for isDeferred in [true, false] {
                file.binds = ["{ address: \"127.0.0.1:80\", defer-accept: \(isDeferred) }"]
                try herald.reload(file)
                let client = try Connection(to: .loopback(80))
                #expect(try NetworkNamespace.keepsClientsBack(80) == isDeferred)
                try client.send("hello")
                #expect(try client.receiveLine() == "s1")
                client.close()
                #expect(becomesTrue { herald.facts.descriptorCount == base })
            }
        }
    }

    @Test func aBindMovesToAnotherFrontend() throws {
        let port = try FreePorts.next()
        let (first, second) = (try RecordingServer("s1"), try RecordingServer("s2"))
        let herald = try Herald(ReloadedFile(binds: port, servers: first), ports: port)
        #expect(try visitors(port) == ["s1"])
        var file = ReloadedFile(binds: port, servers: second).named(backend: "other")
        file.frontendName = "shop"
        try herald.reload(file)
        #expect(try visitors(port) == ["s2"])
        #expect(becomesTrue { Set(herald.events("session").map { $0["frontend"] }) == ["web", "shop"] })
    }

    /// Both want the same port: it has to be given up before it can be had.
    @Test func aBindBecomesOneOfAllAddresses() throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        var file = ReloadedFile(binds: port, servers: server)
        let herald = try Herald(file, ports: port)
        for bind in ["\":\(port)\"", "\"[::]:\(port) v4v6\"", "127.0.0.1:\(port)"] {
            file.binds = [bind]
            try herald.reload(file)
            #expect(try visitors(port, 4) == ["s1"])
        }
    }

    @Test func whoWaitsBehindALimitComesInWhenItIsRaised() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.frontend = ", maxconn: 1"
        let herald = try Herald(file, ports: port)
        let first = try Connection(to: .loopback(port))
        try first.send("hello")
        #expect(try first.receiveLine() == "s1")
        let second = try Connection(to: .loopback(port))
        try second.send("hello")
        file.frontend = ", maxconn: 2"
        try herald.reload(file)
        #expect(try second.receiveLine() == "s1")
        file.frontend = ", maxconn: 1"
        try herald.reload(file)
        #expect(try first.receiveOnce(within: .zero).ending == .open)
        #expect(try second.receiveOnce(within: .zero).ending == .open)
        let third = try Connection(to: .loopback(port))
        try third.send("hello")
        first.close()
        #expect(herald.ending(of: first) == "completed")
        #expect(try third.receiveOnce(within: .milliseconds(300)).ending == .open, "one is left, and one is enough")
        second.close()
        #expect(try third.receiveLine() == "s1")
    }
}
