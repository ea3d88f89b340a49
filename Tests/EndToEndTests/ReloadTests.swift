import Foundation
import NetworkAddress
import Testing

/// SIGHUP puts another configuration in force; nobody who is connected, or connects meanwhile, notices.
@Suite("Reload", .onStage)
struct ReloadTests {
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
