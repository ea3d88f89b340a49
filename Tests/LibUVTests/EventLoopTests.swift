import LibUV
import Testing

@Suite struct EventLoopTests {
    @Test func callsFromOtherThreadsComeOnTheLoopInTheirOrder() async throws {
        let threadCount = 4
        let callCount = 5000
        let seen = try await withLoop { loop in
            // Unchecked: touched by calls on the loop alone.
            final class Seen: @unchecked Sendable {
                var calls: [[Int]]
                var total = 0
                init(_ count: Int) { calls = Array(repeating: [], count: count) }
            }
            let seen = Seen(threadCount)
            let threads = try (0..<threadCount).map { number in
                try Thread {
                    for call in 0..<callCount {
                        loop.execute {
                            loop.checkThread()
                            seen.calls[number].append(call)
                            seen.total += 1
                        }
                    }
                }
            }
            await loop.until { seen.total == threadCount * callCount }
            for thread in threads { thread.join() }
            return seen.calls
        }
        #expect(seen == Array(repeating: Array(0..<callCount), count: threadCount))
    }

    @Test func tasksFromOtherThreadsAllRunOnTheLoop() async throws {
        let taskCount = 2000
        try await withLoop { loop in
            let finished = Counter()
            try await runOnThreads(4) {
                for _ in 0..<taskCount {
                    loop.spawn {
                        loop.checkThread()
                        await Task.yield()
                        loop.checkThread()
                        finished.add()
                    }
                }
            }
            await loop.until { finished.value == 4 * taskCount }
        }
    }

    /// More than one turn has, some of it added by what is done, so that the queue is full at every place of its memory.
    @Test func workIsDoneInTheOrderInWhichItBecameReady() async throws {
        let total = 10_000
        let done = try await withLoop { loop in
            let order = Order(loop, total: total)
            order.add(50)
            await loop.until { order.done.count == total }
            return order.done
        }
        #expect(done == Array(0..<total))
    }

    @Test func workThatIsNeverDoneIsFreedWithTheLoop() throws {
        weak var released: Order?
        do {
            let loop = try EventLoop(readBufferSize: 4096)
            let other = try EventLoop(readBufferSize: 4096)
            let order = Order(other, total: 100)
            released = order
            for _ in 0..<100 { loop.resumeLater(Order.Step(0, of: order)) }
        }
        #expect(released == nil)
    }

    @Test func workLeftBeforeTheLoopRunsIsDone() async throws {
        let done = Counter()
        let loop = try EventLoop(readBufferSize: 4096)
        loop.spawn {
            loop.checkThread()
            done.add()
        }
        loop.execute {
            loop.checkThread()
            done.add()
        }
        loop.spawn {
            await Task.yield()
            loop.stop()
        }
        let thread = try Thread { loop.run() }
        thread.join()
        #expect(done.value == 2)
    }

    @Test func aLoopRunsAgainAfterStop() throws {
        let loop = try EventLoop(readBufferSize: 4096)
        var turns = 0
        for _ in 0..<3 {
            let timer = Timer(loop: loop)
            timer.start(after: .milliseconds(1)) {
                turns += 1
                timer.close()
                loop.stop()
            }
            loop.run()
        }
        #expect(turns == 3)
    }

    @Test func aStoppedLoopHasRunWhatItsLastTurnMadeReady() throws {
        let loop = try EventLoop(readBufferSize: 4096)
        let done = Counter()
        loop.spawn {
            loop.stop()
            for _ in 0..<100 { await Task.yield() }
            done.add()
        }
        loop.run()
        #expect(done.value == 1)
    }

    /// 100,000 jobs of one task are many times what one turn may run: a timer and a socket get their turn in between.
    @Test func aTaskThatAlwaysYieldsStarvesNobody() async throws {
        let (ticks, slowest, echoes) = try await withLoop { loop in
            let pair = try await Pair(loop)
            let echo = Echo(loop)
            pair.server.startReading(echo)
            pair.client.startReading(echo)
            #expect(try pair.client.tryWrite("x") == 1)

            let timer = Timer(loop: loop)
            var ticks = 0
            var last = ContinuousClock.now
            var slowest = Duration.zero
            timer.start(after: .milliseconds(1), repeating: .milliseconds(1)) {
                ticks += 1
                slowest = max(slowest, .now - last)
                last = .now
            }
            for _ in 0..<100_000 { await Task.yield() }
            timer.close()
            pair.close()
            return (ticks, slowest, echo.count)
        }
        #expect(ticks >= 3)
        #expect(echoes >= 3)
        // A turn's jobs take a millisecond or two; the rest is for a machine that is busy otherwise.
        #expect(slowest < .seconds(2))
    }

    @Test func whatManyTasksMakeReadyInATurnIsAllRun() async throws {
        let count = 20_000
        try await withLoop { loop in
            let finished = Counter()
            for _ in 0..<count {
                loop.spawn {
                    await Task.yield()
                    finished.add()
                }
            }
            await loop.until { finished.value == count }
        }
    }

    @Test func theClockOnlyGoesForward() async throws {
        try await withLoop { loop in
            let before = loop.now
            await loop.sleep(for: .milliseconds(20))
            #expect(loop.now >= before + 20)
        }
    }

    @Test func scratchMemoryIsReadAsItWasWritten() async throws {
        let text = try await withLoop { loop in
            var copy: [UInt8] = []
            loop.withScratch(byteCount: 64) { output in
                for byte in "PROXY".utf8 { output.append(byte) }
            } use: { bytes in
                #expect(bytes.byteCount == 5)
                copy.append(copying: bytes)
            }
            return String(decoding: copy, as: UTF8.self)
        }
        #expect(text == "PROXY")
    }

    @Test func aLoopThatNeverRanIsFreed() throws {
        weak var released: EventLoop?
        do {
            let loop = try EventLoop(readBufferSize: 4096)
            released = loop
            Timer(loop: loop).close()
            loop.runOnce()
        }
        #expect(released == nil)
    }

    @Test func callsThatComeAfterTheEndAreDroppedWithTheLoop() throws {
        weak var released: EventLoop?
        do {
            let loop = try EventLoop(readBufferSize: 4096)
            released = loop
            loop.execute { Issue.record("nobody runs this loop") }
        }
        #expect(released == nil)
    }

    /// Out of descriptors at each point of the making.
    @Test func aLoopThatCannotBeMadeIsAnError() async {
        await #expect(processExitsWith: .success) {
            // The first one makes what libuv keeps for the process.
            let first = try EventLoop(readBufferSize: 4096)
            var failures = 0
            for free in 0..<20 {
                Process.allowDescriptors(more: free)
                do {
                    _ = try EventLoop(readBufferSize: 4096)
                    break
                } catch let error as UVError {
                    precondition(error == .tooManyOpenFiles)
                    failures += 1
                }
            }
            precondition(failures > 0 && failures < 20)
            first.runOnce()
        }
    }
}

/// Sends everything back.
// Unchecked: touched on its loop alone.
private final class Echo: StreamReader, @unchecked Sendable {
    private let loop: EventLoop
    private(set) var count = 0

    init(_ loop: EventLoop) {
        self.loop = loop
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        count += 1
        #expect(throws: Never.self) { try stream.tryWrite(bytes) }
    }

    func streamDidEnd(_ stream: TCPStream) {}
    func stream(_ stream: TCPStream, didFail error: UVError) {}
}

/// Runs `body` on so many threads at one time, and waits for all of them.
private func runOnThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) async throws {
    let threads = try (0..<count).map { _ in try Thread(body) }
    for thread in threads { thread.join() }
}

/// Steps that each add two more, up to a number, and note in which order they were done.
// Unchecked: touched on its loop alone.
private final class Order: @unchecked Sendable {
    final class Step: Resumable {
        private let number: Int
        private let order: Order

        init(_ number: Int, of order: Order) {
            self.number = number
            self.order = order
        }

        func resume() {
            order.done.append(number)
            order.add(2)
        }
    }

    private let loop: EventLoop
    private let total: Int
    private var added = 0
    private(set) var done: [Int] = []

    init(_ loop: EventLoop, total: Int) {
        self.loop = loop
        self.total = total
    }

    func add(_ count: Int) {
        for _ in 0..<count where added < total {
            loop.resumeLater(Step(added, of: self))
            added += 1
        }
    }
}
