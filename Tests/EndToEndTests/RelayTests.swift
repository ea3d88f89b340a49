import Foundation
import NetworkAddress
import Synchronization
import Testing

/// Bytes between client and server, once both are there.
@Suite("Relay", .onStage)
struct RelayTests {
    static let source: SocketAddress = "203.0.113.5:51234"
    static let destination: SocketAddress = "198.51.100.7:443"

    @Test(arguments: [1, 2])
    func headerAndFirstBytesReachTheServerInOneRead(version: Int) throws {
        let pair = try Pair(options: version == 1 ? "send-proxy" : "send-proxy-v2")
        let hello = Array("hello".utf8)
        let header = {
            version == 1 ? ProxyHeader.v1(Self.source, Self.destination) : ProxyHeader.v2(Self.source, Self.destination)
        }
        for _ in 0..<20 {
            let client = try pair.connect()
            try client.send(header() + hello)
            let received = try pair.server.accept().receiveOnce()
            #expect(received.reads == [header() + hello])
        }
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2"])
    func aServerThatSpeaksFirstGetsTheHeaderAtOnce(options: String) throws {
        let pair = try Pair(accept: "", options: options)
        let client = try pair.connect()
        let server = try pair.server.accept()
        #expect(ProxyHeader(try server.receiveOnce().bytes)?.source == client.local)
        try server.send("220 welcome\r\n")
        #expect(try client.receiveLine() == "220 welcome")
    }

    @Test func aHeaderByteByByteIsAccepted() throws {
        let pair = try Pair()
        for header in [
            ProxyHeader.v1(Self.source, Self.destination),
            ProxyHeader.networkLoadBalancer(Self.source, Self.destination),
        ] {
            let client = try pair.connect()
            try client.drip(header)
            try client.drip(Array("hello\n".utf8))
            let received = try pair.server.accept().receive { $0.bytes.last == 0x0a }
            #expect(received.text.hasSuffix("hello\n"))
            #expect(ProxyHeader(received.bytes)?.source == Self.source)
        }
    }

    @Test func aHeaderInTwoPartsIsAcceptedAtEverySplit() throws {
        let pair = try Pair()
        let headers = [
            ProxyHeader.v1(Self.source, Self.destination),
            ProxyHeader.v2(Self.source, Self.destination, hasChecksum: true),
        ]
        for header in headers {
            for split in 1..<header.count {
                let client = try pair.connect()
                try client.send(Array(header[..<split]))
                pause(.milliseconds(1))
                try client.send(Array(header[split...]) + [0x21])
                let received = try pair.server.accept().receive { $0.bytes.last == 0x21 }
                #expect(ProxyHeader(received.bytes)?.source == Self.source, "split at \(split)")
            }
        }
    }

    @Test func theClientsEndReachesTheServerAndTheAnswerStillArrives() throws {
        let (client, server) = try Pair().session()
        try client.send("question")
        try client.finish()
        let question = try server.receiveAll()
        #expect(question.text == "question")
        #expect(question.ending == .finished)
        try server.send("answer")
        pause(.milliseconds(50))
        try server.send(", and more")
        try server.finish()
        let answer = try client.receiveAll()
        #expect(answer.text == "answer, and more")
        #expect(answer.ending == .finished)
    }

    @Test func theServersEndReachesTheClientAndTheServerStillListens() throws {
        let (client, server) = try Pair().session()
        try server.send("greeting")
        try server.finish()
        let greeting = try client.receiveAll()
        #expect(greeting.text == "greeting")
        #expect(greeting.ending == .finished)
        try client.send("first, ")
        pause(.milliseconds(50))
        try client.send("second")
        try client.finish()
        let rest = try server.receiveAll()
        #expect(rest.text == "first, second")
        #expect(rest.ending == .finished)
    }

    /// While the server does not read, the last of what the client has said waits in the kernel, on a connection that both
    /// sides have ended.
    @Test func whatTheClientSaidBeforeItsEndArrivesHoweverLate() throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        try server.finish()
        #expect(try client.receiveAll().ending == .finished)
        let sent = try sendUntilUnread(client)
        try client.finish()
        // By then Herald has looked whether the side that it does not read is gone.
        pause(.seconds(7))
        let rest = try server.receiveAll()
        #expect(rest.bytes.count == sent)
        #expect(rest.ending == .finished)
        #expect(pair.herald.ending(of: client) == "completed")
    }

    /// The system of a client that has closed answers what still comes with a reset.
    @Test func whatAClientSaidThatHasClosedArrivesThoughTheServerSpeaks() throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        let sent = try sendUntilUnread(client)
        client.close()
        try server.send("who is there?")
        pause(.seconds(7))
        let rest = try server.receiveAll()
        #expect(rest.bytes.count == sent)
        #expect(rest.ending == .finished)
        #expect(pair.herald.ending(of: client) == "client-reset")
    }

    /// As the server's system resets what comes after its end, the rest of its answer has all the time that it needs.
    @Test func theLastOfAServerArrivesHoweverSlowlyItIsRead() throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        let answer = [UInt8](repeating: 0x61, count: 3 << 20)
        try server.send(answer)
        #expect(try becomesTrue { try server.undelivered == 0 })
        server.close()
        try client.send("still there?")
        var count = 0
        while count < answer.count {
            pause(.milliseconds(500))
            let received = try client.receive { $0.bytes.count >= answer.count / 16 }
            guard !received.bytes.isEmpty else { break }
            count += received.bytes.count
        }
        #expect(count == answer.count)
        #expect(try client.receiveAll().ending == .finished)
        #expect(pair.herald.ending(of: client) == "server-reset")
    }

    /// Sends until Herald leaves what comes in its kernel; returns how much was sent, all of which that kernel has.
    private func sendUntilUnread(_ client: Connection) throws -> Int {
        let chunk = [UInt8](repeating: 0x61, count: 16 * 1024)
        for sent in stride(from: chunk.count, to: 1 << 30, by: chunk.count) {
            try client.send(chunk)
            #expect(try becomesTrue { try client.undelivered == 0 })
            if try !becomesTrue(within: .milliseconds(100), { try client.unreadByPeer == 0 }) { return sent }
        }
        throw HarnessError("Herald reads on, though nobody takes it")
    }

    @Test func aSessionThatBothSidesFinishIsCompleted() throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        try client.send("question")
        try client.finish()
        _ = try server.receiveAll()
        try server.send("answer")
        server.close()
        #expect(try client.receiveAll().text == "answer")
        #expect(pair.herald.ending(of: client) == "completed")
    }

    @Test func aClientsResetReachesTheServerAsReset() throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        try client.reset()
        #expect(try server.receiveAll().ending == .reset)
        #expect(pair.herald.ending(of: client) == "client-reset")
    }

    @Test func aServersResetReachesTheClientAsReset() throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        try server.reset()
        #expect(try client.receiveAll().ending == .reset)
        #expect(pair.herald.ending(of: client) == "server-reset")
    }

    /// At once, what was said and the reset arrive together, and the reset is easily overlooked.
    @Test(arguments: [Duration.zero, .milliseconds(50)])
    func whatTheServerSaidBeforeItsResetArrivesAndIsNotTakenForTheWhole(interval: Duration) throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        try server.send("half an ans")
        pause(interval)
        try server.reset()
        let received = try client.receiveAll()
        #expect(received.text == "half an ans")
        #expect(received.ending == .reset)
        #expect(pair.herald.ending(of: client) == "server-reset")
    }

    @Test func aServerThatIsGoneWhileTheClientStillTalksHasNotCompleted() throws {
        let pair = try Pair()
        let (client, server) = try pair.session()
        server.close()
        #expect(try client.receiveAll().ending == .finished)
        // Nobody is there to read it: the server's system answers with a reset.
        while (try? client.send("still talking")) != nil {
            pause(.milliseconds(5))
        }
        #expect(pair.herald.ending(of: client) == "server-reset")
    }

    /// A server that refuses an upload answers and closes, with bytes unread: that is a reset right behind the answer.
    @Test func theAnswerToARefusedUploadArrives() throws {
        let pair = try Pair()
        for _ in 0..<20 {
            let (client, server) = try pair.session()
            _ = try client.sendUntilBlocked(for: .milliseconds(20))
            try server.send("413 too large")
            server.close()
            #expect(try client.receiveAll().text == "413 too large")
            #expect(pair.herald.ending(of: client) == "server-reset")
        }
    }

    @Test func whatASilentClientLeavesUnreadIsNotTakenForTheWhole() throws {
        let pair = try Pair(defaults: ["timeout client 500", "timeout server 500"])
        let (client, server) = try pair.session()
        _ = try server.sendUntilBlocked(for: .milliseconds(100))
        #expect(pair.herald.ending(of: client) == "idle-timeout")
        #expect(try client.receiveAll().ending == .reset)
    }

    @Test func silenceOnBothSidesEndsTheSession() throws {
        let pair = try Pair(defaults: ["timeout client 300", "timeout server 300"])
        let (client, server) = try pair.session()
        let clock = ContinuousClock()
        let lasted = try clock.measure { _ = try client.receiveAll() }
        #expect(lasted > .milliseconds(200))
        #expect(try server.receiveAll().ending != .open)
        #expect(pair.herald.ending(of: client) == "idle-timeout")
    }

    /// Who has ended is waited for no more: `client-fin` is not for the server that is to answer, nor the other way round.
    @Test(arguments: [true, false])
    func aFinTimeoutIsForTheSideThatIsWaitedFor(clientEnds: Bool) throws {
        let own = clientEnds ? "timeout client-fin 300" : "timeout server-fin 300"
        let pair = try Pair(defaults: ["timeout client 60s", "timeout server 60s", own])
        let (client, server) = try pair.session()
        let (first, last) = clientEnds ? (client, server) : (server, client)
        try first.finish()
        #expect(try last.receiveAll().ending == .finished)
        pause(.milliseconds(1500))
        try last.send("at last")
        last.close()
        #expect(try first.receiveAll().text == "at last")
        #expect(pair.herald.ending(of: client) == "completed")
    }

    @Test(arguments: [true, false])
    func aSideThatNeverEndsRunsIntoItsFinTimeout(clientEnds: Bool) throws {
        let own = clientEnds ? "timeout server-fin 300" : "timeout client-fin 300"
        let pair = try Pair(defaults: ["timeout client 60s", "timeout server 60s", own])
        let (client, server) = try pair.session()
        try (clientEnds ? client : server).finish()
        #expect(pair.herald.ending(of: client) == (clientEnds ? "server-fin-timeout" : "client-fin-timeout"))
    }

    @Test func activityOfOneSideKeepsTheSession() throws {
        let pair = try Pair(defaults: ["timeout client 600", "timeout server 600"])
        let (client, server) = try pair.session()
        for _ in 0..<12 {
            try server.send(".")
            pause(.milliseconds(100))
        }
        server.close()
        let received = try client.receiveAll()
        #expect(received.text == "............")
        #expect(received.ending == .finished)
    }
}

/// Bytes go both ways.
func goesOn(_ session: (client: Connection, server: Connection)) throws {
    try session.client.send("ping\n")
    #expect(try session.server.receiveLine() == "ping")
    try session.server.send("pong\n")
    #expect(try session.client.receiveLine() == "pong")
}

/// Herald between a test's client and a test's server.
struct Pair {
    let port: UInt16
    let server: Listener
    let herald: Herald

    init(
        accept: String = "accept-proxy",
        options: String = "send-proxy-v2",
        defaults: [String] = [],
        backend: [String] = [],
        splices: Bool = true
    ) throws {
        port = try FreePorts.next()
        server = try Listener()
        let text = configuration(
            bind: "127.0.0.1:\(port) \(accept)",
            defaults: defaults,
            backend: backend,
            servers: "\(server.address) \(options)"
        )
        herald = try Herald((splices ? "" : "global\nnosplice\n") + text, ports: port)
    }

    /// A client that has said nothing yet.
    func connect(from source: SocketAddress? = nil) throws -> Connection {
        try Connection(to: .loopback(port), from: source)
    }

    /// Both ends of a session whose headers are through.
    func session() throws -> (client: Connection, server: Connection) {
        let client = try connect()
        try client.send(ProxyHeader.v1(client.local, client.remote))
        while true {
            let server = try self.server.accept()
            let received = try server.receive { ProxyHeader($0.bytes) != nil }
            // Others may have come before, and left.
            if ProxyHeader(received.bytes)?.source == client.local { return (client, server) }
        }
    }
}
