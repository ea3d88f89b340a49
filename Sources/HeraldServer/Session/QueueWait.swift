import HeraldCore
import LibUV
import NetworkAddress

/// A session's wait for a server with room. Afterwards `session.target` is the server that it was counted in at, or the
/// session has its ending.
final class QueueWait: SessionWait {
    private let pool: LocalPool
    private var ticket: WaitingLine.Ticket?
    private var until: UInt64 = 0

    init(_ session: Session, pool: LocalPool, deadlines: Deadlines) {
        self.pool = pool
        super.init(session, deadlines: deadlines)
    }

    /// - Parameter maximum: how many may wait.
    func start(limit: Duration, maximum: Int) {
        let loop = session.client.loop
        until = loop.now + limit.wholeMilliseconds
        guard begin(limit: min(limit, Limits.queueLookInterval)) else { return }
        let failed = session.attempts?.failedServers ?? []
        let waiter = Waiter(client: session.source.ip, failed: failed, wait: LoopBound(self, loop: loop))
        guard let place = pool.snapshot.line.join(waiter, limit: maximum) else { return finish(.queueFull) }
        ticket = place.ticket
        session.queuedBehind = UInt32(clamping: place.ahead)
        // There may be room since this session was told that there is none.
        pool.admitWaiting()
    }

    fileprivate func admitted(to server: PoolServer) {
        ticket = nil
        if isOver { return pool.leave(server) }
        session.target = server
        finish()
    }

    fileprivate func dismissed() {
        ticket = nil
        finish(.noServer)
    }

    /// Nobody tells of a client that has gone while nothing is read from it. One that has ended may still want an answer,
    /// but for one that has asked for nothing.
    private var isClientGone: Bool {
        session.client.isReset || (session.payload.isEmpty && session.client.lookAhead() == .end)
    }

    override func deadlineReached(at now: UInt64) -> UInt64? {
        if isClientGone {
            finish(.clientGone)
        } else if now >= until {
            finish(.queueTimeout)
        } else {
            pool.admitWaiting()
            return min(until, now + Limits.queueLookInterval.wholeMilliseconds)
        }
        return nil
    }

    override func cleanUp() {
        if let ticket { pool.snapshot.line.leave(ticket) }
        session.queuedUntil = SystemInformation.monotonicNanoseconds
    }
}

/// A waiting session as other loops see it.
private struct Waiter: PoolWaiter {
    let client: IPAddress
    let failed: [ServerSlot]
    let wait: LoopBound<QueueWait>

    func admit(to server: PoolServer) {
        wait.loop.execute { wait.value.admitted(to: server) }
    }

    func dismiss() {
        wait.loop.execute { wait.value.dismissed() }
    }
}
