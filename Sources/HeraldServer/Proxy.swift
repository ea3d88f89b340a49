package import HeraldCore
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
/// Lives on the control loop, the first of the loops, which also carries sessions.
package actor Proxy: LoopActor {
    private let settings: ProxySettings
    private let isDialogue: Bool
    private let loops: [EventLoop]
    private let journal: Journal
    private let checker: HealthChecker
    private let processGate: SessionGate
    private var workers: [LoopBound<Worker>] = []
    private var pools: [BackendPool] = []
    private var frontends: [[Frontend]] = []
    private var signals: [SignalSource] = []
    private var detach: @Sendable () async -> Void = {}
    private var takesClients = false
    private var failures: [String: Int] = [:]
    private let stopRequests = StopRequests()
    private let startedAt = ContinuousClock.now

    package nonisolated var loop: EventLoop { loops[0] }

    /// - Parameter isDialogue: whether SIGHUP is the end of the terminal that it runs in.
    init(_ settings: ProxySettings, loops: [EventLoop], maximumSessions: Int, journal: Journal, isDialogue: Bool) {
        self.settings = settings
        self.isDialogue = isDialogue
        self.loops = loops
        self.journal = journal
        checker = HealthChecker(loop: loops[0])
        processGate = SessionGate(limit: maximumSessions)
    }

    /// Runs until a signal says otherwise.
    ///
    /// - Parameters:
    ///   - attachment: started first and ended last.
    ///   - ready: called once clients are taken in, with the addresses that are listened on.
    func run(
        attachment: ProxyAttachment?,
        ready: @Sendable ([SocketAddress]) -> Void
    ) async throws(StartFailure) -> ProxySummary {
        let addresses: [SocketAddress]
        do throws(StartFailure) {
            // First of all: whoever can connect can stop it in order.
            try handleSignals()
            if let attachment { detach = try await attachment(self, loops) }
            makePools(try await ServerLookup.members(of: settings.backends, loop: loop))
            addresses = try await listen()
        } catch {
            await shutDown()
            throw error
        }
        await startChecks()
        for frontend in frontends.joined() { await frontend.start() }
        takesClients = true
        announceStart(addresses)
        ready(addresses)
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

    private func makePools(_ members: [[BackendPool.Member]]) {
        for (index, backend) in settings.backends.enumerated() {
            pools.append(
                BackendPool(
                    backend,
                    members: members[index],
                    discovered: [],
                    loop: loop,
                    checker: checker,
                    journal: journal,
                    effects: BackendPool.Effects(
                        publish: { [unowned self] snapshot in assumeIsolated { $0.publish(snapshot, backend: index) } },
                        endSessions: { [unowned self] server in assumeIsolated { $0.endSessions(of: server) } }
                    )
                )
            )
        }
    }

    private func publish(_ snapshot: PoolSnapshot, backend: Int) {
        for worker in workers {
            worker.loop.execute { worker.value.install(snapshot, backend: backend) }
        }
    }

    private func endSessions(of server: PoolServer) {
        for worker in workers {
            worker.loop.execute { worker.value.abortSessions(of: server) }
        }
    }

    /// Opens every bind on every loop, or none.
    private func listen() async throws(StartFailure) -> [SocketAddress] {
        var snapshots: [PoolSnapshot] = []
        for pool in pools { snapshots.append(await pool.snapshot) }
        for loop in loops { workers.append(await makeWorker(on: loop, pools: snapshots)) }
        let gates = settings.frontends.map { SessionGate(limit: $0.maximumSessions ?? .max) }
        var problems: [String] = []
        var addresses: [SocketAddress] = []
        for (frontendSettings, gate) in zip(settings.frontends, gates) {
            let group = workers.map { worker in
                Frontend(
                    frontendSettings,
                    backend: settings.backends[frontendSettings.backend],
                    worker: worker,
                    relay: Relay(worker: worker),
                    gates: [processGate, gate],
                    journal: journal
                )
            }
            frontends.append(group)
            do throws(BindFailure) {
                var ports: [UInt16]?
                for frontend in group {
                    let opened = try await frontend.listen(isShared: loops.count > 1, ports: ports)
                    if ports == nil { addresses += opened }
                    ports = opened.map(\.port)
                }
            } catch {
                problems.append(error.description)
            }
        }
        guard problems.isEmpty else { throw StartFailure(problems: problems) }
        return addresses
    }

    private func makeWorker(on loop: EventLoop, pools: [PoolSnapshot]) async -> LoopBound<Worker> {
        await withCheckedContinuation { continuation in
            loop.execute { [journal] in
                let worker = Worker(loop: loop, pools: pools, journal: journal)
                continuation.resume(returning: LoopBound(worker, loop: loop))
            }
        }
    }

    private func handleSignals() throws(StartFailure) {
        do throws(UVError) {
            for signal in [SignalSource.Signal.terminate, .interrupt, .hangUp] {
                let stops = signal != .hangUp || isDialogue
                let source = try SignalSource(signal, loop: loop) { [stopRequests, journal] in
                    if stops { return stopRequests.add() }
                    journal.event(.warning, "SIGHUP changes nothing: a changed file takes effect at the next start")
                }
                signals.append(source)
            }
        } catch {
            throw StartFailure(problems: ["can't listen for signals: \(error)"])
        }
    }

    private func startChecks() async {
        var total = 0
        for pool in pools { total += await pool.checkedCount }
        var first = 0
        for pool in pools {
            await pool.startChecks(first: first, of: total)
            first += await pool.checkedCount
        }
    }

    private func announceStart(_ addresses: [SocketAddress]) {
        var next = addresses.makeIterator()
        for frontend in settings.frontends {
            for bind in frontend.binds {
                guard let address = next.next() else { return }
                journal.event(
                    .notice,
                    "listening",
                    [
                        "frontend": .text(frontend.name), "address": .address(address),
                        "accept_proxy": .text(bind.acceptProxy == nil ? "no" : "yes"),
                        "backend": .text(settings.backends[frontend.backend].name),
                    ]
                )
            }
        }
        journal.event(.notice, "ready", ["threads": .integer(loops.count)])
    }

    // MARK: Stop

    /// Takes no new clients, and gives sessions time to finish; a second signal cuts them off.
    ///
    /// - Returns: how many were cut off.
    private func drain() async -> Int {
        for frontend in frontends.joined() { await frontend.stop() }
        let sessions = processGate.count
        journal.event(
            .notice,
            "draining",
            ["sessions": .integer(sessions), "timeout": .text(settings.process.drainTimeout.plainText)]
        )
        let end = ContinuousClock.now + settings.process.drainTimeout
        while processGate.count > 0 && stopRequests.count < 2 && ContinuousClock.now < end {
            await loop.sleep(for: .milliseconds(20))
        }
        let left = processGate.count
        if left > 0 {
            await abortSessions(stopRequests.count < 2 ? .drained : .stopped)
        }
        return left
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

    private func abortSessions(_ ending: SessionEnding) async {
        for worker in workers {
            await withCheckedContinuation { continuation in
                worker.loop.execute {
                    worker.value.abortSessions(ending)
                    continuation.resume()
                }
            }
        }
        // Each ends within a turn of its loop; the bound is for what nobody has thought of.
        for _ in 0..<100 where processGate.count > 0 { await loop.sleep(for: .milliseconds(10)) }
    }

    private func shutDown() async {
        for pool in pools { await pool.stopChecks() }
        for frontend in frontends.joined() { await frontend.stop() }
        for signal in signals { signal.close() }
        for worker in workers {
            let counts = await withCheckedContinuation { continuation in
                worker.loop.execute {
                    worker.value.close()
                    continuation.resume(returning: worker.value.failures)
                }
            }
            failures.merge(counts, uniquingKeysWith: +)
        }
        await detach()
    }
}

extension Proxy: ReadinessSource {
    package var readiness: ReadinessReport {
        if stopRequests.count > 0 { return ReadinessReport(reasons: [.draining]) }
        // Every bind is open by then, or the process is not.
        guard takesClients else { return ReadinessReport(reasons: [.starting]) }
        let pools = workers[0].value.pools
        let idle = settings.frontends.filter { !pools[$0.backend].hasServer }
        return ReadinessReport(
            reasons: idle.map { .noServer(frontend: $0.name, backend: settings.backends[$0.backend].name) }
        )
    }
}

/// How often the process was told to stop. Lives on the control loop.
// Unchecked: touched by signal callbacks and the proxy, both on the control loop.
private final class StopRequests: @unchecked Sendable {
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
