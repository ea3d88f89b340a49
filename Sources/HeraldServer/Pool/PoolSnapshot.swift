package import HeraldCore
package import NetworkAddress
import Synchronization

/// A backend as sessions see it: which servers take new sessions now. Immutable, and read without lock or hop.
package struct PoolSnapshot: Sendable {
    /// One server, and how it is reached.
    package struct Server: Sendable {
        /// In `servers`.
        package let index: Int
        package let name: String
        package let address: SocketAddress
        package let announcement: Announcement
        package let isUp: Bool
    }

    /// All servers of the backend, in the order of the file.
    package let servers: [Server]
    private let rotation: WeightedRoundRobin
    private let turns: TurnCounter

    /// - Parameters:
    ///   - weights: of each server; a server that is not up takes no sessions whatever its weight.
    ///   - turns: shared by all loops and by all snapshots of the backend, so that turns go on where they were.
    init(servers: [Server], weights: [Int], turns: TurnCounter) {
        self.servers = servers
        self.turns = turns
        rotation = WeightedRoundRobin(weights: zip(servers, weights).map { $0.isUp ? $1 : 0 })
    }

    /// Whether any server takes sessions: one that is up, and has a weight.
    package var hasServer: Bool { !rotation.isEmpty }

    /// The server whose turn it is; nil where none is up.
    package func pick() -> Int? {
        rotation.pick(turn: turns.next())
    }

    /// The server whose turn it is, of those not in `failed`; nil where none is left.
    package func pick(excluding failed: [Int]) -> Int? {
        failed.isEmpty ? pick() : rotation.pick(turn: turns.next(), excluding: failed.contains)
    }
}

/// Whose turn it is: one atomic number a backend.
package final class TurnCounter: Sendable {
    private let value = Atomic<UInt64>(0)

    package init() {}

    func next() -> UInt64 {
        value.wrappingAdd(1, ordering: .relaxed).oldValue
    }
}
