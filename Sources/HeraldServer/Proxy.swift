import HeraldCore
package import LibUV
import NetworkAddress

/// Why the process could not start; every problem at once.
package struct StartFailure: Error, CustomStringConvertible {
    package let problems: [String]

    package init(problems: [String]) {
        self.problems = problems
    }

    package var description: String { problems.joined(separator: "\n") }
}

/// What a proxy has done, from start to stop.
package struct ProxySummary: Sendable {
    /// Sessions that were accepted.
    package let sessionCount: UInt64
    /// Sessions that had not finished when the time to drain was over.
    package let cutOffCount: Int
    /// How many sessions ended otherwise than well, by label and reason.
    package let failures: [String: Int]
}

/// The whole proxy: brings everything up in order, waits to be told to stop, and takes it down in order.
///
/// Lives on the control loop, the first of the loops, which also carries sessions. What runs is what `apply` made of the
/// newest settings, at the start and at each reload.
package actor Proxy: LoopActor {
    let loops: [EventLoop]
    let journal: Journal
    let checker: HealthChecker
    let names: NameService
    let processGate: SessionGate
    let diagnoses: Diagnoses
    /// What runs now.
    var settings: ProxySettings
    var workers: [LoopBound<Worker>] = []
    /// By name.
    var backends: [String: RunningBackend] = [:]
    /// In the order of the settings.
    var frontends: [RunningFrontend] = []
    var configuration: ProxyStatus.Configuration
    let startedAt = ContinuousClock.now
    let startedAtTime = Timestamp.now
    let stopRequests = StopRequests()
    private(set) var takesClients = false
    /// What runs is being changed.
    var isChanging = false

    private let first: ProxySettings
    private let options: ProxyProcess.Options
    private var signals: [SignalSource] = []
    private var watch: Task<Void, Never>?
    private var isReloading = false
    private var mustReloadAgain = false
    private var failures: [String: Int] = [:]

    package nonisolated var loop: EventLoop { loops[0] }

    init(
        _ settings: ProxySettings,
        loops: [EventLoop],
        journal: Journal,
        options: ProxyProcess.Options
    ) {
        first = settings
        self.settings = ProxySettings(process: settings.process, frontends: [], backends: [])
        self.loops = loops
        self.journal = journal
        self.options = options
        diagnoses = Diagnoses(journal)
        checker = HealthChecker(loop: loops[0])
        names = NameService(loop: loops[0])
        processGate = SessionGate(limit: options.maximumSessions(settings))
        configuration = ProxyStatus.Configuration(loadedAt: .now)
        configuration.file = options.source?.path
    }

    /// Runs until a signal says otherwise.
    func run() async throws(StartFailure) -> ProxySummary {
        do throws(StartFailure) {
            // First of all: whoever can connect can stop it in order.
            try handleSignals()
            for loop in loops { workers.append(await makeWorker(on: loop)) }
            try await options.attachment?.start(beside: self, loops: loops, settings: first)
            let addresses = try await apply(first)
            takesClients = true
            journal.event(.notice, "ready", ["threads": .integer(loops.count)])
            options.ready(addresses)
            // The file may have changed since it was read.
            if mustReloadAgain { startReload() }
        } catch {
            await shutDown()
            throw error
        }
        if let source = options.source, source.isWatched { follow(source) }
        await stopRequests.first()
        let cutOffCount = await drain()
        await shutDown()
        let summary = ProxySummary(
            sessionCount: processGate.total,
            cutOffCount: cutOffCount,
            failures: failures
        )
        announceStop(summary)
        return summary
    }

    // MARK: Start

    private func makeWorker(on loop: EventLoop) async -> LoopBound<Worker> {
        await withCheckedContinuation { continuation in
            loop.execute { [journal] in
                continuation.resume(returning: LoopBound(Worker(loop: loop, journal: journal), loop: loop))
            }
        }
    }

    private func handleSignals() throws(StartFailure) {
        do throws(UVError) {
            for signal in [SignalSource.Signal.terminate, .interrupt, .hangUp] {
                let stops = signal != .hangUp || options.isDialogue
                let source = try SignalSource(signal, loop: loop) { [unowned self, stopRequests] in
                    if stops { return stopRequests.add() }
                    assumeIsolated { $0.startReload() }
                }
                signals.append(source)
            }
        } catch {
            throw StartFailure(problems: ["can't listen for signals: \(error)"])
        }
    }

    // MARK: Reload

    /// Looks now and then whether the file is another one than before.
    private func follow(_ source: ConfigurationSource) {
        watch = loop.spawn { [self] in
            var known = source.firstMark
            while !Task.isCancelled {
                await loop.sleep(for: Limits.fileWatchInterval)
                let seen = source.mark()
                guard seen != known else { continue }
                // Whoever writes the file may not be done yet.
                await loop.sleep(for: Limits.fileWatchInterval)
                guard source.mark() == seen else { continue }
                known = seen
                await startReload()
            }
        }
    }

    /// One after the other; what comes while one is under way makes one more.
    private func startReload() {
        guard let source = options.source else {
            journal.event(.warning, "SIGHUP changes nothing: there is no configuration file")
            return
        }
        guard stopRequests.count == 0 else { return }
        if isReloading || !takesClients {
            mustReloadAgain = true
            return
        }
        isReloading = true
        loop.spawn { await self.reloadUntilCurrent(source) }
    }

    private func reloadUntilCurrent(_ source: ConfigurationSource) async {
        repeat {
            mustReloadAgain = false
            await reload(source)
        } while mustReloadAgain && stopRequests.count == 0
        isReloading = false
    }

    /// A file that is wrong, or asks for what can't be had, changes nothing.
    private func reload(_ source: ConfigurationSource) async {
        let began = ContinuousClock.now
        do throws(StartFailure) {
            let next = try await source.settings(loop)
            if stopRequests.count > 0 { return }
            let threads = next.process.threads ?? Parallelism.threads
            if threads != loops.count {
                journal.event(
                    .warning,
                    "another number of threads takes effect at the next start",
                    ["threads": .integer(loops.count), "configured": .integer(threads)]
                )
            }
            try await options.attachment?.prepare(next)
            do throws(StartFailure) {
                _ = try await apply(next)
            } catch {
                await options.attachment?.abandon()
                throw error
            }
            await options.attachment?.adopt()
            processGate.setLimit(options.maximumSessions(next))
            await adopt(next.process.log)
            configuration.generation += 1
            configuration.loadedAt = .now
            configuration.problems = []
            journal.event(
                .notice,
                "reloaded",
                [
                    "generation": .integer(configuration.generation),
                    "took": .text((ContinuousClock.now - began).plainText),
                ]
            )
        } catch {
            configuration.failedReloads += 1
            configuration.problems = error.problems
            for problem in error.problems {
                journal.event(.error, "not reloaded; all goes on as before", ["problem": .text(problem)])
            }
        }
    }

    private func adopt(_ log: LogSettings) async {
        journal.adopt(log)
        for worker in workers { await onLoop(of: worker) { $0.log.adopt(log) } }
    }

    // MARK: Stop

    /// Takes no new clients, and gives sessions time to finish; a second signal cuts them off.
    ///
    /// - Returns: how many were cut off.
    private func drain() async -> Int {
        let limits = settings.process
        watch?.cancel()
        for worker in workers { await onLoop(of: worker) { $0.binds.stopDeferring() } }
        journal.event(
            .notice,
            "draining",
            [
                "sessions": .integer(processGate.count), "delay": .text(limits.drainDelay.plainText),
                "timeout": .text(limits.drainTimeout.plainText),
            ]
        )
        // Whoever polls readiness has to see it first: until then clients still come.
        await waitWhileDraining(for: limits.drainDelay) { true }
        while isChanging { await loop.sleep(for: Limits.drainLookInterval) }
        await stopListening()
        await waitWhileDraining(for: limits.drainTimeout) { processGate.count > 0 }
        let left = processGate.count
        if left > 0 {
            await abortSessions(stopRequests.count < 2 ? .drained : .stopped)
        }
        return left
    }

    private func waitWhileDraining(for limit: Duration, _ isNeeded: () -> Bool) async {
        let end = ContinuousClock.now + limit
        while isNeeded() && stopRequests.count < 2 && ContinuousClock.now < end {
            await loop.sleep(for: Limits.drainLookInterval)
        }
    }

    private func announceStop(_ summary: ProxySummary) {
        let failures = summary.failures.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        journal.event(
            .notice,
            "stopped",
            [
                "sessions": .integer(Int(clamping: summary.sessionCount)), "cut_off": .integer(summary.cutOffCount),
                "failures": .text(failures.isEmpty ? "none" : failures.joined(separator: ", ")),
                "uptime": .text((ContinuousClock.now - startedAt).plainText),
            ]
        )
    }

    private func stopListening() async {
        for worker in workers {
            await onLoop(of: worker) { $0.binds.close($0.binds.keys) }
        }
    }

    private func abortSessions(_ ending: SessionEnding) async {
        for worker in workers {
            await onLoop(of: worker) { $0.abortSessions(ending) }
        }
        // Each ends within the next turns of its loop; the bound is for what nobody has thought of.
        for _ in 0..<100 where processGate.count > 0 { await loop.sleep(for: .milliseconds(10)) }
    }

    private func shutDown() async {
        watch?.cancel()
        for backend in backends.values { await backend.stop() }
        await stopListening()
        for signal in signals { signal.close() }
        for worker in workers {
            let counts = await onLoop(of: worker) { worker in
                worker.close()
                return worker.failures
            }
            failures.merge(counts, uniquingKeysWith: +)
        }
        await options.attachment?.close()
    }

    // MARK: Loops

    /// Does something on a worker's loop, and waits for what comes of it.
    func onLoop<Result: Sendable>(
        of worker: LoopBound<Worker>,
        _ body: @escaping @Sendable (Worker) -> Result
    ) async -> Result {
        await withCheckedContinuation { continuation in
            worker.loop.execute { continuation.resume(returning: body(worker.value)) }
        }
    }
}

/// How often the process was told to stop. Lives on the control loop.
// Unchecked: touched by signal callbacks and the proxy, both on the control loop.
final class StopRequests: @unchecked Sendable {
    private(set) var count = 0
    private var waiting: CheckedContinuation<Void, Never>?

    func add() {
        count += 1
        waiting?.resume()
        waiting = nil
    }

    /// Returns once there is one.
    func first() async {
        if count > 0 { return }
        await withCheckedContinuation { waiting = $0 }
    }
}
