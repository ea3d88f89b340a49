package import HeraldCore
package import LibUV
package import NetworkAddress

/// One backend: which servers it has, what they are fit for, and who hears of it.
///
/// Lives on the control loop. Sessions never call it: what changes with a server's state is written to the board that all
/// loops read, and the order of turns that follows from it is published to each loop as a new `PoolSnapshot`.
package actor BackendPool: LoopActor {
    /// A server with its address looked up.
    package struct Member: Hashable, Sendable {
        package let settings: ServerSettings
        package let address: SocketAddress

        package init(settings: ServerSettings, address: SocketAddress) {
            self.settings = settings
            self.address = address
        }
    }

    /// What the pool does to the rest of the proxy; called on the control loop.
    package struct Effects: Sendable {
        /// A new snapshot is there.
        package var publish: @Sendable (PoolSnapshot) -> Void
        /// The sessions of this server are to be ended.
        package var endSessions: @Sendable (PoolServer) -> Void

        package init(
            publish: @escaping @Sendable (PoolSnapshot) -> Void,
            endSessions: @escaping @Sendable (PoolServer) -> Void
        ) {
            self.publish = publish
            self.endSessions = endSessions
        }
    }

    package let loop: EventLoop
    private(set) var settings: BackendSettings
    let journal: Journal
    let checker: HealthChecker
    private let effects: Effects
    private let turns = TurnCounter()
    let line = WaitingLine()
    var random = SplitMix64(seed: .random(in: .min ... .max))

    /// Whether servers are checked now.
    var areChecksOn = false
    /// In the order of the board's slots.
    var servers: [PooledServer] = []
    private var board: ServerBoard
    private var algorithm: any BalanceAlgorithm
    /// How the backend looks to sessions now.
    package private(set) var snapshot: PoolSnapshot
    /// Servers that are fit to take sessions, but for backups.
    private var usablePrimaries = 0
    private var isPublishScheduled = false
    private var isPruneScheduled = false
    private var hadServer = false

    /// - Parameter members: those of the file, and those that were discovered for the start.
    package init(
        _ settings: BackendSettings,
        members: [Member],
        discovered: [[Member]],
        loop: EventLoop,
        checker: HealthChecker,
        journal: Journal,
        effects: Effects
    ) {
        self.settings = settings
        self.loop = loop
        self.checker = checker
        self.journal = journal
        self.effects = effects
        board = ServerBoard([], ranksByLoad: false, heaviest: 1, turns: turns)
        algorithm = settings.balance.algorithm.init([])
        snapshot = PoolSnapshot(servers: [], board: board, line: line, algorithm: algorithm)
        loop.checkThread()
        assumeIsolated { pool in
            pool.servers = members.map { pool.make($0, discovery: nil, joins: false) }
            for (index, members) in discovered.enumerated() {
                pool.servers += members.map { pool.make($0, discovery: index, joins: false) }
            }
            pool.rebuild()
            pool.hadServer = pool.board.hasTaker
        }
    }

    /// Servers that are checked.
    package var checkedCount: Int { servers.count { $0.condition.isChecked } }

    // MARK: Members

    /// Takes over what the name service tells: new servers join, those that it knows no more drain, and the others stay
    /// as they are.
    package func install(_ members: [Member], ofDiscovery discovery: Int) {
        let others = servers.filter { $0.discovery != discovery && !$0.condition.hasVanished }
        take(others.map { ($0.member, $0.discovery) } + members.map { ($0, discovery) })
    }

    /// Takes over what the file tells now. Servers that stay keep their health, counts and sessions; the others drain.
    ///
    /// - Parameter discovered: for each discovery what is known of it by now.
    package func reconfigure(_ settings: BackendSettings, members: [Member], discovered: [[Member]] = []) {
        self.settings = settings
        let found = discovered.enumerated().flatMap { index, members in members.map { ($0, Int?.some(index)) } }
        take(members.map { ($0, nil) } + found)
    }

    private func take(_ members: [(member: Member, discovery: Int?)]) {
        let now = ContinuousClock.now
        var known = Dictionary(servers.map { ($0.member.identity, $0) }) { first, _ in first }
        var next: [PooledServer] = []
        for (member, discovery) in members {
            if let server = known.removeValue(forKey: member.identity) {
                server.discovery = discovery
                if server.member.settings != member.settings { renew(server, as: member) }
                if let change = server.condition.adopt(member.settings, at: now) { tell(change, of: server) }
                next.append(server)
            } else {
                next.append(make(member, discovery: discovery, joins: true))
            }
        }
        for server in known.values {
            if let change = server.condition.vanish(at: now) { tell(change, of: server) }
            server.checks?.cancel()
            if !server.isGone { next.append(server) }
        }
        servers = next
        rebuild()
        effects.publish(snapshot)
        afterShares()
        startMissingChecks()
        for server in servers { followSlowStart(of: server) }
        scheduleRemoval()
    }

    /// The same server by other settings.
    private func renew(_ server: PooledServer, as member: Member) {
        server.member = member
        server.server.slot.setAnsweredWell(false)
        server.server = poolServer(member, slot: server.server.slot)
        if server.condition.checks(differFrom: member.settings) { server.checks?.cancel() }
    }

    /// Servers that are not wanted any more are forgotten once their last session is over.
    private func scheduleRemoval() {
        guard !isPruneScheduled && servers.contains(where: \.condition.hasVanished) else { return }
        isPruneScheduled = true
        loop.spawn { [weak self, loop] in
            await loop.sleep(for: Limits.vanishedServerLook)
            await self?.removeGone()
        }
    }

    private func removeGone() {
        isPruneScheduled = false
        if servers.contains(where: \.isGone) {
            for server in servers where server.isGone { server.checks?.cancel() }
            servers.removeAll { $0.isGone }
            rebuild()
            effects.publish(snapshot)
        }
        scheduleRemoval()
    }

    private func make(_ member: Member, discovery: Int?, joins: Bool) -> PooledServer {
        PooledServer(
            member,
            discovery: discovery,
            server: poolServer(member, slot: ServerSlot()),
            condition: ServerCondition(member.settings, joins: joins, at: .now)
        )
    }

    private func poolServer(_ member: Member, slot: ServerSlot) -> PoolServer {
        PoolServer(member.settings, address: member.address, slot: slot) { [weak self, loop] failure in
            guard let self else { return }
            loop.execute { self.assumeIsolated { $0.observe(failure, of: slot) } }
        }
    }

    /// nil for a server that is gone.
    func find(_ slot: ServerSlot) -> PooledServer? {
        guard let index = board.position(of: slot) else { return nil }
        return servers[index]
    }

    // MARK: Changes of state

    func observe(_ failure: ServerFailure, of slot: ServerSlot) {
        guard let server = find(slot) else { return }
        let change = server.condition.observe(failure, at: .now)
        changed(server, change)
        hurryChecks(of: server)
    }

    /// What follows from a server's change, if there was one.
    func changed(_ server: PooledServer, _ change: ServerCondition.Change?) {
        guard let change else { return }
        tell(change, of: server)
        share(server, at: .now)
        if change.to == .down && server.member.settings.endsSessionsWhenDown { effects.endSessions(server.server) }
        afterShares()
        schedulePublish()
        followSlowStart(of: server)
    }

    private func tell(_ change: ServerCondition.Change, of server: PooledServer) {
        journal.event(
            change.to == .down ? .warning : .notice,
            "server \(change.to)",
            [
                "backend": .text(settings.name), "server": .text(server.server.name),
                "address": .address(server.server.address), "reason": .text(change.reason),
                "checks": change.checks.map { .integer($0) } ?? .text("-"), "held": .text(change.heldFor.plainText),
            ]
        )
    }

    private func followSlowStart(of server: PooledServer) {
        guard !server.isSlowStartFollowed, let step = server.condition.slowStartStep else { return }
        server.isSlowStartFollowed = true
        let slot = server.server.slot
        loop.spawn { [weak self, loop] in
            await loop.sleep(for: step)
            await self?.slowStartMoved(slot)
        }
    }

    private func slowStartMoved(_ slot: ServerSlot) {
        guard let server = find(slot) else { return }
        server.isSlowStartFollowed = false
        let now = ContinuousClock.now
        if let change = server.condition.slowStartMoved(at: now) { return changed(server, change) }
        share(server, at: now)
        afterShares()
        schedulePublish()
        followSlowStart(of: server)
    }

    // MARK: Shares

    /// Brings the share of one server up to date, and those of all where it decides about the backups.
    private func share(_ server: PooledServer, at now: ContinuousClock.Instant) {
        if server.isBackup { return shareAll(at: now) }
        let wasUsable = server.isCountedUsable
        server.isCountedUsable = server.condition.isUsable
        if wasUsable != server.isCountedUsable {
            usablePrimaries += wasUsable ? -1 : 1
            if usablePrimaries == (wasUsable ? 0 : 1) { return shareAll(at: now) }
        }
        setShare(of: server, isActive: true, at: now)
    }

    private func setShare(of server: PooledServer, isActive: Bool, at now: ContinuousClock.Instant) {
        board.setLimit(server.condition.sessionLimit(at: now), of: server.server.slot)
        board.setShare(isActive ? server.condition.share(at: now) : 0, of: server.server.slot)
    }

    /// Backups take sessions when no other server does; but for `allbackups`, only the first of them.
    private func shareAll(at now: ContinuousClock.Instant) {
        usablePrimaries = 0
        for server in servers {
            server.isCountedUsable = !server.isBackup && server.condition.isUsable
            usablePrimaries += server.isCountedUsable ? 1 : 0
        }
        var mayBackUp = usablePrimaries == 0
        for server in servers {
            let isActive = !server.isBackup || (mayBackUp && server.condition.isUsable)
            setShare(of: server, isActive: isActive, at: now)
            if server.isBackup && isActive && !settings.usesAllBackups { mayBackUp = false }
        }
    }

    private func afterShares() {
        if !board.hasTaker {
            line.dismissAll()
            if hadServer { journal.event(.error, "backend has no server left", ["backend": .text(settings.name)]) }
        } else if line.count > 0 {
            snapshot.admitWaiting(using: &random)
        }
        hadServer = board.hasTaker
    }

    // MARK: Snapshots

    /// The servers are others than before.
    private func rebuild() {
        board = ServerBoard(
            servers.map(\.server.slot),
            ranksByLoad: settings.balance.algorithm.ranksByLoad,
            heaviest: (servers.map(\.member.settings.weight).max() ?? 1) * Limits.slowStartSteps,
            turns: turns
        )
        shareAll(at: .now)
        algorithm = settings.balance.algorithm.init(
            servers.map { server in
                BalanceCandidate(
                    identity: server.server.name,
                    weight: server.member.settings.weight,
                    share: server.server.slot.currentShare
                )
            }
        )
        renewSnapshot()
    }

    /// Many changes at one time become one snapshot.
    private func schedulePublish() {
        guard !isPublishScheduled else { return }
        isPublishScheduled = true
        loop.spawn { [weak self, loop] in
            await loop.sleep(for: Limits.snapshotInterval)
            await self?.publishScheduled()
        }
    }

    private func publishScheduled() {
        isPublishScheduled = false
        algorithm = algorithm.sharing(servers.map(\.server.slot.currentShare))
        renewSnapshot()
        effects.publish(snapshot)
    }

    private func renewSnapshot() {
        snapshot = PoolSnapshot(servers: servers.map(\.server), board: board, line: line, algorithm: algorithm)
    }
}

/// One server of a pool, with all that only the pool knows of it. Lives on the control loop, in its pool.
final class PooledServer {
    var member: BackendPool.Member {
        didSet { checkPlan = CheckPlan(member) }
    }
    private(set) var checkPlan: CheckPlan?
    /// Index into the settings' discoveries; nil for a server of the file.
    var discovery: Int?
    var server: PoolServer
    var condition: ServerCondition
    /// Under way as long as the server is to be checked.
    var checks: Task<Void, Never>?
    var passedChecks: UInt64 = 0
    /// By the label of the failure.
    var failedChecks: [String: UInt64] = [:]
    /// When the next check begins; nil while one is under way, or none is to come.
    var nextCheck: ContinuousClock.Instant?
    var isCountedUsable = false
    var isSlowStartFollowed = false

    init(_ member: BackendPool.Member, discovery: Int?, server: PoolServer, condition: ServerCondition) {
        self.member = member
        self.discovery = discovery
        self.server = server
        self.condition = condition
        checkPlan = CheckPlan(member)
    }

    var isBackup: Bool { member.settings.isBackup }

    /// Whether nobody needs it any more.
    var isGone: Bool { condition.hasVanished && server.slot.sessionCount == 0 }
}

extension BackendPool.Member {
    fileprivate struct Identity: Hashable {
        let name: String
        let address: SocketAddress
    }

    fileprivate var identity: Identity { Identity(name: settings.name, address: address) }
}
