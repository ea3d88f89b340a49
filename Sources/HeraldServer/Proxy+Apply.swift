import HeraldCore
import LibUV
import NetworkAddress

/// How settings become what runs: at the start from nothing, at a reload from what ran before.
///
/// First everything that can fail is done: names are looked up, and new binds opened. Then the rest follows at once, loop by
/// loop. Listeners that stay are handed over untouched; servers that stay keep their health, counts and sessions; sessions
/// go on under the settings that they began with.
extension Proxy {
    /// - Returns: what is listened on.
    func apply(_ next: ProxySettings) async throws(StartFailure) -> [SocketAddress] {
        let members = try await ServerLookup.members(of: next.backends, loop: loop)
        let previous = backends
        var running: [String: RunningBackend] = [:]
        let discoveries = try await discover(next.backends)
        // From here on it waits for nobody but the loops, and a drain waits for it.
        guard !takesClients || stopRequests.count == 0 else {
            throw StartFailure(problems: ["the process was told to stop meanwhile"])
        }
        isChanging = true
        defer { isChanging = false }
        for (index, settings) in next.backends.enumerated() {
            if var backend = previous[settings.name] {
                backend.discoveries = discoveries[index]
                running[settings.name] = backend
            } else {
                running[settings.name] = await makeBackend(settings, members[index], discoveries[index])
            }
        }
        var nextFrontends = await makeFrontends(next, running)
        try await open(&nextFrontends)

        // Nothing fails from here on.
        for (index, settings) in next.backends.enumerated() {
            guard let backend = previous[settings.name] else { continue }
            for follower in backend.followers { follower.cancel() }
            await backend.pool.reconfigure(
                settings,
                members: members[index],
                discovered: await found(by: discoveries[index])
            )
        }
        for frontend in nextFrontends { frontend.gate.setLimit(frontend.settings.maximumSessions ?? .max) }
        await handOver(to: nextFrontends)
        diagnoses.forget()
        announce(nextFrontends)
        for (name, backend) in previous where running[name] == nil { await backend.stop() }
        for (name, backend) in running { running[name]?.followers = follow(backend) }
        settings = next
        backends = running
        frontends = nextFrontends
        if !takesClients {
            await startChecks()
        } else {
            for backend in running.values { await backend.pool.startChecks() }
        }
        return nextFrontends.flatMap(\.addresses)
    }

    // MARK: Backends

    private func makeBackend(
        _ settings: BackendSettings,
        _ members: [BackendPool.Member],
        _ discoveries: [Discovery]
    ) async -> RunningBackend {
        let locals = LocalPools()
        let pool = BackendPool(
            settings,
            members: members,
            discovered: await found(by: discoveries),
            loop: loop,
            checker: checker,
            journal: journal,
            effects: BackendPool.Effects(
                publish: { locals.install($0) },
                endSessions: { [workers] server in
                    for worker in workers { worker.loop.execute { worker.value.abortSessions(of: server) } }
                }
            )
        )
        let snapshot = await pool.snapshot
        for worker in workers {
            locals.all.append(await onLoop(of: worker) { LoopBound(LocalPool(snapshot), loop: $0.loop) })
        }
        return RunningBackend(pool: pool, locals: locals.all, discoveries: discoveries)
    }

    /// For each backend those of its discoveries that run already, and new ones that have found their first servers. All
    /// names are looked up at one time.
    private func discover(_ next: [BackendSettings]) async throws(StartFailure) -> [[Discovery]] {
        var fresh: [Discovery] = []
        let all = next.map { backend in
            var known = backends[backend.name]?.discoveries ?? []
            return backend.discoveries.map { settings in
                if let index = known.firstIndex(where: { $0.settings == settings }) { return known.remove(at: index) }
                let discovery = Discovery(settings, backend: backend.name, service: names, journal: journal)
                fresh.append(discovery)
                return discovery
            }
        }
        let problems = await withTaskGroup(of: [String].self) { group in
            for discovery in fresh {
                group.addTask(executorPreference: loop) {
                    do throws(StartFailure) { try await discovery.first() } catch { return error.problems }
                    return []
                }
            }
            var problems: [String] = []
            for await found in group { problems += found }
            return problems
        }
        guard problems.isEmpty else { throw StartFailure(problems: problems.sorted()) }
        return all
    }

    private func found(by discoveries: [Discovery]) async -> [[BackendPool.Member]] {
        var found: [[BackendPool.Member]] = []
        for discovery in discoveries { found.append(await discovery.handOver()) }
        return found
    }

    private func follow(_ backend: RunningBackend) -> [Task<Void, Never>] {
        let pool = backend.pool
        return backend.discoveries.enumerated().map { index, discovery in
            loop.spawn { await discovery.follow { await pool.install($0, ofDiscovery: index) } }
        }
    }

    /// Spread over time, over all backends together.
    private func startChecks() async {
        var total = 0
        for backend in settings.backends { total += await backends[backend.name]?.pool.checkedCount ?? 0 }
        var first = 0
        for backend in settings.backends {
            guard let pool = backends[backend.name]?.pool else { continue }
            await pool.startChecks(first: first, of: total)
            first += await pool.checkedCount
        }
    }

    // MARK: Frontends

    private func makeFrontends(_ next: ProxySettings, _ backends: [String: RunningBackend]) async -> [RunningFrontend] {
        var ordinals: [BindAddress: Int] = [:]
        var made: [RunningFrontend] = []
        let gateway = SystemInformation.smallFile("/proc/net/route").flatMap { RouteTable.defaultGateway(in: $0) }
        for settings in next.frontends {
            let keys = settings.binds.map { bind in
                let ordinal = ordinals[bind.address, default: 0]
                ordinals[bind.address] = ordinal + 1
                return BindTable.Key(address: bind.address, ordinal: ordinal)
            }
            let backend = next.backends[settings.backend]
            guard let running = backends[backend.name] else { preconditionFailure("each frontend's backend exists") }
            let gate =
                frontends.first { $0.settings.name == settings.name }?.gate
                ?? SessionGate(limit: settings.maximumSessions ?? .max)
            let gatewayWatch = gateway.map { SharedGatewayWatch(gateway: $0) }
            var actors: [Frontend] = []
            for (worker, pool) in zip(workers, running.locals) {
                let tally = await onLoop(of: worker) { LoopBound($0.tally(ofFrontend: settings.name), loop: $0.loop) }
                actors.append(
                    Frontend(
                        settings,
                        backend: backend,
                        splices: next.process.splices,
                        worker: worker,
                        relay: Relay(worker: worker),
                        pool: pool,
                        tally: tally,
                        processGate: processGate,
                        gate: gate,
                        backendGate: running.gate,
                        diagnoses: diagnoses,
                        gatewayWatch: gatewayWatch,
                        journal: journal
                    )
                )
            }
            made.append(
                RunningFrontend(
                    settings: settings,
                    backend: backend.name,
                    gate: gate,
                    actors: actors,
                    keys: keys,
                    addresses: []
                )
            )
        }
        return made
    }

    // MARK: Binds

    /// Opens, on every loop, what is not open yet; or nothing.
    private func open(_ next: inout [RunningFrontend]) async throws(StartFailure) {
        let current = await onLoop(of: workers[0]) { $0.binds.keys }
        let wanted = Set(next.flatMap(\.keys))
        // The same port at another address, or of other families, can only be had once it is free.
        let newPorts = Set(wanted.subtracting(current).map(\.address.socketAddress.port))
        let inTheWay = current.subtracting(wanted).filter { newPorts.contains($0.address.socketAddress.port) }
        let takenPorts = Set(inTheWay.map(\.address.socketAddress.port))
        var addresses: [BindTable.Key: SocketAddress] = [:]
        var problems: [String] = []
        // Nobody is turned away for a file that can't be had anyway: what needs nobody's place comes first.
        for isTaken in [false, true] {
            if isTaken { await close(inTheWay) }
            for frontend in next {
                for (bind, key) in frontend.keys.enumerated()
                where takenPorts.contains(key.address.socketAddress.port) == isTaken {
                    do throws(BindFailure) {
                        addresses[key] = try await address(of: key, bind: bind, of: frontend)
                    } catch {
                        problems.append(error.description)
                    }
                }
            }
            guard problems.isEmpty else {
                await close(wanted.subtracting(current))
                if isTaken { await reopen(inTheWay) }
                throw StartFailure(problems: problems)
            }
        }
        for index in next.indices { next[index].addresses = next[index].keys.compactMap { addresses[$0] } }
    }

    private func address(
        of key: BindTable.Key,
        bind: Int,
        of frontend: RunningFrontend
    ) async throws(BindFailure) -> SocketAddress {
        if let address = await onLoop(of: workers[0], { $0.binds.address(of: key) }) { return address }
        let isShared = workers.count > 1
        var first: SocketAddress?
        for (worker, actor) in zip(workers, frontend.actors) {
            let port = first?.port
            let result = await onLoop(of: worker) { worker in
                Result { () throws(UVError) in
                    try worker.binds.open(key, port: port, isShared: isShared, for: actor, bind: bind)
                }
            }
            switch result {
            case .success(let address): first = first ?? address
            case .failure(let error):
                throw BindFailure(frontend: frontend.settings.name, address: key.address, error: error)
            }
        }
        guard let first else { preconditionFailure("there is a loop") }
        return first
    }

    /// Says what is listened on now and was not before, and the other way round.
    private func announce(_ next: [RunningFrontend]) {
        let before = Dictionary(frontends.flatMap(\.listening)) { first, _ in first }
        let after = Dictionary(next.flatMap(\.listening)) { first, _ in first }
        for (key, listening) in frontends.flatMap(\.listening) where after[key] == nil {
            journal.event(
                .notice,
                "not listening any more",
                ["frontend": .text(listening.frontend), "address": .address(listening.address)]
            )
        }
        for (key, listening) in next.flatMap(\.listening) where before[key] != listening {
            journal.event(
                .notice,
                "listening",
                [
                    "frontend": .text(listening.frontend), "address": .address(listening.address),
                    "accept_proxy": .text(listening.acceptsProxy ? "yes" : "no"), "backend": .text(listening.backend),
                ]
            )
        }
    }

    private func close(_ keys: Set<BindTable.Key>) async {
        guard !keys.isEmpty else { return }
        for worker in workers { await onLoop(of: worker) { $0.binds.close(keys) } }
    }

    /// Brings back what was closed for settings that could not be had.
    private func reopen(_ keys: Set<BindTable.Key>) async {
        for frontend in frontends {
            for (bind, key) in frontend.keys.enumerated() where keys.contains(key) {
                do throws(BindFailure) {
                    _ = try await address(of: key, bind: bind, of: frontend)
                    await handOver(to: [frontend], closesOthers: false)
                } catch {
                    journal.event(.error, "can't listen any more", ["problem": .text(error.description)])
                }
            }
        }
    }

    /// From now on these frontends take clients in, and no others.
    private func handOver(to next: [RunningFrontend], closesOthers: Bool = true) async {
        for (index, worker) in workers.enumerated() {
            var owners: [BindTable.Key: (frontend: Frontend, bind: Int)] = [:]
            for frontend in next {
                for (bind, key) in frontend.keys.enumerated() { owners[key] = (frontend.actors[index], bind) }
            }
            let all = owners
            await onLoop(of: worker) { worker in
                worker.binds.handOver(all)
                if closesOthers { worker.binds.close(worker.binds.keys.subtracting(all.keys)) }
            }
        }
    }
}

/// The loops' parts of one pool, filled in as the loops make them.
// Unchecked: touched on the control loop alone, by the proxy and by the pool's effects.
private final class LocalPools: @unchecked Sendable {
    var all: [LoopBound<LocalPool>] = []

    func install(_ snapshot: PoolSnapshot) {
        for pool in all { pool.loop.execute { pool.value.install(snapshot) } }
    }
}
