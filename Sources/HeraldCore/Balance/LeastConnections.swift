package import NetworkAddress

/// The server with the fewest sessions for its weight; of those that are equal, the one that was passed over longest.
package struct LeastConnections: BalanceAlgorithm {
    package static var ranksByLoad: Bool { true }

    package init(_ servers: [BalanceCandidate]) {}

    package func sharing(_ shares: [Int]) -> LeastConnections { self }

    package func pick(
        on board: ServerBoard,
        for client: IPAddress,
        excluding excluded: [Int],
        using random: inout SplitMix64
    ) -> Int? {
        board.best(excluding: excluded)
    }
}
