package import HeraldCore
package import LibUV
package import NetworkAddress
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
    /// One bind, with all that its sessions need to be looked up once.
    struct Bind {
        let settings: BindSettings
        let trust: TrustPolicy?
        let parser: HeaderParser?
        let description: String
        /// Sessions that wait for their header, of peers that were not named as trusted.
        var waitingStrangers = 0
    }

    let settings: FrontendSettings
    let backend: BackendSettings
    let limits: SilenceLimits
    package let loop: EventLoop
    let worker: LoopBound<Worker>
    let relay: Relay
    var binds: [Bind]

    private let journal: Journal
    /// The process's and the frontend's own.
    private let gates: [SessionGate]
    private var listeners: [TCPListener] = []
    private var isPaused = false
    private var isStopped = false
    private var isLookScheduled = false
    private var acceptFailure: UVError?

    package init(
        _ settings: FrontendSettings,
        backend: BackendSettings,
        worker: LoopBound<Worker>,
        relay: Relay,
        gates: [SessionGate],
        journal: Journal
    ) {
        self.settings = settings
        self.backend = backend
        self.worker = worker
        self.relay = relay
        self.gates = gates
        self.journal = journal
        loop = worker.loop
        limits = SilenceLimits(frontend: settings, backend: backend)
        binds = settings.binds.map { bind in
            Bind(
                settings: bind,
                trust: bind.acceptProxy.map { TrustPolicy($0) },
                parser: bind.acceptProxy.map { HeaderParser(limits: HeaderParser.Limits($0)) },
                description: bind.address.description
            )
        }
    }

    // MARK: Listening

    /// Opens every bind; clients are taken in once `resume()` is called.
    ///
    /// - Parameters:
    ///   - isShared: whether other loops listen on the same addresses.
    ///   - ports: the port to take in place of 0, for each bind; the first loop finds them out.
    /// - Returns: the address of each listener, with the port that the kernel chose.
    package func listen(isShared: Bool, ports: [UInt16]?) throws(BindFailure) -> [SocketAddress] {
        for (index, bind) in binds.enumerated() {
            var address = bind.settings.address.socketAddress
            if let ports { address.port = ports[index] }
            do throws(UVError) {
                let isFirst = ports == nil
                let listener = try open(bind.settings.address, address, index, isShared: isShared, isFirst: isFirst)
                listeners.append(listener)
            } catch {
                throw BindFailure(frontend: settings.name, address: bind.settings.address, error: error)
            }
        }
        return listeners.compactMap(\.localAddress)
    }

    private func open(
        _ bind: BindAddress,
        _ address: SocketAddress,
        _ index: Int,
        isShared: Bool,
        isFirst: Bool
    ) throws(UVError) -> TCPListener {
        var options = TCPListener.Options()
        options.backlog = Int32(Limits.listenBacklog)
        options.isDualStack = bind.family == .dualStack
        options.isShared = isShared
        // A shared address can be bound by another process of the same user, too, without either being told.
        if isShared && isFirst && address.port != 0 { try TCPListener.probe(address, options: options) }
        return try TCPListener(
            loop: loop,
            address: address,
            options: options,
            mayAccept: { [unowned self] in
                assumeIsolated { $0.mayAccept() }
            },
            onAccept: { [unowned self] client, peer in
                assumeIsolated { $0.accepted(client, from: peer, bind: index) }
            },
            onError: { [unowned self] error in
                assumeIsolated { $0.acceptFailed(error) }
            }
        )
    }

    /// Starts taking clients in.
    package func start() {
        for listener in listeners { listener.resume() }
    }

    /// Stops listening for good; sessions go on.
    package func stop() {
        isStopped = true
        for listener in listeners { listener.close() }
        listeners = []
    }

    /// Asked before each client: over all loops, no more are to be taken in than there is room for.
    private func mayAccept() -> Bool {
        guard gates.contains(where: \.isFull) else { return true }
        pause()
        return false
    }

    private func accepted(_ client: TCPStream, from peer: SocketAddress, bind: Int) {
        let session = Session(
            client: client,
            peer: peer.unmapped,
            bind: bind,
            acceptedAt: SystemInformation.monotonicNanoseconds
        )
        worker.value.add(session)
        for gate in gates { gate.enter() }
        if acceptFailure != nil {
            acceptFailure = nil
            journal.event(.notice, "accepting again", ["frontend": .text(settings.name)])
        }
        let bound = LoopBound(session, loop: loop)
        loop.spawn { await self.serve(bound) }
    }

    /// Leaves clients in the kernel's backlog until there is room again, which is looked for now and then, as other loops'
    /// sessions take room, too.
    private func pause() {
        guard !isPaused && !isStopped else { return }
        isPaused = true
        for listener in listeners { listener.pause() }
        guard !isLookScheduled else { return }
        isLookScheduled = true
        loop.spawn { [self] in
            await loop.sleep(for: Limits.acceptPause)
            await lookForRoom()
        }
    }

    private func lookForRoom() {
        isLookScheduled = false
        guard isPaused && !isStopped else { return }
        isPaused = false
        if gates.contains(where: \.isFull) { return pause() }
        for listener in listeners { listener.resume() }
    }

    /// A session of this loop has made room.
    private func resumeAfterSession() {
        guard isPaused && !isStopped && acceptFailure == nil && !gates.contains(where: \.isFull) else { return }
        isPaused = false
        for listener in listeners { listener.resume() }
    }

    /// Out of descriptors or memory: the pending client would wake the loop again at once.
    private func acceptFailed(_ error: UVError) {
        if acceptFailure == nil {
            journal.event(
                .error,
                "can't accept clients; they wait in the backlog",
                ["frontend": .text(settings.name), "reason": .text(error.description)]
            )
        }
        acceptFailure = error
        pause()
    }

    /// The session's end: both connections are closed as its ending asks for, and the log is told.
    @inline(never)
    func finish(_ session: Session) {
        guard let ending = session.ending else { preconditionFailure("a session ends for a reason") }
        let worker = worker.value
        if worker.log.wants(ending) {
            let bind = binds[session.bind].description
            worker.log.append(
                SessionRecord(session, ending, frontend: settings.name, bind: bind, backend: backend.name)
            )
        }
        worker.count(ending)
        if let target = session.target { worker.leave(target, backend: settings.backend) }
        session.close(ending)
        worker.remove(session)
        for gate in gates { gate.leave() }
        resumeAfterSession()
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
