import Foundation
import NetworkAddress
import Synchronization
import Testing

/// Servers that go while clients come, and how long a session tries.
@Suite("Failover", .onStage)
struct FailoverTests {
    @Test(arguments: ["roundrobin", "leastconn", "source", "random", "first"])
    func aKilledServerCostsOnlyTheSessionsThatHadReachedIt(algorithm: String) throws {
        let port = try FreePorts.next()
        let servers = try [EchoServer(), EchoServer()]
        let herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port) accept-proxy",
                backend: ["balance \(algorithm)", "option redispatch", "retries 3"],
                servers: "\(servers[0].address) check inter 100 fall 2 observe layer4 error-limit 2 on-error mark-down",
                "\(servers[1].address) check inter 100 fall 2"
            ),
            ports: port,
            arguments: ["--threads", "2"]
        )
        let (threads, each) = (8, 60)
        let done = Atomic(0)
        let outcomes = atOnce(threads) { thread in
            try (0..<each).map { number in
                // Once half of it is done, the first server goes with all that it has.
                if done.wrappingAdd(1, ordering: .relaxed).newValue == threads * each / 2 { servers[0].kill() }
                let seed = thread * each + number
                return try Outcome(port, payload: Payload.make(seed), as: "198.51.100.\(1 + seed % 250)")
            }
        }.flatMap(\.self)
        #expect(outcomes.count == threads * each, "everybody could connect")

        let failed = outcomes.filter { !$0.isEchoed }
        #expect(failed.count <= threads, "more failed than were under way")
        for outcome in failed {
            let line = try #require(herald.sessionLine { $0.peer == outcome.peer })
            #expect(line.server == "s1", "\(line)")
            #expect(line.end == "server-reset", "\(line)")
            #expect(outcome.payload.starts(with: outcome.received), "what came back is a part of what was sent")
        }
        // Nobody's bytes went to a server twice, or to two servers.
        let numbers = servers.flatMap(\.numbers)
        #expect(Set(numbers).count == numbers.count)
        #expect(servers.allSatisfy { !$0.numbers.isEmpty })
    }

    /// One client's attempt.
    private struct Outcome {
        let peer: String
        let payload: [UInt8]
        let received: [UInt8]
        var isEchoed: Bool { payload == received }

        init(_ port: UInt16, payload: [UInt8], as client: String) throws {
            let connection = try Connection(to: .loopback(port))
            peer = connection.local.description
            self.payload = payload
            guard let source = SocketAddress("\(client):1000") else { throw HarnessError("no address: \(client)") }
            // The server may be gone by then.
            try? connection.send(ProxyHeader.v2(source, connection.remote) + payload)
            try? connection.finish()
            received = try connection.receiveAll().bytes
        }
    }

    // MARK: How long a session tries

    private func herald(_ port: UInt16, _ server: SocketAddress, retries: Int, connect: String) throws -> Herald {
        try Herald(
            """
            frontends:
              front: { bind: "127.0.0.1:\(port)", default-backend: back }
            backends:
              back:
                retries: \(retries)
                timeouts: { connect: \(connect), connect-total: 700ms }
                servers: { s1: "\(server)" }
            """,
            as: .yaml,
            ports: port
        )
    }

    /// A hundred attempts with their pauses would take longer than any test waits.
    @Test func allAttemptsTogetherHaveATimeout() throws {
        let (port, refusing) = (try FreePorts.next(), try FreePorts.next())
        let herald = try herald(port, .loopback(refusing), retries: 100, connect: "5s")
        let client = try Connection(to: .loopback(port))
        #expect(try client.receiveAll().ending != .open)
        #expect(herald.ending(of: client) == "connect-failed")
        #expect(herald.sessionLine { $0.retries > 0 } != nil)
    }

    @Test func oneAttemptHasNoMoreTimeThanAllTogether() throws {
        let port = try FreePorts.next()
        let full = try FullListener()
        let herald = try herald(port, full.listener.address, retries: 0, connect: "1h")
        let client = try Connection(to: .loopback(port))
        #expect(try client.receiveAll().ending != .open)
        #expect(herald.ending(of: client) == "connect-timeout")
    }
}

/// Bytes that tell one client from another: a number, and noise that follows from it.
private enum Payload {
    static let numberBytes = 8

    static func make(_ seed: Int) -> [UInt8] {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        return bigEndianBytes(UInt64(seed))
            + (0..<(1000 + seed % 7 * 4000)).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return UInt8(truncatingIfNeeded: state)
            }
    }
}

/// Sends back what it gets, and remembers whose it was; can be killed with all its connections.
private final class EchoServer: Sendable {
    let address: SocketAddress
    private let listener: Listener
    private let seen = Mutex<[UInt64]>([])
    private let isKilled = Atomic(false)
    private let isOver = Atomic(false)

    /// The number of each payload that came or began to come.
    var numbers: [UInt64] { seen.withLock(\.self) }

    init() throws {
        listener = try Listener()
        address = listener.address
        Thread { [self] in
            while !isKilled.load(ordering: .acquiring), let connection = try? listener.acceptIfAny(within: .seconds(60))
            {
                Thread { [self] in try? echo(connection) }.start()
            }
            isOver.store(true, ordering: .releasing)
        }.start()
        Stage.current.atEnd { [self] in kill() }
    }

    /// Refuses connections and resets those that there are.
    func kill() {
        listener.stopListening()
        isKilled.store(true, ordering: .releasing)
        _ = becomesTrue { isOver.load(ordering: .acquiring) }
        listener.close()
    }

    private func echo(_ connection: Connection) throws {
        var head: [UInt8] = []
        while true {
            let received = try connection.receiveOnce(within: .milliseconds(20))
            if isKilled.load(ordering: .acquiring) { return try connection.reset() }
            if head.count < Payload.numberBytes {
                head += received.bytes
                // Checks bring nothing.
                if head.count >= Payload.numberBytes {
                    seen.withLock { $0.append(bigEndianNumber(head.prefix(Payload.numberBytes))) }
                }
            }
            try connection.send(received.bytes)
            if received.ending != .open { return connection.close() }
        }
    }
}
