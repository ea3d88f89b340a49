import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// A session's life, in the order of the verbs: accepted, it is identified; a server is chosen and reached; the client is
/// announced to it; bytes are relayed; and it ends.
///
/// It has no task of its own, which would take a kilobyte for as long as the session is idle: the step that it is at is
/// kept in `Session`, begun here, and followed by the next one when what it waits for is over.
extension Frontend {
    /// What a session does.
    enum Step {
        case accepted
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

    /// The session's step is over.
    func proceed(_ session: Session) {
        session.step = step(after: session.step, of: session)
        switch session.step {
        case .accepted: preconditionFailure("a session is accepted once")
        case .identify: startReceivingHeader(session)
        case .wait: startWaitingForRoom(session)
        case .connect: startConnecting(session)
        case .pause: startPause(session)
        case .relay: startRelaying(session)
        case .finish: finish(session)
        }
    }

    private func step(after step: Step, of session: Session) -> Step {
        switch step {
        case .accepted: return mustSendHeader(session) ? .identify : chooseServer(session)
        case .identify:
            if waitsAmongStrangers(session) { binds[session.bind].waitingStrangers -= 1 }
            return chooseServer(session)
        case .wait: return session.ending == nil && session.target != nil ? .connect : .finish
        case .connect: return stepAfterConnect(session)
        case .pause: return .connect
        case .relay, .finish: return .finish
        }
    }

    // MARK: Identify

    /// Whether a header must come first. A peer that may not connect ends here.
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

    private func startReceivingHeader(_ session: Session) {
        guard let parser = binds[session.bind].parser, let settings = binds[session.bind].settings.acceptProxy
        else { preconditionFailure("a header is read only where one is accepted") }
        if waitsAmongStrangers(session) { binds[session.bind].waitingStrangers += 1 }
        HeaderWait(session, parser: parser, deadlines: worker.value.deadlines)
            .start(limit: settings.timeout)
    }

    // MARK: Choose and connect

    /// Takes the server whose turn it is as the target.
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

    private func startConnecting(_ session: Session) {
        guard let target = session.target else { preconditionFailure("a connect needs a target") }
        let elapsed = connectTime(of: session)
        if session.connectBeganAt == nil { session.connectBeganAt = SystemInformation.monotonicNanoseconds }
        session.connectFailure = nil
        ConnectWait(session, deadlines: worker.value.deadlines)
            .start(target, limit: backend.timeouts.attempt(elapsed: elapsed))
    }

    /// Since the first attempt began.
    private func connectTime(of session: Session) -> Duration {
        guard let began = session.connectBeganAt else { return .zero }
        return .nanoseconds(Int64(SystemInformation.monotonicNanoseconds - began))
    }

    /// What comes after an attempt.
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
            return chooseAnother(session, than: target, attempts.failedServers, after: failure)
        case .sameServer:
            return stepToSameServer(after: failure)
        case .giveUp:
            if case .local = failure { session.end(.localResources) } else { session.end(.connectFailed(failure)) }
            return .finish
        }
    }

    /// Takes a server that has not failed yet as the target; where there is none, the same one again.
    private func chooseAnother(
        _ session: Session,
        than target: PoolServer,
        _ failed: [ServerSlot],
        after failure: ServerFailure
    ) -> Step {
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
            return stepToSameServer(after: failure)
        }
    }

    /// A pause gives a server time to come back; one that did not answer has had that time.
    private func stepToSameServer(after failure: ServerFailure) -> Step {
        if case .timedOut = failure { .connect } else { .pause }
    }

    private func startPause(_ session: Session) {
        let wait = PauseWait(session, deadlines: worker.value.deadlines)
        _ = wait.begin(limit: session.attempts?.pause(elapsed: connectTime(of: session)))
    }

    private func startWaitingForRoom(_ session: Session) {
        session.queuedAt = SystemInformation.monotonicNanoseconds
        QueueWait(session, pool: pool.value, deadlines: worker.value.deadlines)
            .start(
                limit: backend.timeouts.queue ?? backend.timeouts.connect,
                maximum: backend.maximumQueue ?? Limits.maximumSessions
            )
    }

    private static let tellRelay = Relay.entrance { $0.start($1) }

    private func startRelaying(_ session: Session) {
        Frontend.tellRelay(relay, session)
    }
}
