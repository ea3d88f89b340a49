import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// A session's life, in the order of the verbs: accepted, it is identified; a server is chosen and reached; the client is
/// announced to it; bytes are relayed; and it ends.
extension Frontend {
    func serve(_ bound: LoopBound<Session>) async {
        finish(bound.value, await live(bound))
    }

    private func live(_ bound: LoopBound<Session>) async -> SessionEnding {
        if let refusal = await identify(bound) { return refusal }
        switch await reachServer(bound) {
        case .reached(let announcement): return await relay.run(bound, server: announcement, limits: limits)
        case .failed(let ending): return ending
        }
    }

    // MARK: Identify

    /// Learns who the client is, from its socket or its header; nil when the session may go on.
    private func identify(_ bound: LoopBound<Session>) async -> SessionEnding? {
        let session = bound.value
        let bind = binds[session.bind]
        guard let settings = bind.settings.acceptProxy, let trust = bind.trust, let parser = bind.parser
        else { return nil }
        switch trust.verdict(on: session.peer.ip) {
        case .reject:
            return .untrustedPeer
        case .plain:
            session.isGuarded = true
            return nil
        case .believe:
            session.isHeaderBelieved = true
        case .disregard:
            break
        }
        guard bind.waitingForHeader < Limits.maximumSessionsWaitingForHeader else { return .tooManyWaiting }
        binds[session.bind].waitingForHeader += 1
        defer { binds[session.bind].waitingForHeader -= 1 }
        return await receiveHeader(bound, parser: parser, timeout: settings.timeout)
    }

    private func receiveHeader(
        _ bound: LoopBound<Session>,
        parser: HeaderParser,
        timeout: Duration
    ) async -> SessionEnding? {
        let session = bound.value
        let deadlines = worker.value.deadlines
        let ending = await withCheckedContinuation { continuation in
            HeaderWait(session, parser: parser, deadlines: deadlines, continuation: continuation).start(limit: timeout)
        }
        session.headerDoneAt = SystemInformation.monotonicNanoseconds
        return ending
    }

    // MARK: Choose and connect

    private enum Reached {
        case reached(Announcement)
        case failed(SessionEnding)
    }

    private func reachServer(_ bound: LoopBound<Session>) async -> Reached {
        let session = bound.value
        var attempts = ConnectAttempts(backend)
        var next = pool.pick()
        session.connectBeganAt = SystemInformation.monotonicNanoseconds
        while true {
            guard let index = next else { return .failed(.noServer) }
            let server = pool.servers[index]
            session.attempt = server
            let failure: ServerFailure
            switch await connect(bound, to: server.address) {
            case .connected:
                session.connectedAt = SystemInformation.monotonicNanoseconds
                return .reached(server.announcement)
            case .aborted(let ending): return .failed(ending)
            case .failed(.local): return .failed(.localResources)
            case .failed(let reason): failure = reason
            }
            let other = pool.pick(excluding: attempts.failed + [index])
            switch attempts.failed(index, hasOther: other != nil) {
            case .anotherServer: next = other
            case .sameServer(_, let pause):
                if let ending = await wait(bound, for: pause) { return .failed(ending) }
            case .giveUp: return .failed(.connectFailed(failure))
            }
            session.retryCount = attempts.retryCount
        }
    }

    private var pool: PoolSnapshot { worker.value.pools[settings.backend] }

    private func connect(_ bound: LoopBound<Session>, to address: SocketAddress) async -> ConnectWait.Outcome {
        let deadlines = worker.value.deadlines
        let limit = backend.timeouts.connect
        return await withCheckedContinuation { continuation in
            ConnectWait(bound.value, deadlines: deadlines, continuation: continuation).start(address, limit: limit)
        }
    }

    private func wait(_ bound: LoopBound<Session>, for duration: Duration) async -> SessionEnding? {
        let deadlines = worker.value.deadlines
        return await withCheckedContinuation { continuation in
            _ = PauseWait(bound.value, deadlines: deadlines, continuation: continuation).begin(limit: duration)
        }
    }
}
