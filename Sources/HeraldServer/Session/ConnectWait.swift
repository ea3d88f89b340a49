import HeraldCore
import LibUV
import NetworkAddress

/// One attempt of a session to reach a server. `session.server` is connected afterwards, or nil.
final class ConnectWait: SessionWait<ConnectWait.Outcome> {
    enum Outcome: Sendable {
        case connected
        case failed(ServerFailure)
        case aborted(SessionEnding)
    }

    private var limit = Duration.zero

    func start(_ address: SocketAddress, limit: Duration) {
        self.limit = limit
        guard begin(limit: limit) else { return }
        let stream = TCPStream(loop: session.client.loop)
        session.server = stream
        stream.connect(to: address) { [self] error in
            finish(error.map { .failed(ServerFailure(connecting: $0)) } ?? .connected)
        }
    }

    override func deadlineReached(at now: UInt64) -> UInt64? {
        finish(.failed(.timedOut(after: limit, .connecting)))
        return nil
    }

    override func abort(_ ending: SessionEnding) {
        finish(.aborted(ending))
    }

    override func cleanUp(_ outcome: Outcome) {
        if case .connected = outcome { return }
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
        // The kernel's own connect timeout: nobody has answered for minutes.
        case .hostUnreachable, .networkUnreachable, .timedOut: self = .unreachable
        default: self = .local(error.description)
        }
    }
}
