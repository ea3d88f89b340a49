import LibUV
import NetworkAddress
import Testing

/// What is used off its loop's thread ends the process, in release too: libuv's memory is worth more than the process.
@Suite struct ThreadCheckTests {
    @Test func theLoopItself() async {
        await #expect(processExitsWith: .trap) { try await useElsewhere({ $0 }, { $0.stop() }) }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ $0 }, { $0.runOnce() }) }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ $0 }, { _ = $0.now }) }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ $0 }, { $0.checkThread() }) }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ $0 }, { $0.withScratch(byteCount: 1, fill: { _ in }, use: { _ in }) })
        }
    }

    @Test func makingAHandle() async {
        await #expect(processExitsWith: .trap) { try await useElsewhere({ $0 }, { _ = Timer(loop: $0) }) }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ $0 }, { _ = TCPStream(loop: $0) }) }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ $0 }, { _ = try Acceptor($0) }) }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ $0 }, { _ = try SignalSource(.hangUp, loop: $0) {} })
        }
    }

    @Test func nameClients() async {
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ $0 }, { _ = try NameClient(loop: $0, maximumRecords: 1) })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try NameClient(loop: $0, maximumRecords: 1) }, { $0.close() })
        }
    }

    @Test func timers() async {
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ Timer(loop: $0) }, { $0.start(after: .zero) {} })
        }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ Timer(loop: $0) }, { $0.stop() }) }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ Timer(loop: $0) }, { $0.close() }) }
    }

    @Test func listeners() async {
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try Acceptor($0) }, { try $0.listener.resume() })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try Acceptor($0) }, { try $0.listener.pause() })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try Acceptor($0) }, { try $0.listener.close() })
        }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ try Acceptor($0) }, { _ = try $0.address }) }
    }

    @Test func streams() async {
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ TCPStream(loop: $0) }, { $0.connect(to: .anyPort) { _ in } })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try await Pair($0) }, { _ = $0.client.readAvailable { _ in } })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ (try await Pair($0), Collector($0)) }, { $0.client.startReading($1) })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try await Pair($0) }, { $0.client.stopReading() })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try await Pair($0) }, { _ = try $0.client.tryWrite("x") })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try await Pair($0) }, { $0.client.write(held: RawSpan()) { _ in } })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try await Pair($0) }, { $0.client.endWriting() })
        }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ try await Pair($0) }, { $0.client.reset() }) }
        await #expect(processExitsWith: .trap) { try await useElsewhere({ try await Pair($0) }, { $0.client.close() }) }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try await Pair($0) }, { _ = $0.client.peerAddress })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ try await Pair($0) }, { _ = $0.client.localAddress })
        }
    }

    @Test func boundObjects() async {
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ LoopBound(Resident(), loop: $0) }, { _ = $0.value })
        }
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ $0 }, { _ = LoopBound(Resident(), loop: $0) })
        }
    }

    @Test func actorsThatAreEnteredFromElsewhere() async {
        await #expect(processExitsWith: .trap) {
            try await useElsewhere({ Host(loop: $0) }, { Host.tellOfGuest($0, Resident()) })
        }
    }

    @Test func sleepingAndLookingUpOutsideOfTheLoopsTasks() async {
        await #expect(processExitsWith: .trap) {
            try await withLoop { loop in await Task.detached { await loop.sleep(for: .zero) }.value }
        }
        await #expect(processExitsWith: .trap) {
            try await withLoop { loop in
                _ = await Task.detached { try? await Resolver.addresses(of: "localhost", loop: loop) }.value
            }
        }
    }

    /// What the checks above mean nothing without.
    @Test func onTheLoopNothingOfThisTraps() async throws {
        try await withLoop { loop in
            #expect(loop.isOnThread)
            let pair = try await Pair(loop)
            #expect(LoopBound(pair.client, loop: loop).value === pair.client)
            let host = Host(loop: loop)
            Host.tellOfGuest(host, Resident())
            #expect(await host.guests == 1)
            pair.client.stopReading()
            pair.client.endWriting()
            pair.close()
        }
    }
}

private final class Resident {
    var isGreeted = false
}

private actor Host: LoopActor {
    static let tellOfGuest = Host.entrance { $0.greet($1) }

    nonisolated let loop: EventLoop
    private(set) var guests = 0

    init(loop: EventLoop) {
        self.loop = loop
    }

    func greet(_ resident: Resident) {
        resident.isGreeted = true
        guests += 1
    }
}

/// Makes something on a loop, and hands it to `use` on a thread that is not that loop's.
private func useElsewhere<Value: Sendable>(
    _ make: @escaping @Sendable (EventLoop) async throws -> Value,
    _ use: @escaping @Sendable (Value) throws -> Void
) async throws {
    try await withLoop { loop in
        let value = try await make(loop)
        await Task.detached { try? use(value) }.value
    }
}
