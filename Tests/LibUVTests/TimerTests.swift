import LibUV
import Testing

@Suite struct TimerTests {
    @Test func aTimerComesOnceAndNotEarly() async throws {
        try await withLoop { loop in
            let timer = Timer(loop: loop)
            let began = loop.now
            var calls: [UInt64] = []
            timer.start(after: .milliseconds(30)) { calls.append(loop.now - began) }
            await loop.sleep(for: .milliseconds(100))
            #expect(calls.count == 1)
            #expect(calls.allSatisfy { $0 >= 30 })
            timer.close()
        }
    }

    @Test func aRepeatingTimerComesUntilItIsStopped() async throws {
        try await withLoop { loop in
            let timer = Timer(loop: loop)
            var count = 0
            timer.start(after: .zero, repeating: .milliseconds(2)) {
                count += 1
                if count == 5 { timer.stop() }
            }
            await loop.until { count == 5 }
            await loop.sleep(for: .milliseconds(20))
            #expect(count == 5)
            timer.close()
        }
    }

    @Test func aTimerThatIsStartedAnewForgetsWhatItWasFor() async throws {
        try await withLoop { loop in
            let timer = Timer(loop: loop)
            var fired: [String] = []
            timer.start(after: .milliseconds(5)) { fired.append("first") }
            timer.start(after: .milliseconds(10)) {
                fired.append("second")
                timer.start(after: .milliseconds(1)) { fired.append("third") }
            }
            await loop.until { fired.count == 2 }
            await loop.sleep(for: .milliseconds(10))
            #expect(fired == ["second", "third"])
            timer.close()
        }
    }

    @Test func aStoppedOrClosedTimerNeverComes() async throws {
        try await withLoop { loop in
            let stopped = Timer(loop: loop)
            let closed = Timer(loop: loop)
            let late = Timer(loop: loop)
            stopped.start(after: .milliseconds(1)) { Issue.record("was stopped") }
            closed.start(after: .milliseconds(1)) { Issue.record("was closed") }
            stopped.stop()
            closed.close()
            late.close()
            late.start(after: .zero) { Issue.record("was closed before") }
            late.stop()
            await loop.sleep(for: .milliseconds(20))
            stopped.close()
            for timer in [stopped, closed, late] { timer.close() }
        }
    }

    @Test func aTimerMayCloseItself() async throws {
        try await withLoop { loop in
            let timer = Timer(loop: loop)
            var count = 0
            timer.start(after: .zero, repeating: .milliseconds(1)) {
                timer.close()
                count += 1
            }
            await loop.sleep(for: .milliseconds(20))
            #expect(count == 1)
        }
    }

    @Test func whatATimerCapturesIsFreedWithIt() async throws {
        final class Payload {}
        try await withLoop { loop in
            weak var captured: Payload?
            weak var released: Timer?
            do {
                let payload = Payload()
                let timer = Timer(loop: loop)
                captured = payload
                released = timer
                // A cycle, as long as the timer is open.
                timer.start(after: .seconds(100)) { _ = (timer, payload) }
                timer.close()
            }
            await loop.until { released == nil }
            #expect(captured == nil)
        }
    }

    @Test func tenThousandTimersComeInTheirOrder() async throws {
        try await withLoop { loop in
            let timers = (0..<10_000).map { _ in Timer(loop: loop) }
            var order: [Int] = []
            for (index, timer) in timers.enumerated() {
                let delay = (index * 7919) % 50
                timer.start(after: .milliseconds(delay)) { order.append(delay) }
            }
            await loop.until { order.count == timers.count }
            #expect(order == order.sorted())
            for timer in timers { timer.close() }
        }
    }

    @Test(
        arguments: [
            (Duration.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1001), 2),
            (.seconds(3), 3000),
            (.milliseconds(-5), 0), (.nanoseconds(-1), 0), (.seconds(Int64.max), UInt64.max / 2),
        ] as [(Duration, UInt64)]
    )
    func durationsAreRoundedUpToMilliseconds(duration: Duration, milliseconds: UInt64) {
        #expect(duration.wholeMilliseconds == milliseconds)
    }
}

@Suite struct SleepTests {
    @Test func aSleepLastsItsTime() async throws {
        try await withLoop { loop in
            let began = loop.now
            await loop.sleep(for: .milliseconds(40))
            #expect(loop.now >= began + 40)
        }
    }

    @Test func cancellationFromAnotherThreadEndsASleep() async throws {
        let isAwake = try await withLoop { loop in
            let isAsleep = Counter()
            let task = loop.spawn {
                isAsleep.add()
                await loop.sleep(for: .seconds(1000))
                loop.checkThread()
                #expect(Task.isCancelled)
            }
            await loop.until { isAsleep.value == 1 }
            Task.detached { task.cancel() }
            await task.value
            return true
        }
        // Otherwise it would not have come here for a quarter of an hour.
        #expect(isAwake)
    }

    @Test func aCancelledTaskDoesNotSleep() async throws {
        try await withLoop { loop in
            let task = loop.spawn {
                while !Task.isCancelled { await Task.yield() }
                await loop.sleep(for: .seconds(1000))
                await loop.sleep(for: .seconds(1000))
            }
            task.cancel()
            await task.value
        }
    }

    /// The cancellation races the timer, from before the sleep to after its end.
    @Test func cancellationAtAnyMomentResumesOnce() async throws {
        try await withLoop { loop in
            var tasks: [Task<Void, Never>] = []
            for index in 0..<2000 {
                let task = loop.spawn { await loop.sleep(for: .milliseconds(index % 4)) }
                tasks.append(task)
                Task.detached {
                    for _ in 0..<index % 7 { await Task.yield() }
                    task.cancel()
                }
                if index % 50 == 0 { await loop.sleep(for: .milliseconds(1)) }
            }
            for task in tasks { await task.value }
        }
    }

    @Test func manySleepersWakeInTheOrderOfTheirTimes() async throws {
        try await withLoop { loop in
            // Unchecked: touched on the loop alone.
            final class Order: @unchecked Sendable { var delays: [Int] = [] }
            let order = Order()
            await withDiscardingTaskGroup { group in
                for index in 0..<500 {
                    group.addTask {
                        let delay = (index * 13) % 40
                        await loop.sleep(for: .milliseconds(delay * 2))
                        order.delays.append(delay)
                    }
                }
            }
            #expect(order.delays.count == 500)
            #expect(order.delays == order.delays.sorted())
        }
    }
}
