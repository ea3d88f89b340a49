import Foundation
import NetworkAddress
import Synchronization
import Testing

/// A configuration that can't be had changes nothing.
@Suite("Reload that fails", .onStage)
struct ReloadFailureTests {
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
}
