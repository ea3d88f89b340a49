import NetworkAddress
import Testing

/// Checks by HTTP and by dialogue, of servers that are well, ill, or do something else.
///
/// A check may take seconds on a loaded machine: where its timeout is not the point, it is 5 s.
@Suite("Kinds of checks", .onStage)
struct CheckKindsTests {
    private func herald(_ backend: [String], server: String, timeout: String = "5s") throws -> Herald {
        let port = try FreePorts.next()
        return try Herald(
            configuration(
                bind: "127.0.0.1:\(port)",
                backend: ["timeout check \(timeout)"] + backend,
                servers: "\(server) check inter 100 rise 2 fall 2"
            ),
            ports: port
        )
    }

    // MARK: Real servers

    /// nginx with the files of a directory, and pages that say a status; its log has a line for each request.
    private struct Web {
        let port: UInt16
        private let logFile: String

        init(files: String = "/nonexistent", bind: String = "") throws {
            port = try FreePorts.next()
            logFile = "\(Stage.current.directory.path)/access-\(port)"
            _ = try Nginx(
                """
                http {
                    log_format line '$request_method $status';
                    access_log \(logFile) line;
                    server {
                        listen 127.0.0.1:\(port) \(bind);
                        root \(files);
                        location = /busy { return 503; }
                        location = /moved { return 301 /; }
                        location = /ok { return 200 "all is well\\n"; }
                    }
                }
                """,
                ports: port
            )
        }

        /// Method and status of each request so far.
        var requests: [String] { contents(ofFile: logFile).split(separator: "\n").map(String.init) }
    }

    /// So many checks get this answer, and the server stays up.
    private func passes(_ herald: Herald, _ web: Web, _ request: String, count: Int = 5) {
        #expect(becomesTrue { web.requests.count >= count })
        #expect(web.requests.allSatisfy { $0 == request }, "\(web.requests)")
        #expect(herald.states(of: "s1") == [])
    }

    @Test(arguments: [
        (["option httpchk GET /busy"], "status 503, expected 200-399"),
        (["option httpchk GET /none"], "status 404, expected 200-399"),
        (["option httpchk GET /ok", "http-check expect status 204,300-399"], "status 200, expected 204, 300-399"),
        (
            ["option httpchk GET /ok", "http-check expect string fine"],
            "no 'fine' in the answer 'all is well\\n'"
        ),
    ])
    func theLogSaysWhyAServerDoesNotPass(backend: [String], reason: String) throws {
        let herald = try herald(backend, server: "127.0.0.1:\(try Web().port)")
        let event = herald.event("down", of: "s1")
        #expect(event?.reason == reason)
        #expect(event?.checks == 2)
    }

    @Test func aPageBringsItsServerUpAndTakesItDown() throws {
        let directory = Stage.current.directory
        let files = try directory.makeDirectory("files")
        let herald = try herald(
            ["option httpchk GET /state HTTP/1.1", "http-check expect status 200", "http-check expect string ready"],
            server: "127.0.0.1:\(try Web(files: files).port)"
        )
        #expect(herald.event("down", of: "s1")?.reason == "status 404, expected 200")
        try directory.write("still ready\n", to: "files/state")
        let up = herald.event("up", of: "s1")
        #expect(up?.reason.hasPrefix("passed in ") == true)
        #expect(up?.checks == 2)
        try directory.write("leaving\n", to: "files/state")
        #expect(becomesTrue { herald.states(of: "s1") == ["down", "up", "down"] })
        #expect(herald.serverEvents.last?.reason == "no 'ready' in the answer 'leaving\\n'")
    }

    @Test(arguments: [("GET /ok", "GET 200"), ("HEAD /ok", "HEAD 200"), ("OPTIONS /moved", "OPTIONS 301")])
    func aReplyWithABodyWithoutOneAndARedirectionPass(request: String, logged: String) throws {
        let web = try Web()
        passes(try herald(["option httpchk \(request)"], server: "127.0.0.1:\(web.port)"), web, logged)
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2"], [[], ["option httpchk GET /ok"]])
    func aServerThatKnowsNoHeaderIsToldOf(options: String, backend: [String]) throws {
        let herald = try herald(backend, server: "127.0.0.1:\(try Web().port) \(options)")
        #expect(
            herald.event("down", of: "s1")?.reason
                == "answered as if it did not understand the PROXY header: status 400"
        )
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2"])
    func aCheckWithAHeaderPassesWhereHeadersAreTaken(options: String) throws {
        let web = try Web(bind: "proxy_protocol")
        let herald = try herald(
            ["option httpchk GET /ok", "http-check expect string well"],
            server: "127.0.0.1:\(web.port) \(options)"
        )
        passes(herald, web, "GET 200")
    }

    private static let quit = [
        "tcp-check expect string 220", #"tcp-check send QUIT\r\n"#, "tcp-check expect string 221",
    ]

    @Test(.enabled(if: Postfix.isPossible, "Postfix needs root"), arguments: ["send-proxy", "send-proxy-v2"])
    func postfixIsGreetedAndLeft(options: String) throws {
        let port = try FreePorts.next()
        let postfix = try Postfix(on: port)
        let herald = try herald(["option tcp-check"] + Self.quit, server: "127.0.0.1:\(port) \(options)")
        let isGreeted = becomesTrue {
            postfix.log.split(separator: "\n").count { $0.contains("quit=1 commands=1") } >= 3
        }
        #expect(isGreeted, "\(postfix.log)")
        #expect(herald.states(of: "s1") == [])
        #expect(!postfix.log.contains("lost connection"))
    }

    @Test(.enabled(if: Postfix.isPossible, "Postfix needs root"))
    func postfixDoesNotSayWhatNobodySays() throws {
        let port = try FreePorts.next()
        _ = try Postfix(on: port)
        let herald = try herald(
            ["option tcp-check", "tcp-check expect string 999"],
            server: "127.0.0.1:\(port) send-proxy",
            timeout: "2s"
        )
        #expect(
            herald.event("down", of: "s1", within: .seconds(20))?.reason
                == "no '999' within 2 s, only '220 mail.test ESMTP Postfix\\r\\n'"
        )
    }

    // MARK: Servers that do something else

    private static let expectsOK = ["option tcp-check", "tcp-check send hello", "tcp-check expect string OK"]
    private static let asksForOK = ["option httpchk GET /", "http-check expect string OK"]

    @Test(arguments: [
        (asksForOK, "no answer within 500 ms"), (expectsOK, "no 'OK' within 500 ms, only 'H'"),
    ])
    func aServerThatDripsIsNotWaitedFor(backend: [String], reason: String) throws {
        let server = try ScriptedServer { connection in
            try connection.drip(Array("HT".utf8), every: .seconds(1))
            return try connection.receiveAll()
        }
        let herald = try herald(backend, server: "\(server.address)", timeout: "500ms")
        #expect(herald.event("down", of: "s1")?.reason == reason)
        // The check has said its FIN, and did not cut the server off.
        #expect(becomesTrue { server.received.contains { $0.ending == .finished } })
    }

    @Test(arguments: [asksForOK, expectsOK])
    func aServerThatNeverEndsIsReadUpToALimit(backend: [String]) throws {
        let server = try ScriptedServer { connection in
            let received = try connection.receiveOnce()
            try connection.send("HTTP/1.1 200 Fine\r\n\r\n")
            let chunk = [UInt8](repeating: 0x78, count: 65_536)
            // Each try fails once the check has left; 64 MiB are more than any buffer between the two.
            for _ in 0..<1024 {
                do { try connection.send(chunk) } catch { return received }
            }
            throw HarnessError("the check took everything")
        }
        let herald = try herald(backend, server: "\(server.address)")
        #expect(herald.event("down", of: "s1")?.reason == "no 'OK' in the first 65536 bytes of the answer")
        #expect(becomesTrue { server.received.count >= 5 })
        let before = herald.facts.residentKiB
        #expect(becomesTrue(within: .seconds(30)) { server.received.count >= 25 })
        #expect(herald.facts.residentKiB < before + 1024, "20 checks were offered some 1280 MiB")
    }

    @Test(arguments: [
        (asksForOK, "", "connection closed early by the server"),
        (expectsOK, "", "connection closed early by the server"),
        (
            ["option httpchk GET /"], "send-proxy-v2",
            "answered as if it did not understand the PROXY header: connection closed"
        ),
        (expectsOK, "send-proxy", "answered as if it did not understand the PROXY header: connection closed"),
    ])
    func aServerThatLeavesWithoutAWord(backend: [String], options: String, reason: String) throws {
        let server = try ScriptedServer { connection in try connection.receiveOnce() }
        let herald = try herald(backend, server: "\(server.address) \(options)")
        #expect(herald.event("down", of: "s1")?.reason == reason)
    }

    @Test(arguments: [
        ([], "send-proxy", "answered as if it did not understand the PROXY header: connection reset"),
        ([], "send-proxy-v2", "answered as if it did not understand the PROXY header: connection reset"),
        (asksForOK, "send-proxy", "answered as if it did not understand the PROXY header: connection reset"),
        (asksForOK, "", "connection reset by the server"), (expectsOK, "", "connection reset by the server"),
    ])
    func aServerThatCutsOff(backend: [String], options: String, reason: String) throws {
        let server = try ScriptedServer { connection in
            let received = try connection.receiveOnce()
            try connection.reset()
            return received
        }
        let herald = try herald(backend, server: "\(server.address) \(options)")
        #expect(herald.event("down", of: "s1")?.reason == reason)
    }

    @Test func anotherProtocolIsNoHTTP() throws {
        let server = try ScriptedServer { connection in
            try connection.send("220 mail.test\r\n")
            return try connection.receiveAll()
        }
        let herald = try herald(["option httpchk GET /"], server: "\(server.address)")
        #expect(herald.event("down", of: "s1")?.reason == "the answer is not HTTP: '220 mail.test\\r\\n'")
        #expect(becomesTrue { server.received.contains { $0.ending == .finished } })
    }

    // MARK: The connection

    /// Whatever comes of it: the server never sees a reset.
    @Test(arguments: [
        (asksForOK, "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nOK"),
        (asksForOK, "HTTP/1.0 200 Fine\r\n\r\nOK and more"),
        (asksForOK, "HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nnone"),
        (["option httpchk GET /"], "HTTP/1.1 503 Busy\r\n\r\nmuch more"),
        (expectsOK, "OK and more"), (expectsOK, "-ERR"),
    ])
    func aCheckEndsWithAFIN(backend: [String], answer: String) throws {
        let server = try ScriptedServer { connection in
            _ = try connection.receiveOnce()
            try connection.send(answer)
            return try connection.receiveAll()
        }
        _ = try herald(backend, server: "\(server.address)", timeout: answer == "-ERR" ? "300ms" : "5s")
        #expect(becomesTrue { server.received.count >= 4 })
        #expect(server.received.allSatisfy { $0.ending == .finished && $0.bytes.isEmpty })
    }

    @Test func aCheckAsksAnotherPortAndAddress() throws {
        let server = try RecordingServer("s1")
        let checked = try ScriptedServer { connection in
            let request = try connection.receiveOnce()
            try connection.send("HTTP/1.1 503 Busy\r\n\r\n")
            return request
        }
        let herald = try herald(
            ["option httpchk GET /healthz"],
            server: "\(server.address) send-proxy addr 127.0.0.1 port \(checked.address.port)"
        )
        let event = try #require(herald.event("down", of: "s1"))
        #expect(event.address == server.address.description)
        #expect(event.reason == "status 503, expected 200-399")
        #expect(server.records.isEmpty)
        #expect(
            checked.received.first?.text
                == "GET /healthz HTTP/1.0\r\nUser-Agent: herald\r\nConnection: close\r\n\r\n"
        )
    }
}
