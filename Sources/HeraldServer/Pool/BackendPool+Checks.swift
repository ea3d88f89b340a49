import HeraldCore
import LibUV

/// When servers are checked, and what becomes of it.
extension BackendPool {
    /// Checks every server that is to be checked until `stopChecks`.
    ///
    /// - Parameters:
    ///   - first: how many servers of other backends are checked before these, so that all are spread over time.
    ///   - total: how many servers are checked in all.
    package func startChecks(first: Int, of total: Int) {
        areChecksOn = true
        var slot = first
        for server in servers {
            guard server.condition.isChecked, let interval = server.condition.nextCheckInterval else { continue }
            let delay = CheckSchedule.firstDelay(server: slot, of: total, interval: interval, using: &random)
            startChecks(of: server, after: delay)
            slot += 1
        }
    }

    /// The same for a pool that joins others, or has other servers than before; checks that go on are left alone.
    package func startChecks() {
        areChecksOn = true
        startMissingChecks()
    }

    /// Checks those that are to be checked and are not yet.
    func startMissingChecks() {
        for server in servers where server.checks?.isCancelled ?? true { startChecks(of: server) }
    }

    package func stopChecks() {
        areChecksOn = false
        for server in servers { server.checks?.cancel() }
    }

    /// Checks a server from now on, in place of what was scheduled for it.
    ///
    /// - Parameter delay: until the first check; nil for one by chance within the interval.
    func startChecks(of server: PooledServer, after delay: Duration? = nil) {
        guard areChecksOn, server.condition.isChecked, let interval = server.condition.nextCheckInterval else { return }
        let delay = delay ?? CheckSchedule.firstDelay(server: 0, of: 1, interval: interval, using: &random)
        server.checks?.cancel()
        server.nextCheck = .now + delay
        let slot = server.server.slot
        server.checks = loop.spawn { await self.checkRepeatedly(slot, after: delay) }
    }

    /// Brings the next check forward where the server's state now asks for it sooner. Never puts one off, nor disturbs one
    /// that is under way: sessions that fail all the time would keep the server from ever being checked.
    func hurryChecks(of server: PooledServer) {
        guard let next = server.nextCheck, let interval = server.condition.nextCheckInterval, .now + interval < next
        else { return }
        startChecks(of: server, after: interval)
    }

    private func checkRepeatedly(_ slot: ServerSlot, after delay: Duration) async {
        await loop.sleep(for: delay)
        while !Task.isCancelled, let server = find(slot), server.condition.isChecked,
            let timeout = server.condition.checkTimeout, let plan = server.checkPlan
        {
            server.nextCheck = nil
            let began = loop.now
            let outcome = await checker.check(plan, timeout: timeout)
            guard !Task.isCancelled, let server = find(slot) else { return }
            switch outcome {
            case .passed: server.passedChecks += 1
            case .failed(let failure): server.failedChecks[failure.label, default: 0] += 1
            }
            changed(server, server.condition.record(outcome, at: .now))
            guard let interval = server.condition.nextCheckInterval else { return }
            let elapsed = Duration.milliseconds(Int(loop.now - began))
            let delay = CheckSchedule.nextDelay(interval: interval, using: &random) - elapsed
            server.nextCheck = .now + delay
            await loop.sleep(for: delay)
        }
    }
}
