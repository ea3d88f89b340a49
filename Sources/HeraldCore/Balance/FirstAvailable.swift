package import NetworkAddress

/// The first server of the file that has room: the others can be switched off while it is quiet.
package struct FirstAvailable: BalanceAlgorithm {
    package init(_ servers: [BalanceCandidate]) {}

    package func sharing(_ shares: [Int]) -> FirstAvailable { self }

    package func pick(
        on board: ServerBoard,
        for client: IPAddress,
        excluding excluded: [Int],
        using random: inout SplitMix64
    ) -> Int? {
        board.best(excluding: excluded)
    }
}
