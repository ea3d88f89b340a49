import HeraldCore
package import LibUV
import ProxyProtocol

/// Tells a server who the client is, and moves the bytes between the two.
///
/// One for each loop, and on it; called by the frontends of the same loop. The actor starts a relay and hears of its end:
/// in between, `RelayFlow` works in the loop's callbacks, without a hop.
package actor Relay: LoopActor {
    package let loop: EventLoop
    private let worker: LoopBound<Worker>

    package init(worker: LoopBound<Worker>) {
        self.worker = worker
        loop = worker.loop
    }

    /// Relays until both sides are done or something ends it, and lets the session go on; both streams are still open then.
    @inline(never)
    func start(_ session: Session) {
        guard let server = session.server, let target = session.target else {
            preconditionFailure("a relay needs a connected server")
        }
        let flow = RelayFlow(
            session,
            server: server,
            deadlines: worker.value.deadlines
        )
        let header = HeaderAnnouncement(target.announcement, endpoints: session.endpoints, received: session.header)
        session.forgetHeader()
        loop.withScratch(byteCount: header.length, fill: { header.write(to: &$0) }, use: { flow.start(header: $0) })
    }
}
