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
        let first = draw(on: board, excluding: excluded, using: &random)
        let second = draw(on: board, excluding: excluded, using: &random)
        guard let first, let second else { return first ?? second }
        return board.load(of: second) < board.load(of: first) ? second : first
    }

    private func draw(on board: ServerBoard, excluding excluded: [Int], using random: inout SplitMix64) -> Int? {
        let index = rotation.pick(turn: random.next()) ?? 0
        if index < board.slots.count && board.isAvailable(index) && !excluded.contains(index) { return index }
        return board.available(from: min(index + 1, board.slots.count), excluding: excluded)
    }
}
