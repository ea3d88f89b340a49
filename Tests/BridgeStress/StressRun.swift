import Glibc
import LibUV
import NetworkAddress
import Synchronization

/// What a run has come to.
package struct StressReport: Sendable, CustomStringConvertible {
    package var problems: [String]
    package var summary: String

    package var isGood: Bool { problems.isEmpty }
    package var description: String { (problems.map { "problem: \($0)" } + [summary]).joined(separator: "\n") + "\n" }
}

/// One run: loops on threads of their own, each with a listener on the one address and with clients of its own.
package enum StressRun {
    package static func run(_ settings: StressSettings) throws -> StressReport {
        SignalSource.ignoreBrokenPipes()
        _ = SystemInformation.raiseOpenFileLimit()
        let ledger = Ledger(settings)
        let began = ContinuousClock.now
        // libuv opens its own on the first loop, for good.
        _ = try EventLoop(readBufferSize: 4096)
        let descriptors = openDescriptors()
        var loops: [() -> EventLoop?] = []
        do {
            let fleet = try Fleet(settings, ledger: ledger)
            loops = fleet.loops.map { loop in { [weak loop] in loop } }
            fleet.runToTheEnd()
        }
        if loops.contains(where: { $0() != nil }) {
            ledger.problem("a loop outlives the run: something on it was left open")
        }
        let left = openDescriptors()
        if settings.isAlone && left != descriptors {
            ledger.problem("\(descriptors) descriptors before, \(left) after")
        }
        return ledger.report(after: .now - began)
    }

    private static func openDescriptors() -> Int {
        (0..<65_536).count { fcntl(Int32($0), F_GETFD) >= 0 }
    }
}

/// The loops of a run and their threads.
private final class Fleet {
    let loops: [EventLoop]
    private let settings: StressSettings
    private let ledger: Ledger

    init(_ settings: StressSettings, ledger: Ledger) throws {
        self.settings = settings
        self.ledger = ledger
        loops = try (0..<settings.loopCount).map { _ in try EventLoop(readBufferSize: 64 * 1024) }
    }

    /// Runs all loops until every client has had its connections, and every server has seen their ends.
    func runToTheEnd() {
        do {
            let threads = try loops.map { loop in try Thread { loop.run() } }
            let done = Atomic(false)
            loops[0].spawn { [loops, settings, ledger] in
                await Fleet.conduct(loops, settings, ledger)
                done.store(true, ordering: .releasing)
            }
            let end = ContinuousClock.now + settings.limit
            while !done.load(ordering: .acquiring) && ContinuousClock.now < end { usleep(10_000) }
            guard done.load(ordering: .acquiring) else {
                // The threads can't be ended; nothing that they hold can be judged any more.
                try? StandardStream.error.write("hangs: \(ledger.report(after: settings.limit))")
                SystemInformation.exitImmediately(1)
            }
            for loop in loops { loop.execute { loop.stop() } }
            for thread in threads { thread.join() }
        } catch {
            ledger.problem("can't start: \(error)")
        }
    }

    /// Lives on the first loop.
    private static func conduct(_ loops: [EventLoop], _ settings: StressSettings, _ ledger: Ledger) async {
        var workers: [StressWorker] = []
        var address: SocketAddress?
        for (index, loop) in loops.enumerated() {
            let worker = StressWorker(
                loop,
                neighbour: loops[(index + 1) % loops.count],
                ledger,
                seed: settings.seed,
                index
            )
            workers.append(worker)
            guard let opened = await worker.listen(on: address) else { return }
            address = opened
        }
        guard let port = address?.port else { return }
        await withDiscardingTaskGroup { group in
            for worker in workers {
                group.addTask { await worker.runClients(port: port, concurrency: settings.concurrency) }
            }
        }
        // Servers learn of the last ends a moment later.
        for _ in 0..<1000 where !ledger.isBalanced { await loops[0].sleep(for: .milliseconds(10)) }
        for worker in workers { await worker.close() }
    }
}
