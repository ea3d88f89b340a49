import HeraldCore
import LibUV

/// One attempt of a session to reach a server. Afterwards `session.server` is connected, or `session.connectFailure` says
/// why there is none.
final class ConnectWait: SessionWait {
    private var limit = Duration.zero

    func start(_ target: PoolServer, limit: Duration) {
        self.limit = limit
        guard begin(limit: limit) else { return }
        let stream = TCPStream(loop: session.client.loop)
        session.server = stream
        stream.connect(to: target.address, speaksFirst: target.announcement != .none) { [self] error in
            // An attempt that was given up is called back later, when the next one may be under way.
            guard !isOver else { return }
            if let error { session.connectFailure = ServerFailure(connecting: error) }
            finish()
        }
    }

    override func deadlineReached(at now: UInt64) -> UInt64? {
        session.connectFailure = .timedOut(after: limit, .connecting)
        finish()
        return nil
    }

    override func cleanUp() {
        guard session.connectFailure != nil || session.ending != nil else { return }
        session.server?.close()
        session.server = nil
    }
}

extension ServerFailure {
    /// What a failed connect(2) means.
    init(connecting error: UVError) {
        switch error {
        case .connectionRefused: self = .refused
        case .connectionReset, .brokenPipe: self = .reset
        case _ where error.isLocalShortage: self = .local(error.description)
        // No route, a firewall's refusal, or the kernel's own timeout of minutes.
        default: self = .unreachable
        }
    }
}
