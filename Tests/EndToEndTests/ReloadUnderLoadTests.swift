import Foundation
import NetworkAddress
import Synchronization
import Testing

/// Reloads at awkward moments: amid clients, on each other's heels, and at the end.
@Suite("Reload at awkward moments", .onStage)
struct ReloadUnderLoadTests {
    /// Servers, a second bind and what the frontend asks for change a hundred times; clients connect all the time.
    @Test func aHundredReloadsFailNobody() throws {
        let (port, second) = (try FreePorts.next(), try FreePorts.next())
        let servers = try (1...3).map { try RecordingServer("s\($0)") }
        var file = ReloadedFile(binds: port, servers: servers[0], servers[1])
        file.head = "log: { sessions: errors }"
        let herald = try Herald(file, ports: port)
        let crowd = Crowd(port, clients: 8)
        for round in 0..<100 {
            file = ReloadedFile(binds: port, servers: servers[0], servers[1])
            file.head = "log: { sessions: errors }"
            if round % 2 == 0 { file.binds.append("127.0.0.1:\(second)") }
            if round % 3 == 0 { file.servers[1] = "s3: { address: \"\(servers[2].address)\", maxconn: 2 }" }
            if round % 4 == 0 { file.backend = ", balance: leastconn" }
            if round % 5 == 0 { file.frontendName = "shop" }
            if round % 7 == 0 { file.backendName = "other" }
            try herald.reload(file)
        }
        let (served, failures) = crowd.disperse()
        #expect(failures.isEmpty)
        #expect(served > 100)
        #expect(herald.terminate() == .code(0))
        #expect(herald.events("session").isEmpty, "none ended otherwise than well")
        #expect(herald.events("reloaded").count == 100)
        #expect(herald.events("stopped").first?["failures"] == "none")
        #expect(herald.events("stopped").first?["sessions"] == "\(served)")
        #expect(servers.allSatisfy { !$0.sessions.isEmpty })
    }

    /// Whatever comes while one is under way makes one more, so that the last file is the one in force.
    @Test func hangUpsOnEachOthersHeelsEndWithTheLastFile() throws {
        let port = try FreePorts.next()
        let servers = try (1...3).map { try RecordingServer("s\($0)") }
        let herald = try Herald(ReloadedFile(binds: port, servers: servers[0]), ports: port)
        for server in [1, 0, 1, 0, 2].map({ servers[$0] }) {
            try herald.replaceFile(ReloadedFile(binds: port, servers: server).text)
            for _ in 0..<2 { herald.process.signal(SIGHUP) }
        }
        #expect(try becomesTrue { try visit(port) == "s3" })
        #expect(try (0..<8).allSatisfy { _ in try visit(port) == "s3" })
        #expect(herald.terminate() == .code(0))
    }

    /// The new file's name is never looked up to an end.
    @Test func aReloadThatTakesLongDoesNotHoldUpTheEnd() throws {
        let port = try FreePorts.next()
        let silent = try SilentNameServer()
        var file = ReloadedFile(binds: port, servers: try RecordingServer("s1"))
        let herald = try Herald(file, ports: port)
        file.binds.append("127.0.0.1:\(try FreePorts.next())")
        file.moreBackends = [
            "slow: { servers: { from-dns: \"a.example:80\", timeout: 20s, nameservers: [\"\(silent.address)\"] } }"
        ]
        try herald.replaceFile(file.text)
        herald.process.signal(SIGHUP)
        #expect(becomesTrue { silent.hasBeenAsked })
        #expect(try visit(port) == "s1")
        #expect(herald.terminate() == .code(0))
        #expect(herald.facts.listeningPorts.isEmpty)
    }

    @Test(arguments: 0..<10)
    func theEndMayComeWithAReload(round: Int) throws {
        let (port, second) = (try FreePorts.next(), try FreePorts.next())
        let server = try RecordingServer("s1")
        let herald = try Herald(ReloadedFile(binds: port, servers: server), ports: port)
        let guest = try Connection(to: .loopback(port))
        try guest.send("hello")
        #expect(try guest.receiveLine() == "s1")
        try herald.replaceFile(ReloadedFile(binds: second, servers: server).text)
        herald.process.signal(SIGHUP)
        pause(.microseconds(200 * round))
        herald.process.signal(SIGTERM)
        #expect(becomesTrue { herald.facts.listeningPorts.isEmpty })
        #expect(becomesTrue { herald.facts.isAsleep })
        #expect(herald.facts.listeningPorts.isEmpty, "nothing is opened any more")
        guest.close()
        #expect(herald.process.wait() == .code(0))
        #expect(herald.ending(of: guest) == "completed")
    }

    // MARK: Watching

    private enum Way: CaseIterable {
        case written
        case replaced
        case relinked
    }

    @Test(arguments: Way.allCases)
    private func aFileThatChangesIsReadByItself(way: Way) throws {
        let port = try FreePorts.next()
        let (first, second) = (try RecordingServer("s1"), try RecordingServer("s2"))
        let before = ReloadedFile(binds: port, servers: first).text
        let after = ReloadedFile(binds: port, servers: second).text
        let stage = Stage.current.directory
        // As Kubernetes mounts a ConfigMap: the file is a link into `..data`, a link that is put in place all at once.
        for (name, text) in [("..1", before), ("..2", after)] {
            _ = try stage.makeDirectory("mount/\(name)")
            try stage.write(text, to: "mount/\(name)/herald.yaml")
        }
        let (file, data) = ("\(stage.path)/mount/herald.yaml", "\(stage.path)/mount/..data")
        switch way {
        case .written, .replaced: try stage.write(before, to: "mount/herald.yaml")
        case .relinked:
            try FileManager.default.createSymbolicLink(atPath: data, withDestinationPath: "..1")
            try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "..data/herald.yaml")
        }
        let herald = try ChildProcess([Herald.binary, "run", "--config", file, "--watch", "--threads", "1"])
        try herald.waitUntilListening(on: [port])
        #expect(becomesTrue { herald.output.contains(" notice ready ") })
        #expect(try visit(port) == "s1")
        switch way {
        case .written: try stage.write(after, to: "mount/herald.yaml")
        case .replaced: try after.write(toFile: file, atomically: true, encoding: .utf8)
        case .relinked:
            try FileManager.default.createSymbolicLink(atPath: data + "_tmp", withDestinationPath: "..2")
            #expect(try run(["mv", "-T", data + "_tmp", data]).wait() == .code(0))
        }
        #expect(becomesTrue { herald.output.contains(" notice reloaded ") })
        #expect(try visit(port) == "s2")
    }

    @Test func withoutWatchingAFileThatChangesIsNotRead() throws {
        let port = try FreePorts.next()
        let (first, second) = (try RecordingServer("s1"), try RecordingServer("s2"))
        let herald = try Herald(ReloadedFile(binds: port, servers: first), ports: port)
        try herald.replaceFile(ReloadedFile(binds: port, servers: second).text)
        pause(.milliseconds(2500))
        #expect(herald.events("reloaded").isEmpty)
        #expect(try visit(port) == "s1")
    }
}

/// Clients that come one after the other, several at a time, until they are told to stop.
final class Crowd: Sendable {
    private let isOver = Atomic(false)
    private let results = Mutex<(served: Int, failures: [String])>((0, []))
    private let group = DispatchGroup()

    init(_ port: UInt16, clients: Int) {
        for _ in 0..<clients {
            group.enter()
            Thread { [self] in
                while !isOver.load(ordering: .relaxed) { visitOnce(port) }
                group.leave()
            }.start()
        }
    }

    private func visitOnce(_ port: UInt16) {
        do {
            let answer = try visit(port)
            results.withLock { results in
                if answer == nil { results.failures.append("no answer") } else { results.served += 1 }
            }
        } catch {
            results.withLock { $0.failures.append("\(error)") }
        }
    }

    /// - Returns: how many were served, and how the others failed.
    func disperse() -> (served: Int, failures: [String]) {
        isOver.store(true, ordering: .relaxed)
        group.wait()
        return results.withLock { $0 }
    }
}
