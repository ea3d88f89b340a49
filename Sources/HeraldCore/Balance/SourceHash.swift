package import NetworkAddress

/// A client's sessions to the same server, by a hash of its address: consistent, so that when a server goes, its own
/// clients move and no others.
///
/// Servers have points on a circle, as many as their weight says, and a client belongs to the first point behind its own
/// hash. Points depend on the servers' identities alone: Heralds with the same file send a client to the same server.
/// Servers that take no sessions are passed over. O(log servers); with 8 bytes for a point, at most 2.5 MB for 10,000
/// servers.
package struct SourceHash: BalanceAlgorithm {
    /// Upper half: the place on the circle; lower half: the server. In the order of the places.
    private let points: [UInt64]

    /// How many points are passed over because their servers have no room, before any server is as good as another.
    private static let maximumSkips = 64

    package init(_ servers: [BalanceCandidate]) {
        let heaviest = servers.map(\.weight).max() ?? 0
        var points: [UInt64] = []
        for (index, server) in servers.enumerated() where server.weight > 0 {
            let count = max(1, SourceHash.pointsOfHeaviest(among: servers.count) * server.weight / heaviest)
            let seed = SourceHash.hash(server.identity.utf8)
            for point in 0..<UInt64(count) {
                let place = SplitMix64.mix(seed &+ point &* 0x9E37_79B9_7F4A_7C15)
                points.append(place & ~0xFFFF_FFFF | UInt64(index))
            }
        }
        points.sort()
        self.points = points
    }

    /// More points spread clients more evenly; with more servers each needs fewer. The fewer are the first of the more, so
    /// that a step from one class to the next moves no more clients than it must.
    private static func pointsOfHeaviest(among count: Int) -> Int {
        switch count {
        case ...64: 1024
        case ...1024: 160
        default: 32
        }
    }

    package func sharing(_ shares: [Int]) -> SourceHash { self }

    package func pick(
        on board: ServerBoard,
        for client: IPAddress,
        excluding excluded: [Int],
        using random: inout SplitMix64
    ) -> Int? {
        guard !points.isEmpty else { return nil }
        let hash = SourceHash.hash(client)
        var next = firstPoint(notBelow: hash & ~0xFFFF_FFFF)
        for _ in 0..<min(SourceHash.maximumSkips, points.count) {
            let index = Int(points[next] & 0xFFFF_FFFF)
            if board.isAvailable(index) && !excluded.contains(index) { return index }
            next = next + 1 == points.count ? 0 : next + 1
        }
        return board.available(from: Int(hash % UInt64(board.slots.count)), excluding: excluded)
    }

    /// The circle goes on at its start behind the last point.
    private func firstPoint(notBelow place: UInt64) -> Int {
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low == points.count ? 0 : low
    }

    // MARK: Hashes

    // Part of what Heralds agree on: the same in every version and on every machine.

    private static func hash(_ client: IPAddress) -> UInt64 {
        switch client {
        case .v4(let address):
            SplitMix64.mix(UInt64(address.bits))
        case .v6(let address):
            SplitMix64.mix(SplitMix64.mix(address.high) ^ address.low)
        }
    }

    /// FNV-1a, mixed.
    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return SplitMix64.mix(hash)
    }
}
