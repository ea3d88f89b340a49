import Glibc
import NetworkAddress
import Testing

/// What an orchestrator sees: readiness by HTTP and by `herald health`, and signals.
@Suite("Admin endpoint", .onStage)
struct AdminTests {
    @Test func aProxyWithAServerIsAliveAndReady() throws {
        let probed = try Probed()
        #expect(try probed.poll("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try probed.poll("/readyz").hasSuffix("\r\n\r\nready\n"))
        let health = try probed.health()
        #expect(health.poll() == .code(0))
        #expect(health.errors.isEmpty)
        #expect(try visit(probed.port) == "s1")
    }

    @Test func everyServerDownIsNotReadyUntilOneIsBack() throws {
        let probed = try Probed(check: "{ interval: 100ms, rise: 2, fall: 2 }")
        let reason = "frontend 'web': backend 'servers' has no server that is up"
        probed.server.stop()
        #expect(try becomesTrue { try probed.poll("/readyz").hasPrefix("HTTP/1.1 503 ") })
        #expect(try probed.poll("/readyz").hasSuffix("\r\n\r\n{\"ready\":false,\"reasons\":[\"\(reason)\"]}\n"))
        let health = try probed.health()
        #expect(health.poll() == .code(1))
        #expect(health.errors.contains(reason))
        #expect(health.errors.split(separator: "\n").count == 1)
        #expect(try probed.poll("/healthz").hasPrefix("HTTP/1.1 200 "), "it is alive all the same")
        let back = try RecordingServer("s1", on: probed.server.address)
        #expect(try becomesTrue { try probed.poll("/readyz").hasPrefix("HTTP/1.1 200 ") })
        #expect(becomesTrue { back.records.count >= 2 }, "a rise of two takes two checks")
    }

    @Test func aDrainIsToldFromItsFirstMomentToItsEnd() throws {
        let probed = try Probed()
        let client = try Connection(to: .loopback(probed.port))
        try client.send("hello")
        #expect(try client.receiveLine() == "s1")
        probed.herald.process.signal(SIGTERM)
        #expect(becomesTrue { !probed.herald.facts.listeningPorts.contains(probed.port) })
        for _ in 0..<5 {
            #expect(try probed.poll("/readyz").hasSuffix("\r\n\r\n{\"ready\":false,\"reasons\":[\"draining\"]}\n"))
            #expect(try probed.poll("/healthz").hasPrefix("HTTP/1.1 200 "))
            pause(.milliseconds(30))
        }
        let health = try probed.health()
        #expect(health.poll() == .code(1))
        #expect(health.errors.contains("draining"))
        #expect(probed.herald.process.poll() == nil)
        client.close()
        #expect(probed.herald.process.wait() == .code(0))
    }

    @Test func aHangUpReadsTheFileAgain() throws {
        let probed = try Probed()
        for _ in 0..<2 { probed.herald.process.signal(SIGHUP) }
        #expect(becomesTrue { probed.herald.process.output.contains("reloaded") })
        #expect(probed.herald.process.poll() == nil)
        #expect(try visit(probed.port) == "s1")
        #expect(probed.herald.terminate() == .code(0))
    }

    @Test func theCommandLineComesBeforeTheFile() throws {
        let other = try FreePorts.next()
        let probed = try Probed(arguments: ["--admin", "127.0.0.1:\(other)"], admin: other)
        #expect(!probed.herald.facts.listeningPorts.contains(probed.adminOfFile))
        #expect(try probed.poll("/readyz").hasPrefix("HTTP/1.1 200 "))
        #expect(try probed.health().poll() == .code(1), "the file names another address")
        let health = try Herald.command("health", "--url", "http://localhost:\(other)")
        #expect(health.poll() == .code(0), "\(health.errors)")
    }

    @Test(arguments: ["9901", "localhost:9901", "127.0.0.1:99999", ""])
    func anAdminAddressThatIsNoneIsBadUsage(text: String) throws {
        let herald = try Herald.command("run", "--config", "none.yaml", "--admin", text)
        #expect(herald.poll() == .code(2))
        #expect(herald.errors.contains("expected"))
        #expect(herald.errors.contains("--admin"))
    }

    @Test func anAdminAddressInUseIsNamedAndNothingStarts() throws {
        let other = try Listener()
        let port = try FreePorts.next()
        let herald = try Herald(
            starting: configuration(bind: "127.0.0.1:\(port)", servers: "127.0.0.1:9"),
            arguments: ["--admin", "\(other.address)"]
        )
        #expect(herald.process.wait() == .code(1))
        let problem = "admin: can't listen on \(other.address): another process listens there already"
        #expect(herald.process.errors.contains(problem))
    }

    @Test func whereNothingAnswersHealthSaysWhy() throws {
        let port = try FreePorts.next()
        let refused = try Herald.command("health", "--url", "http://127.0.0.1:\(port)/readyz")
        #expect(refused.poll() == .code(1))
        #expect(refused.errors.contains("127.0.0.1:\(port): connection refused"))
        let unknown = try Herald.command("health", "--url", "http://no-such-host.invalid/")
        #expect(unknown.poll() == .code(1))
        #expect(unknown.errors.contains("no-such-host.invalid"))
    }

    @Test func healthDoesNotWaitForEver() throws {
        let silent = try Listener()
        var health: ChildProcess?
        let lasted = try ContinuousClock().measure {
            health = try Herald.command("health", "--url", "http://\(silent.address)")
        }
        #expect(health?.poll() == .code(1))
        #expect(health?.errors.contains("within 3 s") == true)
        #expect(lasted > .milliseconds(2900))
    }

    @Test func whatDoesNotSpeakHTTPIsNotReady() throws {
        let server = try RecordingServer("ssh")
        let health = try Herald.command("health", "--url", "http://\(server.address)")
        #expect(health.poll() == .code(1))
        #expect(health.errors.split(separator: "\n").count == 1)
    }

    @Test(arguments: ["127.0.0.1:9901", "https://127.0.0.1:9901/", "http://127.0.0.1:x/", ""])
    func aURLThatIsNoneIsBadUsage(text: String) throws {
        let health = try Herald.command("health", "--url", text)
        #expect(health.poll() == .code(2))
        #expect(health.errors.contains("expected http://HOST[:PORT][/PATH]"))
    }

    @Test func aFileWithoutAnAdminAddressIsBadUsage() throws {
        let file = try Stage.current.directory.write(
            configuration(bind: ":80", servers: "127.0.0.1:9"),
            to: "plain.cfg"
        )
        let health = try Herald.command("health", "--config", file)
        #expect(health.poll() == .code(2))
        #expect(health.errors.contains("expected 'admin: { bind: ADDRESS:PORT }'"))
    }

    @Test func aWildcardIsAskedOnLoopback() throws {
        let probed = try Probed(adminHost: "*")
        #expect(try probed.health().poll() == .code(0))
        let probed6 = try Probed(adminHost: "[::]")
        #expect(try probed6.health().poll() == .code(0))
    }
}

/// A proxy with an admin endpoint and one server.
private struct Probed {
    let port: UInt16
    let adminOfFile: UInt16
    let server: RecordingServer
    let herald: Herald
    private let admin: UInt16
    private let file: String

    /// - Parameter admin: where it listens, if not at the file's port.
    init(
        adminHost: String = "127.0.0.1",
        check: String = "false",
        arguments: [String] = [],
        admin: UInt16? = nil
    ) throws {
        port = try FreePorts.next()
        adminOfFile = try FreePorts.next()
        self.admin = admin ?? adminOfFile
        server = try RecordingServer("s1")
        let text = """
            admin: { bind: "\(adminHost):\(adminOfFile)" }
            frontends:
              web:
                bind: [{ address: "127.0.0.1:\(port)" }]
                default-backend: servers
            backends:
              servers:
                servers:
                  s1: { address: "\(server.address)", check: \(check) }

            """
        file = try Stage.current.directory.write(text, to: "probed-\(port).yaml")
        herald = try Herald(starting: text, as: .yaml, arguments: ["--threads", "2"] + arguments)
        try herald.process.waitUntilListening(on: [port, self.admin])
        // Listening comes a moment before clients are taken in.
        _ = becomesTrue { herald.process.output.contains(#""message":"ready""#) }
    }

    /// The whole reply to a GET, which must end in order.
    func poll(_ path: String) throws -> String {
        let client = try Connection(to: .loopback(admin))
        try client.send("GET \(path) HTTP/1.1\r\nHost: herald\r\nUser-Agent: probe\r\n\r\n")
        let reply = try client.receiveAll()
        #expect(reply.ending == .finished)
        return reply.text
    }

    func health() throws -> ChildProcess {
        try Herald.command("health", "--config", file)
    }
}
