import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// A session's life, in the order of the verbs: accepted, it is identified; a server is chosen and reached; the client is
/// announced to it; bytes are relayed; and it ends.
///
/// One task does it all, and it is asleep most of the time, so it must be small: what it decides with is kept in
/// `Session`, and functions that don't suspend are never inlined, as their variables would get room in the task.
extension Frontend {
    func serve(_ bound: LoopBound<Session>) async {
        if mustSendHeader(bound.value) { await receiveHeader(bound) }
        var choice = chooseServer(bound.value)
        while choice == .connect {
            await connect(bound)
            choice = chooseAgain(bound.value)
            if choice == .pause {
                await pause(bound)
                choice = .connect
            }
        }
        if choice == .relay { await relay.run(bound, limits: limits) }
        finish(bound.value)
    }

    // MARK: Identify

    /// Whether a header must come first. A peer that may not connect ends here.
    @inline(never)
    private func mustSendHeader(_ session: Session) -> Bool {
        guard let trust = binds[session.bind].trust else { return false }
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

    private func receiveHeader(_ bound: LoopBound<Session>) async {
        await loop.suspend { startReceivingHeader(bound.value, $0) }
        if waitsAmongStrangers(bound.value) { binds[bound.value.bind].waitingStrangers -= 1 }
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

    private var pool: PoolSnapshot { worker.value.pools[settings.backend] }

    /// What a session does next on its way to a server.
    private enum Choice {
        /// Connect to the target that is set now.
        case connect
        /// The same, after a pause.
        case pause
        /// The server is there.
        case relay
        /// The session has its ending.
        case finish
    }

    /// Takes the server whose turn it is as the target.
    @inline(never)
    private func chooseServer(_ session: Session) -> Choice {
        guard session.ending == nil else { return .finish }
        let pool = pool
        guard let index = pool.pick() else {
            session.end(.noServer)
            return .finish
        }
        session.target = pool.servers[index]
        session.connectBeganAt = SystemInformation.monotonicNanoseconds
        return .connect
    }

    private func connect(_ bound: LoopBound<Session>) async {
        await loop.suspend { startConnecting(bound.value, $0) }
    }

    @inline(never)
    private func startConnecting(_ session: Session, _ continuation: LoopContinuation) {
        guard let target = session.target else { preconditionFailure("a connect needs a target") }
        session.connectFailure = nil
        ConnectWait(session, deadlines: worker.value.deadlines, continuation: continuation)
            .start(target.address, limit: backend.timeouts.connect)
    }

    /// What comes after an attempt.
    @inline(never)
    private func chooseAgain(_ session: Session) -> Choice {
        guard session.ending == nil else { return .finish }
        guard let failure = session.connectFailure, let target = session.target else {
            session.connectedAt = SystemInformation.monotonicNanoseconds
            return .relay
        }
        // Nobody tells of a client that has gone while nothing was read from it.
        if session.client.isReset {
            session.end(.clientGone)
            return .finish
        }
        let pool = pool
        var attempts = session.attempts ?? ConnectAttempts(backend)
        let other = pool.pick(excluding: attempts.failed + [target.index])
        let next = attempts.failed(target.index, hasOther: other != nil)
        session.attempts = attempts
        switch next {
        case .anotherServer:
            session.target = other.map { pool.servers[$0] }
            return .connect
        case .sameServer:
            return .pause
        case .giveUp:
            if case .local = failure { session.end(.localResources) } else { session.end(.connectFailed(failure)) }
            return .finish
        }
    }

    private func pause(_ bound: LoopBound<Session>) async {
        await loop.suspend { startPause(bound.value, $0) }
    }

    @inline(never)
    private func startPause(_ session: Session, _ continuation: LoopContinuation) {
        let wait = PauseWait(session, deadlines: worker.value.deadlines, continuation: continuation)
        _ = wait.begin(limit: session.attempts?.pause)
    }
}
