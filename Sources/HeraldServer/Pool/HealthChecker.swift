package import HeraldCore
package import LibUV
import NetworkAddress

/// How a server is checked, made once: it is asked for often.
package final class CheckPlan: Sendable {
    let settings: HealthCheckSettings
    /// Where the check goes.
    let address: SocketAddress

    /// nil for a server that is not checked.
    init?(_ member: BackendPool.Member) {
        guard let settings = member.settings.check else { return nil }
        self.settings = settings
        address = SocketAddress(settings.address ?? member.address.ip, port: settings.port ?? member.address.port)
    }
}

/// Finds out whether a server does what its check asks for.
///
/// Lives on the control loop. No more than `Limits.maximumConcurrentChecks` checks are under way at one time.
package actor HealthChecker: LoopActor {
    package let loop: EventLoop
    private var running = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// One timer for all checks; made by the first, on the loop's thread.
    private lazy var farewells = Farewells(loop: loop)

    package init(loop: EventLoop) {
        self.loop = loop
    }

    /// Checks a server once; answers within `timeout` of the connect's start, and two of `Limits.deadlineTick`.
    package func check(_ plan: CheckPlan, timeout: Duration) async -> CheckOutcome {
        if running >= Limits.maximumConcurrentChecks { await withCheckedContinuation { waiting.append($0) } }
        running += 1
        let probe = Probe(plan.settings, address: plan.address, timeout: timeout, farewells: farewells)
        let began = SystemInformation.monotonicNanoseconds
        await loop.suspend { probe.start($0) }
        running -= 1
        if !waiting.isEmpty { waiting.removeFirst().resume() }
        if let failure = probe.failure { return .failed(failure) }
        return .passed(latency: .nanoseconds(Int64(SystemInformation.monotonicNanoseconds - began)))
    }
}
