import LibUV
import Testing

/// A task that `spawn` has made is on its loop's thread behind every await, whatever it waited for and whoever woke it.
///
/// At -O, the compiler's choices differ from those of a debug build: these tests count where they run in release.
@Suite struct TaskConfinementTests {
    /// Lives on a loop.
    actor Resident {
        private let loop: EventLoop
        private(set) var visits = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

        init(loop: EventLoop) {
            self.loop = loop
        }

        func visit() {
            loop.checkThread()
            visits += 1
        }

        func visitAndWait() async {
            loop.checkThread()
            await Task.yield()
            loop.checkThread()
            await resumedElsewhere()
            loop.checkThread()
            visits += 1
        }

        func visitAndSuspend() async {
            await loop.suspend { continuation in
                loop.checkThread()
                Task.detached { continuation.resume() }
            }
            loop.checkThread()
            visits += 1
        }

        /// A continuation that is awaited inside an actor of the loop.
        func visitAndSleep() async {
            await loop.sleep(for: .milliseconds(1))
            loop.checkThread()
            visits += 1
        }
    }

    /// Lives on the global pool.
    actor Stranger {
        private(set) var visits = 0

        func visit() async {
            visits += 1
            await Task.yield()
        }
    }

    /// A plain class with `nonisolated` async methods: what runs off the loop where the task's executor does not count.
    final class Plain: Sendable {
        let loop: EventLoop

        init(loop: EventLoop) {
            self.loop = loop
        }

        func work() async {
            loop.checkThread()
            await resumedElsewhere()
            loop.checkThread()
        }

        nonisolated(nonsending) func workForCaller() async {
            loop.checkThread()
            await resumedElsewhere()
            loop.checkThread()
            await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
            loop.checkThread()
            await loop.suspend { continuation in Task.detached { continuation.resume() } }
            loop.checkThread()
        }

        @concurrent func workConcurrently() async {
            loop.checkThread()
            await Task.yield()
            loop.checkThread()
        }

        func fail() async throws {
            await resumedElsewhere()
            throw UVError.canceled
        }
    }

    private static let rounds = 200

    @Test func behindYields() async throws {
        try await withLoop { loop in
            for _ in 0..<TaskConfinementTests.rounds {
                await Task.yield()
                loop.checkThread()
            }
        }
    }

    @Test func behindContinuationsResumedByOtherThreads() async throws {
        try await withLoop { loop in
            for _ in 0..<TaskConfinementTests.rounds {
                await resumedElsewhere()
                loop.checkThread()
            }
        }
    }

    @Test func behindContinuationsOfTheLoop() async throws {
        try await withLoop { loop in
            for _ in 0..<TaskConfinementTests.rounds {
                await loop.suspend { continuation in
                    loop.checkThread()
                    Task.detached { continuation.resume() }
                }
                loop.checkThread()
                await loop.suspend { $0.resume() }
                loop.checkThread()
                await loop.suspend { continuation in loop.execute { continuation.resume() } }
                loop.checkThread()
            }
        }
    }

    @Test func behindAsyncFunctionsOfPlainClasses() async throws {
        try await withLoop { loop in
            let plain = Plain(loop: loop)
            for _ in 0..<TaskConfinementTests.rounds {
                await plain.work()
                loop.checkThread()
                await plain.workForCaller()
                loop.checkThread()
                await plain.workConcurrently()
                loop.checkThread()
                try? await plain.fail()
                loop.checkThread()
            }
        }
    }

    @Test func behindActorsOfTheSameLoop() async throws {
        try await withLoop { loop in
            let resident = Resident(loop: loop)
            for _ in 0..<TaskConfinementTests.rounds {
                await resident.visit()
                loop.checkThread()
                await resident.visitAndWait()
                loop.checkThread()
                await resident.visitAndSleep()
                loop.checkThread()
                await resident.visitAndSuspend()
                loop.checkThread()
            }
            #expect(await resident.visits == 4 * TaskConfinementTests.rounds)
        }
    }

    @Test func behindActorsOfAnotherLoop() async throws {
        try await withLoop { other in
            try await withLoop { loop in
                let resident = Resident(loop: other)
                for _ in 0..<TaskConfinementTests.rounds {
                    await resident.visit()
                    loop.checkThread()
                    await resident.visitAndWait()
                    loop.checkThread()
                }
            }
            other.checkThread()
        }
    }

    @Test func behindActorsOfTheGlobalPoolThatOthersContendFor() async throws {
        let stranger = Stranger()
        let crowd = Task {
            while !Task.isCancelled { await stranger.visit() }
        }
        try await withLoop { loop in
            for _ in 0..<TaskConfinementTests.rounds {
                await stranger.visit()
                loop.checkThread()
            }
        }
        crowd.cancel()
        await crowd.value
    }

    @Test func inChildTasks() async throws {
        try await withLoop { loop in
            let plain = Plain(loop: loop)
            await withDiscardingTaskGroup { group in
                for _ in 0..<100 {
                    group.addTask {
                        loop.checkThread()
                        await plain.work()
                        loop.checkThread()
                    }
                }
            }
            loop.checkThread()
            let sum = await withTaskGroup(of: Int.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        await resumedElsewhere()
                        loop.checkThread()
                        return number
                    }
                }
                var sum = 0
                for await number in group {
                    loop.checkThread()
                    sum += number
                }
                return sum
            }
            #expect(sum == 4950)
            async let first: Void = plain.work()
            async let second: Void = plain.workForCaller()
            _ = await (first, second)
            loop.checkThread()
        }
    }

    @Test func behindOtherTasks() async throws {
        try await withLoop { loop in
            for _ in 0..<TaskConfinementTests.rounds {
                await Task.detached { await Task.yield() }.value
                loop.checkThread()
                await loop.spawn { loop.checkThread() }.value
                loop.checkThread()
            }
        }
    }

    @Test func throughStreamsAndCancellationHandlers() async throws {
        try await withLoop { loop in
            let (numbers, feed) = AsyncStream.makeStream(of: Int.self)
            let producer = Task.detached {
                for number in 0..<1000 { feed.yield(number) }
                feed.finish()
            }
            var count = 0
            for await number in numbers {
                loop.checkThread()
                #expect(number == count)
                count += 1
            }
            #expect(count == 1000)
            await producer.value
            await withTaskCancellationHandler {
                await resumedElsewhere()
                loop.checkThread()
            } onCancel: {
            }
            loop.checkThread()
        }
    }

    /// Callbacks from libuv enter an actor of the loop without an await.
    @Test func callbacksAreIsolatedToActorsOfTheirLoop() async throws {
        try await withLoop { loop in
            let resident = Resident(loop: loop)
            let timer = Timer(loop: loop)
            let count = Counter()
            timer.start(after: .zero, repeating: .milliseconds(1)) {
                resident.assumeIsolated { $0.visit() }
                count.add()
            }
            await loop.until { count.value >= 5 }
            timer.close()
            #expect(await resident.visits >= 5)
        }
    }

    @Test func callbacksOfAnotherLoopAreNot() async {
        await #expect(processExitsWith: .trap) {
            try await withLoop { other in
                let resident = Resident(loop: other)
                try await withLoop { loop in
                    await withCheckedContinuation { continuation in
                        loop.execute {
                            resident.assumeIsolated { $0.visit() }
                            continuation.resume()
                        }
                    }
                }
            }
        }
    }
}

/// Returns once a thread that is no loop's has resumed it.
private func resumedElsewhere() async {
    await withCheckedContinuation { continuation in
        Task.detached { continuation.resume() }
    }
}
