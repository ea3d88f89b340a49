package import NetworkAddress

/// Two servers by chance, as their shares say, and of these the one with the lower load.
///
/// With many proxies before the same servers, none of which knows of the others' sessions, this spreads better than
/// choosing the least loaded one: they don't all run to the same server.
package struct RandomChoice: BalanceAlgorithm {
    private let rotation: WeightedRotation

    package init(_ servers: [BalanceCandidate]) {
        rotation = WeightedRotation(weights: servers.map(\.share))
    }

    private init(rotation: WeightedRotation) {
        self.rotation = rotation
    }

    package func sharing(_ shares: [Int]) -> RandomChoice {
        RandomChoice(rotation: WeightedRotation(weights: shares))
    }

    package func pick(
        on board: ServerBoard,
        for client: IPAddress,
        excluding excluded: [Int],
        using random: inout SplitMix64
    ) -> Int? {
        let first = rotation.pick(turn: random.next(), on: board, excluding: excluded)
        let second = rotation.pick(turn: random.next(), on: board, excluding: excluded)
        guard let first, let second else { return first ?? second }
        return board.load(of: second) < board.load(of: first) ? second : first
    }
}
