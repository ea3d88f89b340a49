import Foundation
import NetworkAddress
import Synchronization
import Testing

/// SIGHUP puts another configuration in force; nobody who is connected, or connects meanwhile, notices.
@Suite("Reload", .onStage)
struct ReloadTests {
    private func visitors(_ port: UInt16, _ count: Int = 8) throws -> Set<String?> {
        try Set((0..<count).map { _ in try visit(port) })
    }

    // MARK: Servers

    @Test func aServerJoinsAndOneThatIsGoneKeepsItsSessions() throws {
        let port = try FreePorts.next()
        let (gone, stays, joins) = (try Listener(), try RecordingServer("s2"), try RecordingServer("s3"))
        var file = ReloadedFile(binds: port, servers: stays)
        file.servers.append("s1: { address: \"\(gone.address)\", backup: true }")
        file.backend = ", balance: first"
        file.servers[0] = "s2: { address: \"\(stays.address)\", weight: 0 }"
        let herald = try Herald(file, ports: port)
        let client = try Connection(to: .loopback(port))
        let server = try gone.accept()
        var next = ReloadedFile(binds: port, servers: stays, joins)
        next.backend = ", balance: roundrobin"
        try herald.reload(next)
        #expect(try visitors(port) == ["s2", "s3"])
        try client.send("question\n")
        #expect(try server.receiveLine() == "question")
        try server.send("answer\n")
        #expect(try client.receiveLine() == "answer")
        #expect(try visitors(port) == ["s2", "s3"])
        #expect(try gone.acceptIfAny(within: .zero) == nil)
        server.close()
        client.close()
        #expect(herald.ending(of: client) == "completed")
        #expect(herald.states(of: "s1") == ["drain"])
    }

    /// Whoever waits at it is refused, as there is no room.
    @Test func aBindThatGoesTakesNobodyInBeyondTheLimit() throws {
        let (stays, goes) = (try FreePorts.next(), try FreePorts.next())
        let server = try RecordingServer("s1")
        var file = ReloadedFile(binds: stays, goes, servers: server)
        file.frontend = ", maxconn: 1"
        let herald = try Herald(file, ports: stays, goes, threads: 1)
        let client = try Connection(to: .loopback(stays))
        try client.send("question\n")
        #expect(try client.receiveLine() == "s1")
        let waiting = try (0..<5).map { _ in try Connection(to: .loopback(goes)) }
        for other in waiting { try other.send("question\n") }
        file.binds.removeLast()
        try herald.reload(file)
        for other in waiting { #expect(try other.receiveAll().ending == .reset) }
        #expect(server.sessions.count == 1)
        client.close()
        #expect(try visit(stays) == "s1")
    }

    /// Checks come too seldom to find anything out anew.
    @Test func aServerThatIsDownStaysDown() throws {
        let port = try FreePorts.next()
        let (up, down) = (try RecordingServer("s1"), try RecordingServer("s2"))
        down.stop()
        var file = ReloadedFile(binds: port, servers: up)
        file.servers.append("s2: { address: \"\(down.address)\", check: { interval: 50ms, fall: 1 } }")
        let herald = try Herald(file, ports: port)
        #expect(herald.event("down", of: "s2") != nil)
        file.servers[1] = "s2: { address: \"\(down.address)\", check: { interval: 10m, fall: 1 } }"
        try herald.reload(file)
        let back = try RecordingServer("s2", on: down.address)
        try herald.reload(file)
        #expect(try visitors(port) == ["s1"])
        #expect(herald.states(of: "s2") == ["down"])
        file.servers[1] = "s2: { address: \"\(down.address)\", check: { interval: 50ms, fall: 1 } }"
        try herald.reload(file)
        #expect(herald.event("up", of: "s2") != nil, "checked by the new settings")
        #expect(try becomesTrue { try visitors(port) == ["s1", "s2"] })
        #expect(!back.sessions.isEmpty)
    }

    @Test func whatIsCountedOfAServerStays() throws {
        let port = try FreePorts.next()
        let (first, second) = (try RecordingServer("s1"), try RecordingServer("s2"))
        var file = ReloadedFile(binds: port, servers: first, second)
        file.servers[0] = "s1: { address: \"\(first.address)\", maxconn: 1 }"
        file.backend = ", balance: first"
        let herald = try Herald(file, ports: port)
        let client = try Connection(to: .loopback(port))
        try client.send("hello")
        #expect(try client.receiveLine() == "s1")
        file.servers[1] = "s2: { address: \"\(second.address)\", weight: 2 }"
        try herald.reload(file)
        #expect(try visitors(port, 3) == ["s2"], "the first one has its one session")
        client.close()
        #expect(herald.ending(of: client) == "completed")
        #expect(try visit(port) == "s1")
        #expect(herald.logs("session", times: 5))
        let late = try Connection(to: .loopback(port))
        try late.send("hello")
        #expect(try late.receiveLine() == "s1")
        file.servers[0] = "s1: { address: \"\(first.address)\", maxconn: 2 }"
        try herald.reload(file)
        #expect(try visit(port) == "s1", "there is room for one more now")
    }

    @Test func balanceChanges() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"), try RecordingServer("s2"))
        let herald = try Herald(file, ports: port)
        #expect(try visitors(port) == ["s1", "s2"])
        file.backend = ", balance: first"
        try herald.reload(file)
        #expect(try visitors(port) == ["s1"])
    }

    // MARK: Backends

    @Test func aBackendIsAddedAndAnotherOneRemoved() throws {
        let port = try FreePorts.next()
        let (old, new) = (try Listener(), try RecordingServer("new"))
        var file = ReloadedFile(binds: port)
        file.servers = ["s1: \"\(old.address)\""]
        let herald = try Herald(file, ports: port)
        let client = try Connection(to: .loopback(port))
        let server = try old.accept()
        let dead = try RecordingServer("dead")
        dead.stop()
        file.backendName = "other"
        file.servers = [
            "new: \"\(new.address)\"", "dead: { address: \"\(dead.address)\", check: { interval: 50ms, fall: 1 } }",
        ]
        try herald.reload(file)
        #expect(herald.event("down", of: "dead") != nil, "a backend that joins is checked, too")
        #expect(try visitors(port) == ["new"])
        try client.send("question\n")
        #expect(try server.receiveLine() == "question")
        server.close()
        client.close()
        #expect(herald.ending(of: client) == "completed")
    }

    @Test func whoWaitsInLineForABackendThatIsGoneIsServed() throws {
        let port = try FreePorts.next()
        let (old, new) = (try RecordingServer("old"), try RecordingServer("new"))
        var file = ReloadedFile(binds: port, servers: old)
        file.servers = ["old: { address: \"\(old.address)\", maxconn: 1 }"]
        file.backend = ", timeouts: { queue: 1m }"
        let herald = try Herald(file, ports: port)
        let first = try Connection(to: .loopback(port))
        try first.send("hello")
        #expect(try first.receiveLine() == "old")
        let second = try Connection(to: .loopback(port))
        try second.send("hello")
        #expect(becomesTrue { herald.facts.isAsleep })
        try herald.reload(ReloadedFile(binds: port, servers: new).named(backend: "other"))
        #expect(try visit(port) == "new")
        first.close()
        #expect(try second.receiveLine() == "old")
    }

    // MARK: Frontends

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
    @Test func whetherAcceptingIsDeferredChanges() throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        var file = ReloadedFile(binds: port, servers: server)
        let herald = try Herald(file, ports: port)
        let base = herald.facts.descriptorCount
        for isDeferred in [true, false] {
            file.binds = ["{ address: \"127.0.0.1:\(port)\", defer-accept: \(isDeferred) }"]
            try herald.reload(file)
            let silent = try Connection(to: .loopback(port))
            if isDeferred {
                pause(.milliseconds(300))
                #expect(herald.facts.descriptorCount == base)
                try silent.send("hello")
            }
            #expect(becomesTrue { herald.facts.descriptorCount == base + 2 })
            silent.close()
            #expect(becomesTrue { herald.facts.descriptorCount == base })
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

    // MARK: What can't be had

    @Test func aFileWithAMistakeChangesNothing() throws {
        let port = try FreePorts.next()
        let (first, second) = (try RecordingServer("s1"), try RecordingServer("s2"))
        let herald = try Herald(ReloadedFile(binds: port, servers: first), ports: port)
        let bad =
            "frontends:\n  web: { bind: \":x\", default-backend: b }\nbackends: { b: { servers: { s: nowhere } } }\n"
        let problems = try herald.reloadInVain(bad)
        #expect(problems.count == 2)
        #expect(problems[0].hasPrefix("\(herald.file):2:16: error: 'x' is not a port"))
        #expect(problems[1].hasPrefix("\(herald.file):3:32: error: 'nowhere' has no port"))
        #expect(try visitors(port) == ["s1"])
        try herald.reload(ReloadedFile(binds: port, servers: second))
        #expect(try visitors(port) == ["s2"])
    }

    @Test func aFileThatIsGoneChangesNothing() throws {
        let port = try FreePorts.next()
        let herald = try Herald(ReloadedFile(binds: port, servers: try RecordingServer("s1")), ports: port)
        try FileManager.default.removeItem(atPath: herald.file)
        herald.process.signal(SIGHUP)
        #expect(herald.logs("not reloaded; all goes on as before"))
        #expect(try visitors(port) == ["s1"])
    }

    @Test func aNameThatDoesNotResolveChangesNothing() throws {
        let port = try FreePorts.next()
        let herald = try Herald(ReloadedFile(binds: port, servers: try RecordingServer("s1")), ports: port)
        var file = ReloadedFile(binds: try FreePorts.next())
        file.servers = ["s1: no-such-host.invalid:80"]
        let problems = try herald.reloadInVain(file.text)
        #expect(problems.count == 1)
        #expect(problems[0].contains("can't resolve 'no-such-host.invalid'"))
        #expect(herald.facts.listeningPorts == [port])
        #expect(try visitors(port) == ["s1"])
    }

    @Test func anAddressThatIsTakenChangesNothing() throws {
        let port = try FreePorts.next()
        let (first, second) = (try RecordingServer("s1"), try RecordingServer("s2"))
        let herald = try Herald(ReloadedFile(binds: port, servers: first), ports: port)
        let free = try FreePorts.next()
        let other = try Listener()
        let problems = try herald.reloadInVain(
            ReloadedFile(binds: port, free, other.address.port, servers: second).text
        )
        #expect(problems == ["frontend 'web': can't listen on \(other.address): another process listens there already"])
        #expect(herald.facts.listeningPorts == [port])
        #expect(try visitors(port) == ["s1"])
    }

    /// The old address would have to be given up for the new one, but not in vain.
    @Test func aFileThatCanNotBeHadTurnsNobodyAwayMeanwhile() throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        let herald = try Herald(ReloadedFile(binds: port, servers: server), ports: port)
        let other = try Listener()
        var file = ReloadedFile(binds: port, servers: server)
        file.binds = ["\":\(port)\"", "127.0.0.1:\(other.address.port)"]
        let isOver = Atomic(false)
        let answers = Mutex<[String?]>([])
        let visitor = Thread {
            while !isOver.load(ordering: .relaxed) {
                let answer = try? visit(port)
                answers.withLock { $0.append(answer) }
            }
        }
        visitor.start()
        for _ in 0..<20 { #expect(try herald.reloadInVain(file.text).count == 1) }
        isOver.store(true, ordering: .relaxed)
        #expect(becomesTrue { visitor.isFinished })
        #expect(answers.withLock { $0.count >= 20 && $0.allSatisfy { $0 == "s1" } })
    }

    /// The old address has to be given up for the new one, and is taken back.
    @Test func anAddressThatIsTakenOfTheSamePortChangesNothing() throws {
        let port = try FreePorts.next()
        let (first, second) = (try RecordingServer("s1"), try RecordingServer("s2"))
        let other = try Listener(on: SocketAddress(.v4(IPv4Address(127, 0, 0, 2)), port: port))
        let herald = try Herald(ReloadedFile(binds: port, servers: first), ports: port)
        var file = ReloadedFile(binds: port, servers: second)
        file.binds = ["127.0.0.2:\(port)"]
        let problems = try herald.reloadInVain(file.text)
        #expect(problems == ["frontend 'web': can't listen on \(other.address): another process listens there already"])
        #expect(try visitors(port) == ["s1"])
    }

    // MARK: The process

    @Test func anotherNumberOfThreadsWaitsForTheNextStart() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.head = "threads: 2"
        let herald = try Herald(starting: file.text, as: .yaml)
        try herald.process.waitUntilListening(on: [port])
        #expect(herald.logs("ready"))
        file.head = "threads: 3"
        try herald.reload(file)
        let event = herald.events("another number of threads takes effect at the next start").first
        #expect(event?.level == "warning")
        #expect(event?["threads"] == "2")
        #expect(event?["configured"] == "3")
        #expect(try visitors(port) == ["s1"])
    }

    @Test func whatTheLogSaysChanges() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        file.head = "log: { format: json, sessions: off }"
        let herald = try Herald(starting: file.text, as: .yaml, logFormat: nil)
        try herald.process.waitUntilListening(on: [port])
        #expect(herald.logs("ready"))
        _ = try visit(port)
        file.head = "log: { format: json, sessions: all }"
        try herald.reload(file)
        let client = try Connection(to: .loopback(port))
        try client.send("hello")
        client.close()
        #expect(herald.ending(of: client) != nil)
        #expect(herald.events("session").count == 1)
        file.head = "log: { format: text, level: notice }"
        try herald.replaceFile(file.text)
        herald.process.signal(SIGHUP)
        #expect(becomesTrue { herald.process.output.contains(" notice reloaded generation=3 ") })
        _ = try visit(port)
        #expect(herald.terminate() == .code(0))
        #expect(!herald.process.output.contains(" info session "))
    }

    @Test func theAdminEndpointMoves() throws {
        let (port, first, second) = (try FreePorts.next(), try FreePorts.next(), try FreePorts.next())
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        func isReady(_ port: UInt16) -> Bool {
            (try? Herald.command("health", "--url", "http://127.0.0.1:\(port)").poll()) == .code(0)
        }
        file.head = "admin: { bind: 127.0.0.1:\(first) }"
        let herald = try Herald(file, ports: port, first)
        #expect(isReady(first))
        file.head = "admin: { bind: 127.0.0.1:\(second) }"
        try herald.reload(file)
        #expect(isReady(second))
        #expect(herald.facts.listeningPorts == [port, second])
        file.head = "admin: { bind: \":\(second)\" }"
        try herald.reload(file)
        #expect(isReady(second), "the same port, at all addresses")
        let other = try Listener(on: SocketAddress(.v4(IPv4Address(127, 0, 0, 2)), port: first))
        file.head = "admin: { bind: \"\(other.address)\" }"
        let problems = try herald.reloadInVain(file.text)
        #expect(problems == ["admin: can't listen on \(other.address): another process listens there already"])
        #expect(isReady(second))
        file.head = ""
        try herald.reload(file)
        #expect(becomesTrue { herald.facts.listeningPorts == [port] })
    }

    @Test func warningsOfTheNewFileAreShown() throws {
        let port = try FreePorts.next()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        let herald = try Herald(file, ports: port)
        #expect(herald.process.errors.isEmpty)
        file.binds = ["{ address: \"127.0.0.1:\(port)\", accept-proxy: true }"]
        try herald.reload(file)
        #expect(herald.process.errors.contains("warning: whoever connects here can claim any client address"))
    }
}

extension ReloadedFile {
    fileprivate func named(backend name: String) -> ReloadedFile {
        var file = self
        file.backendName = name
        return file
    }
}
