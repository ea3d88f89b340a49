import Foundation
import NetworkAddress
import Synchronization
import Testing

/// Large amounts, and readers that take their time; with long flows spliced, and copied.
@Suite("Transfer", .onStage)
struct TransferTests {
    static let mebibytes = 48

    @Test(arguments: [true, false])
    func muchGoesBothWaysAtOnceUnchanged(splices: Bool) throws {
        let pair = try Pair(splices: splices)
        let (client, server) = try pair.session()
        let pipes = pair.herald.facts.pipeCount
        let flows = [Flow(from: client, to: server, seed: 1), Flow(from: server, to: client, seed: 2)]
        for flow in flows {
            flow.start()
        }
        for flow in flows {
            #expect(try flow.finish() == Self.mebibytes)
        }
        #expect(pair.herald.facts.pipeCount - pipes == (splices ? 1 : 0), "pipes that are new")
        let line = try #require(pair.herald.sessionLine { $0.peer == "\(client.local)" })
        #expect(line.end == "completed")
        #expect(line.bytesFromClient == Self.mebibytes << 20)
        #expect(line.bytesFromServer == Self.mebibytes << 20)
    }

    @Test(arguments: [true, false], [true, false])
    func aResetAmidALongFlowStaysOne(splices: Bool, byServer: Bool) throws {
        let pair = try Pair(splices: splices)
        let (client, server) = try pair.session()
        let (sender, receiver) = byServer ? (client, server) : (server, client)
        let flow = Flow(from: sender, to: receiver, seed: 3)
        flow.start()
        // Amid it: by now more has been read than fits into all buffers on the way.
        #expect(becomesTrue { flow.goodBlocks >= 16 })
        try receiver.reset()
        #expect(pair.herald.ending(of: client) == (byServer ? "server-reset" : "client-reset"))
        // The system tells of a reset once only, and may have told the thread that sends.
        #expect(try sender.receiveAll().ending != .open)
        try goesOn(try pair.session())
    }

    /// splice(2) stops at urgent data for good.
    @Test(arguments: [true, false], [true, false])
    func whatComesBehindUrgentDataArrives(splices: Bool, ends: Bool) throws {
        let pair = try Pair(splices: splices)
        let (client, server) = try pair.session()
        let reader = Flow(from: client, to: server, seed: 4)
        reader.start(finishes: false)
        #expect(becomesTrue { reader.goodBlocks == Self.mebibytes })
        try client.sendUrgent(0x21)
        try client.send("behind it\n")
        if ends { try client.finish() }
        #expect(becomesTrue { reader.rest == Array("behind it\n".utf8) })
        let busy = pair.herald.facts.cpuTime
        pause(.milliseconds(300))
        #expect(pair.herald.facts.cpuTime - busy < .milliseconds(50), "it spins")
        client.close()
        server.close()
    }

    @Test(arguments: [true, false])
    func aReaderThatStopsAmidALongFlowRunsIntoTheTimeout(splices: Bool) throws {
        let pair = try Pair(defaults: ["timeout client 500", "timeout server 500"], splices: splices)
        let (client, server) = try pair.session()
        let sent = try client.sendUntilBlocked(for: .milliseconds(100))
        #expect(sent > 1 << 20)
        #expect(pair.herald.ending(of: client) == "idle-timeout")
        // What it has is not passed off as the whole.
        let received = try server.receiveAll()
        #expect(received.ending == .reset)
        #expect(received.bytes.count < sent)
    }

    @Test(arguments: [true, false])
    func aSlowReaderHoldsTheSenderBackWithinBoundedMemory(splices: Bool) throws {
        let pair = try Pair(splices: splices)
        let (client, server) = try pair.session()
        let before = pair.herald.facts.residentKiB
        let sent = try client.sendUntilBlocked()
        let held = pair.herald.facts.residentKiB - before
        // Besides Herald's one buffer the kernel's buffers of two sockets are full.
        #expect(sent < 64 << 20)
        #expect(held < 2048, "KiB held for one slow reader")
        let busy = pair.herald.facts.cpuTime
        pause(.milliseconds(500))
        #expect(pair.herald.facts.cpuTime - busy < .milliseconds(50), "nothing spins while nobody reads")
        try client.finish()
        let received = try server.receiveAll()
        #expect(received.bytes.count == sent)
        #expect(received.ending == .finished)
    }

    @Test(arguments: [true, false])
    func manySlowReadersHoldOneBufferEachAtMost(splices: Bool) throws {
        let pair = try Pair(splices: splices)
        let before = pair.herald.facts.residentKiB
        var sessions: [(Connection, Connection)] = []
        // Each has the system keep ten megabytes: with a hundred of them it would run out of memory for TCP.
        let count = 16
        for _ in 0..<count {
            let (client, server) = try pair.session()
            _ = try client.sendUntilBlocked(for: .milliseconds(20))
            sessions.append((client, server))
        }
        let held = pair.herald.facts.residentKiB - before
        #expect(held < count * 320, "KiB held for slow readers")
        for (client, server) in sessions {
            client.close()
            server.close()
        }
    }

    @Test func afterARushHourItsMemoryIsGivenBack() throws {
        let pair = try Pair()
        _ = try pair.session()
        let before = pair.herald.facts.residentKiB
        let sessions = try (0..<1500).map { _ in try pair.session() }
        let taken = pair.herald.facts.residentKiB - before
        #expect(taken > 1500, "KiB of 1,500 sessions")
        for (client, server) in sessions {
            client.close()
            server.close()
        }
        #expect(becomesTrue { pair.herald.facts.residentKiB - before < taken / 2 })
    }

    @Test func aReaderWithATinyWindowGetsEverything() throws {
        let pair = try Pair(accept: "")
        let client = try Connection(to: .loopback(pair.port), receiveBuffer: 2048)
        let server = try pair.server.accept()
        let text = [UInt8]((0..<400_000).map { UInt8(truncatingIfNeeded: $0 / 251) })
        let sender = Thread {
            try? server.send(text)
            try? server.finish()
        }
        sender.start()
        var bytes: [UInt8] = []
        while true {
            let received = try client.receiveOnce()
            bytes += received.bytes
            if received.ending != .open || received.reads.isEmpty { break }
            pause(.milliseconds(1))
        }
        #expect(bytes == text)
    }
}

/// Numbered blocks from one end to the other, on threads of their own.
private final class Flow: Sendable {
    private static let blockSize = 1 << 20

    private let from: Connection
    private let to: Connection
    private let pattern: [UInt8]
    private let goodBlockCount = Atomic(0)
    private let restBytes = Mutex<[UInt8]>([])
    private let result = Mutex<Result<Int, any Error>?>(nil)

    init(from: Connection, to: Connection, seed: UInt64) {
        self.from = from
        self.to = to
        var state = seed
        pattern = (0..<Self.blockSize).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    func start(finishes: Bool = true) {
        Thread { [self] in
            for number in 0..<TransferTests.mebibytes {
                guard (try? from.send(block(number), within: .seconds(60))) != nil else { return }
            }
            if finishes { try? from.finish() }
        }.start()
        Thread { [self] in
            let count = Result { try countGoodBlocks() }
            result.withLock { $0 = count }
        }.start()
    }

    /// Blocks that arrived as they were sent, in their order and with nothing after them.
    func finish() throws -> Int {
        guard let result = eventually(within: .seconds(120), { result.withLock { $0 } }) else {
            throw HarnessError("the transfer did not end")
        }
        return try result.get()
    }

    /// Those that have arrived by now.
    var goodBlocks: Int { goodBlockCount.load(ordering: .relaxed) }

    /// What came behind all blocks.
    var rest: [UInt8] { restBytes.withLock { $0 } }

    private func block(_ number: Int) -> [UInt8] {
        bigEndianBytes(UInt64(number)) + pattern.dropFirst(8)
    }

    private func countGoodBlocks() throws -> Int {
        for number in 0... {
            var rest = Self.blockSize
            var bytes: [UInt8] = []
            while rest > 0 {
                let received = try to.receiveOnce(atMost: rest, within: .seconds(60))
                if number == TransferTests.mebibytes { restBytes.withLock { $0 += received.bytes } }
                if received.ending == .finished, bytes.isEmpty { return number }
                guard !received.reads.isEmpty else { throw HarnessError("block \(number): \(received.ending)") }
                bytes += received.bytes
                rest -= received.bytes.count
            }
            guard bytes == block(number) else { throw HarnessError("block \(number) differs") }
            goodBlockCount.store(number + 1, ordering: .relaxed)
        }
        return 0
    }
}
