package import NetworkAddress

/// One server as sessions see it, and how it is reached.
package final class PoolServer: Sendable {
    package let name: String
    package let address: SocketAddress
    package let announcement: Announcement
    /// What is counted of it; two of the same slot are the same server.
    package let slot: ServerSlot
    /// Failed connects in a row to tell the pool of; nil for none.
    private let errorLimit: Int?
    private let tellPool: @Sendable (ServerFailure) -> Void

    /// - Parameter tellPool: called on any loop when connects of sessions failed as often in a row as is observed.
    package init(
        _ settings: ServerSettings,
        address: SocketAddress,
        slot: ServerSlot,
        tellPool: @escaping @Sendable (ServerFailure) -> Void = { _ in }
    ) {
        name = settings.name
        self.address = address
        announcement = settings.announcement
        self.slot = slot
        errorLimit = settings.observation?.errorLimit
        self.tellPool = tellPool
    }

    /// A session's connect has failed. This host's own trouble says nothing about the server.
    package func connectFailed(_ failure: ServerFailure) {
        if case .local = failure { return }
        let inARow = slot.connectFailed()
        guard let errorLimit, inARow >= errorLimit else { return }
        slot.forgetFailures()
        tellPool(failure)
    }

    package func connectSucceeded() {
        slot.connectSucceeded()
    }
}

/// A backend as sessions see it: which servers there are, and who takes the next session.
///
/// Immutable but for what `ServerBoard` counts, and read without lock or hop.
package final class PoolSnapshot: Sendable {
    package enum Choice {
        /// A session was counted in at this one.
        case server(PoolServer)
        /// Every server that takes sessions is full, or others wait already.
        case full
        /// No server takes sessions, or none but those that are excluded.
        case none
    }

    /// In the order of the file; those that are discovered come last.
    package let servers: [PoolServer]
    package let board: ServerBoard
    package let line: WaitingLine
    private let algorithm: any BalanceAlgorithm

    package init(
        servers: [PoolServer],
        board: ServerBoard,
        line: WaitingLine,
        algorithm: any BalanceAlgorithm
    ) {
        self.servers = servers
        self.board = board
        self.line = line
        self.algorithm = algorithm
    }

    /// Whether any server takes sessions: one that is up, and has a weight.
    package var hasServer: Bool { board.hasTaker }

    /// Counts the session of a client in at the server whose turn it is.
    ///
    /// - Parameter failed: servers that it has tried in vain, and that are not to be chosen again.
    package func choose(
        for client: IPAddress,
        excluding failed: [ServerSlot] = [],
        using random: inout SplitMix64
    ) -> Choice {
        if line.count == 0, let server = take(for: client, excluding: failed, using: &random) { return .server(server) }
        return board.hasTaker(besides: failed) ? .full : .none
    }

    /// A session is done with a server; whoever waits longest takes its place.
    package func leave(_ server: PoolServer, using random: inout SplitMix64) {
        board.leave(server.slot)
        if line.count > 0 { admitWaiting(using: &random) }
    }

    /// Lets sessions in that wait, as long as there is room.
    package func admitWaiting(using random: inout SplitMix64) {
        line.admit { waiter in
            // One that has tried all that are left tries again what there is.
            let failed = board.hasTaker(besides: waiter.failed) ? waiter.failed : []
            return take(for: waiter.client, excluding: failed, using: &random)
        }
    }

    private func take(
        for client: IPAddress,
        excluding failed: [ServerSlot],
        using random: inout SplitMix64
    ) -> PoolServer? {
        let excluded = failed.isEmpty ? [] : failed.compactMap(board.position(of:))
        // Another loop may take the last place between the choice and the entry.
        for _ in 0..<Limits.chooseAttempts {
            guard let index = algorithm.pick(on: board, for: client, excluding: excluded, using: &random) else {
                return nil
            }
            if board.enter(index) { return servers[index] }
        }
        return nil
    }
}
