import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// A session's life, in the order of the verbs: accepted, it is identified; a server is chosen and reached; the client is
/// announced to it; bytes are relayed; and it ends.
///
/// One task does it all, and it is asleep most of the time. What it decides with is kept in `Session` rather than in
/// variables of these functions, so that a sleeping task is small.
extension Frontend {
    func serve(_ bound: LoopBound<Session>) async {
        if mustSendHeader(bound.value) { await receiveHeader(bound) }
        chooseServer(bound.value)
        while bound.value.target != nil {
            await connect(bound)
            guard let pause = chooseAgain(bound.value) else { break }
            if pause > .zero { await wait(bound, for: pause) }
        }
        if bound.value.server != nil { await relay.run(bound, limits: limits) }
        finish(bound.value)
    }

    // MARK: Identify

    /// Whether a header must come first. A peer that may not connect ends here.
    private func mustSendHeader(_ session: Session) -> Bool {
        guard let trust = binds[session.bind].trust else { return false }
        switch trust.verdict(on: session.peer.ip) {
        case .believe: session.isHeaderBelieved = true
        case .disregard: break
        case .plain:
            session.isGuarded = true
            return false
        case .reject:
            session.end(.untrustedPeer)
            return false
        }
        if binds[session.bind].waitingForHeader >= Limits.maximumSessionsWaitingForHeader {
            session.end(.tooManyWaiting)
        }
        return session.ending == nil
    }

    private func receiveHeader(_ bound: LoopBound<Session>) async {
        binds[bound.value.bind].waitingForHeader += 1
        await loop.suspend { continuation in
            let session = bound.value
            guard let parser = binds[session.bind].parser, let settings = binds[session.bind].settings.acceptProxy
            else { preconditionFailure("a header is read only where one is accepted") }
            let deadlines = worker.value.deadlines
            HeaderWait(session, parser: parser, deadlines: deadlines, continuation: continuation)
                .start(limit: settings.timeout)
        }
        binds[bound.value.bind].waitingForHeader -= 1
    }

    // MARK: Choose and connect

    private var pool: PoolSnapshot { worker.value.pools[settings.backend] }

    /// Takes the server whose turn it is as the target; none where the session ends.
    private func chooseServer(_ session: Session) {
        guard session.ending == nil else { return }
        let pool = pool
        guard let index = pool.pick() else { return session.end(.noServer) }
        session.target = pool.servers[index]
        session.connectBeganAt = SystemInformation.monotonicNanoseconds
    }

    private func connect(_ bound: LoopBound<Session>) async {
        await loop.suspend { continuation in
            let session = bound.value
            guard let target = session.target else { preconditionFailure("a connect needs a target") }
            session.connectFailure = nil
            ConnectWait(session, deadlines: worker.value.deadlines, continuation: continuation)
                .start(target.address, limit: backend.timeouts.connect)
        }
    }

    /// What comes after an attempt: nil when the server is reached or the session ends, else how long to wait before the
    /// next attempt, at the target that is set now.
    private func chooseAgain(_ session: Session) -> Duration? {
        guard session.ending == nil else { return nil }
        guard let failure = session.connectFailure, let target = session.target else {
            session.connectedAt = SystemInformation.monotonicNanoseconds
            return nil
        }
        if case .local = failure {
            session.end(.localResources)
            return nil
        }
        let pool = pool
        var attempts = session.attempts ?? ConnectAttempts(backend)
        let other = pool.pick(excluding: attempts.failed + [target.index])
        let next = attempts.failed(target.index, hasOther: other != nil)
        session.attempts = attempts
        switch next {
        case .anotherServer:
            session.target = other.map { pool.servers[$0] }
            return .zero
        case .sameServer(after: let pause):
            return pause
        case .giveUp:
            session.end(.connectFailed(failure))
            return nil
        }
    }

    private func wait(_ bound: LoopBound<Session>, for duration: Duration) async {
        await loop.suspend { continuation in
            let wait = PauseWait(bound.value, deadlines: worker.value.deadlines, continuation: continuation)
            _ = wait.begin(limit: duration)
        }
    }
}
