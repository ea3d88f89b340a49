package import HeraldCore
package import LibUV
import NetworkAddress
import ProxyProtocol

/// A bind that could not be opened.
package struct BindFailure: Error, Sendable, CustomStringConvertible {
    package let frontend: String
    package let address: BindAddress
    package let error: UVError

    package var description: String {
        "frontend '\(frontend)': can't listen on \(address): \(error.listeningReason)"
    }
}

/// Takes clients in: accepts them, learns who they are, has a server chosen and reached, and hands both to the relay.
///
/// One for each configured frontend on each loop, and on that loop alone; sessions never leave it.
package actor Frontend: LoopActor {
    /// One bind, with all that its sessions need to be looked up once. On its frontend's loop alone.
    final class Bind {
        let settings: BindSettings
        let trust: TrustPolicy?
        let parser: HeaderParser?
        let description: String
        /// Whether headers are looked for where none is read, until one has come.
        var looksForHeaders: Bool
        /// Sessions that wait for their header, of peers that were not named as trusted.
        var waitingStrangers = 0

        init(_ settings: BindSettings) {
            self.settings = settings
            trust = settings.acceptProxy.map { TrustPolicy($0) }
            parser = settings.acceptProxy.map { HeaderParser(limits: HeaderParser.Limits($0)) }
            description = settings.address.description
            looksForHeaders = settings.acceptProxy == nil
        }
    }

    let settings: FrontendSettings
    let backend: BackendSettings
    let limits: SilenceLimits
    /// Whether long flows are spliced.
    let splices: Bool
    package let loop: EventLoop
    let worker: LoopBound<Worker>
    let relay: Relay
    let binds: [Bind]

    let diagnoses: Diagnoses
    /// Until it has its answer.
    var gatewayWatch: SharedGatewayWatch?
    private let journal: Journal
    private let processGate: SessionGate
    private let gate: SessionGate
    /// Counts the sessions that the backend serves, or is to serve, of whatever frontend.
    let backendGate: SessionGate
    let pool: LoopBound<LocalPool>
    let tally: LoopBound<FrontendTally>
    private var isPaused = false
    private var isLookScheduled = false
    private var acceptFailure: UVError?

    init(
        _ settings: FrontendSettings,
        backend: BackendSettings,
        splices: Bool,
        worker: LoopBound<Worker>,
        relay: Relay,
        pool: LoopBound<LocalPool>,
        tally: LoopBound<FrontendTally>,
        processGate: SessionGate,
        gate: SessionGate,
        backendGate: SessionGate,
        diagnoses: Diagnoses,
        gatewayWatch: SharedGatewayWatch?,
        journal: Journal
    ) {
        self.diagnoses = diagnoses
        self.gatewayWatch = gatewayWatch
        self.backendGate = backendGate
        self.pool = pool
        self.tally = tally
        self.settings = settings
        self.backend = backend
        self.splices = splices
        self.worker = worker
        self.relay = relay
        self.processGate = processGate
        self.gate = gate
        self.journal = journal
        loop = worker.loop
        limits = SilenceLimits(frontend: settings, backend: backend)
        binds = settings.binds.map { Bind($0) }
    }

    // MARK: Listening

    /// Asked before each client: over all loops, no more are to be taken in than there is room for.
    nonisolated var isFull: Bool { processGate.isFull || gate.isFull }

    func accepted(_ session: Session) {
        worker.value.add(session)
        tally.value.accepted()
        processGate.enter()
        gate.enter()
        if gatewayWatch != nil && binds[session.bind].trust == nil { lookAtPeer(session.peer.ip) }
        if acceptFailure != nil {
            acceptFailure = nil
            journal.event(.notice, "accepting again", ["frontend": .text(settings.name)])
        }
        loop.resumeLater(session)
    }

    /// Leaves clients in the kernel's backlog until there is room again, which is looked for now and then, as other loops'
    /// sessions take room, too.
    func pause() {
        // Whoever asks may be a listener that was opened or resumed since.
        worker.value.binds.pause(self)
        isPaused = true
        guard !isLookScheduled else { return }
        isLookScheduled = true
        loop.spawn { [self] in
            await loop.sleep(for: Limits.acceptPause)
            await lookForRoom()
        }
    }

    private func lookForRoom() {
        isLookScheduled = false
        guard isPaused else { return }
        isPaused = false
        if isFull { return pause() }
        worker.value.binds.resume(self)
    }

    /// A session of this loop has made room.
    private func resumeAfterSession() {
        guard isPaused && acceptFailure == nil && !isFull else { return }
        isPaused = false
        worker.value.binds.resume(self)
    }

    /// Out of descriptors or memory: the pending client would wake the loop again at once.
    func acceptFailed(_ error: UVError) {
        if acceptFailure == nil {
            journal.event(
                .error,
                "can't accept clients; they wait in the backlog",
                ["frontend": .text(settings.name), "reason": .text(error.description)]
            )
        }
        tally.value.acceptFailed()
        acceptFailure = error
        pause()
    }

    /// The session's end: both connections are closed as its ending asks for, and the log is told.
    @inline(never)
    func finish(_ session: Session) {
        guard let ending = session.ending else { preconditionFailure("a session ends for a reason") }
        let worker = worker.value
        tally.value.ended(session, ending, bind: binds[session.bind].description)
        if worker.log.wants(ending) {
            worker.log.append(
                SessionRecord(
                    session,
                    ending,
                    frontend: settings.name,
                    bind: binds[session.bind].description,
                    backend: backend.name,
                    load: load
                )
            )
        }
        if case .serverReset = ending { lookAtReset(session) }
        if let target = session.target { pool.value.leave(target) }
        session.close(ending)
        worker.remove(session)
        processGate.leave()
        gate.leave()
        if session.isInBackend { backendGate.leave() }
        resumeAfterSession()
    }

    private var load: SessionRecord.Load {
        var load = SessionRecord.Load()
        load.process = processGate.count
        load.frontend = gate.count
        load.backend = backendGate.count
        return load
    }
}

extension HeaderParser.Limits {
    init(_ settings: AcceptProxySettings) {
        self.init(
            maximumHeaderBytes: settings.maximumHeaderBytes,
            maximumTLVs: HeraldCore.Limits.maximumTLVs,
            acceptsVersion1: settings.acceptsVersion1,
            acceptsVersion2: settings.acceptsVersion2
        )
    }
}
