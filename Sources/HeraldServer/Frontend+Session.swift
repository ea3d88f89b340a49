import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// A session's life, in the order of the verbs: accepted, it is identified; a server is chosen and reached; the client is
/// announced to it; bytes are relayed; and it ends.
///
/// One task does it all, and it is asleep most of the time, so it must be small: it has one place to sleep at, what it
/// decides with is kept in `Session`, and functions that don't suspend are never inlined, as their variables would get
/// room in the task.
extension Frontend {
    func serve(_ bound: LoopBound<Session>) async {
        var step = identify(bound.value)
        while step != .finish {
            await loop.suspend { begin(step, bound.value, $0) }
            step = next(after: step, bound.value)
        }
        finish(bound.value)
    }

    /// What a session does next.
    private enum Step {
        /// Receive the header that must come first.
        case identify
        /// Wait until a server has room.
        case wait
        /// Connect to the target that is set now.
        case connect
        /// The same, after a pause.
        case pause
        /// Announce the client, and relay.
        case relay
        /// The session has its ending.
        case finish
    }

    private func begin(_ step: Step, _ session: Session, _ continuation: LoopContinuation) {
        switch step {
        case .identify: startReceivingHeader(session, continuation)
        case .wait: startWaitingForRoom(session, continuation)
        case .connect: startConnecting(session, continuation)
        case .pause: startPause(session, continuation)
        case .relay: relay.assumeIsolated { $0.start(session, limits: limits, continuation: continuation) }
        case .finish: preconditionFailure("nothing is waited for at the end")
        }
    }

    @inline(never)
    private func next(after step: Step, _ session: Session) -> Step {
        switch step {
        case .identify:
            if waitsAmongStrangers(session) { binds[session.bind].waitingStrangers -= 1 }
            return chooseServer(session)
        case .wait: return stepAfterWait(session)
        case .connect: return stepAfterConnect(session)
        case .pause: return .connect
        case .relay, .finish: return .finish
        }
    }

    // MARK: Identify

    @inline(never)
    private func identify(_ session: Session) -> Step {
        mustSendHeader(session) ? .identify : chooseServer(session)
    }

    /// Whether a header must come first. A peer that may not connect ends here.
    @inline(never)
    private func mustSendHeader(_ session: Session) -> Bool {
        guard let trust = binds[session.bind].trust else {
            session.looksForHeader = binds[session.bind].looksForHeaders
            return false
        }
        switch trust.verdict(on: session.peer.ip) {
        case .believe: session.isHeaderBelieved = true
        // Its header is read and put away; a second one must not reach the server.
        case .disregard: session.isGuarded = true
        case .plain:
            session.isGuarded = true
            return false
        case .reject:
            session.end(.untrustedPeer)
            return false
        }
        let strangers = binds[session.bind].waitingStrangers
        if waitsAmongStrangers(session) && strangers >= Limits.maximumSessionsWaitingForHeader {
            session.end(.tooManyWaiting)
        }
        return session.ending == nil
    }

    /// Whether anybody could be in its place: those who were named as trusted are not to be kept out by others' silence.
    private func waitsAmongStrangers(_ session: Session) -> Bool {
        !session.isHeaderBelieved || binds[session.bind].settings.acceptProxy?.trusted == nil
    }

    @inline(never)
    private func startReceivingHeader(_ session: Session, _ continuation: LoopContinuation) {
        guard let parser = binds[session.bind].parser, let settings = binds[session.bind].settings.acceptProxy
        else { preconditionFailure("a header is read only where one is accepted") }
        if waitsAmongStrangers(session) { binds[session.bind].waitingStrangers += 1 }
        HeaderWait(session, parser: parser, deadlines: worker.value.deadlines, continuation: continuation)
            .start(limit: settings.timeout)
    }

    // MARK: Choose and connect

    /// Takes the server whose turn it is as the target.
    @inline(never)
    private func chooseServer(_ session: Session) -> Step {
        guard session.ending == nil else { return .finish }
        session.isInBackend = true
        backendGate.enter()
        switch pool.value.choose(for: session.source.ip) {
        case .server(let server):
            session.target = server
            return .connect
        case .full:
            return .wait
        case .none:
            session.end(.noServer)
            return .finish
        }
    }

    @inline(never)
    private func startConnecting(_ session: Session, _ continuation: LoopContinuation) {
        guard let target = session.target else { preconditionFailure("a connect needs a target") }
        let elapsed = connectTime(of: session)
        if session.connectBeganAt == nil { session.connectBeganAt = SystemInformation.monotonicNanoseconds }
        session.connectFailure = nil
        ConnectWait(session, deadlines: worker.value.deadlines, continuation: continuation)
            .start(target.address, limit: backend.timeouts.attempt(elapsed: elapsed))
    }

    /// Since the first attempt began.
    private func connectTime(of session: Session) -> Duration {
        guard let began = session.connectBeganAt else { return .zero }
        return .nanoseconds(Int64(SystemInformation.monotonicNanoseconds - began))
    }

    /// What comes after an attempt.
    @inline(never)
    private func stepAfterConnect(_ session: Session) -> Step {
        guard session.ending == nil else { return .finish }
        guard let target = session.target else { preconditionFailure("a connect needs a target") }
        guard let failure = session.connectFailure else {
            session.connectedAt = SystemInformation.monotonicNanoseconds
            target.connectSucceeded()
            return .relay
        }
        target.connectFailed(failure)
        // Nobody tells of a client that has gone while nothing was read from it.
        if session.client.isReset {
            session.end(.clientGone)
            return .finish
        }
        var attempts = session.attempts ?? ConnectAttempts(backend)
        let next = attempts.failed(target.slot, elapsed: connectTime(of: session))
        session.attempts = attempts
        switch next {
        case .anotherServer:
            return chooseAnother(session, than: target, attempts.failed)
        case .sameServer:
            return .pause
        case .giveUp:
            if case .local = failure { session.end(.localResources) } else { session.end(.connectFailed(failure)) }
            return .finish
        }
    }

    /// Takes a server that has not failed yet as the target; where there is none, the same one again.
    private func chooseAnother(_ session: Session, than target: PoolServer, _ failed: [ServerSlot]) -> Step {
        let pool = pool.value
        switch pool.choose(for: session.source.ip, excluding: failed) {
        case .server(let server):
            session.target = server
            pool.leave(target)
            return .connect
        case .full:
            session.target = nil
            pool.leave(target)
            return .wait
        case .none:
            return .pause
        }
    }

    @inline(never)
    private func startPause(_ session: Session, _ continuation: LoopContinuation) {
        let wait = PauseWait(session, deadlines: worker.value.deadlines, continuation: continuation)
        _ = wait.begin(limit: session.attempts?.pause(elapsed: connectTime(of: session)))
    }

    @inline(never)
    private func startWaitingForRoom(_ session: Session, _ continuation: LoopContinuation) {
        session.queuedAt = SystemInformation.monotonicNanoseconds
        QueueWait(session, pool: pool.value, deadlines: worker.value.deadlines, continuation: continuation)
            .start(
                limit: backend.timeouts.queue ?? backend.timeouts.connect,
                maximum: backend.maximumQueue ?? Limits.maximumSessions
            )
    }

    @inline(never)
    private func stepAfterWait(_ session: Session) -> Step {
        session.ending == nil && session.target != nil ? .connect : .finish
    }
}
