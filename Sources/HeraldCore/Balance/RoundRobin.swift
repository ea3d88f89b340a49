package import NetworkAddress

/// Each server in its turn, as often as its share says, spread evenly, and fair over all loops.
package struct RoundRobin: BalanceAlgorithm {
    private let rotation: WeightedRotation

    package init(_ servers: [BalanceCandidate]) {
        rotation = WeightedRotation(weights: servers.map(\.share))
    }

    private init(rotation: WeightedRotation) {
        self.rotation = rotation
    }

    package func sharing(_ shares: [Int]) -> RoundRobin {
        RoundRobin(rotation: WeightedRotation(weights: shares))
    }

    /// The server whose turn it is, or where that one has no room, the next one in the order of the file.
    ///
    /// A further attempt takes a turn of its own: so the sessions of a dead server spread over all others.
    package func pick(
        on board: ServerBoard,
        for client: IPAddress,
        excluding excluded: [Int],
        using random: inout SplitMix64
    ) -> Int? {
        rotation.pick(turn: board.nextTurn(), on: board, excluding: excluded)
    }
}
