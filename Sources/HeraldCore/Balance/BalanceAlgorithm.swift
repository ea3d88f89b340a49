package import NetworkAddress

/// A way to choose the server of a session. One file of this folder each.
///
/// Immutable; what changes with every session is counted on the board, which all loops share.
package protocol BalanceAlgorithm: Sendable {
    /// Whether the board must keep the servers in the order of their load.
    static var ranksByLoad: Bool { get }

    /// - Parameter servers: those of the board, in its order.
    init(_ servers: [BalanceCandidate])

    /// The same, with other shares of new sessions; one for each server, 0 for those that take none.
    func sharing(_ shares: [Int]) -> Self

    /// A server that has room and is not excluded, as an index into the board's slots; nil where there is none.
    ///
    /// - Parameters:
    ///   - client: as it will be announced to the server.
    ///   - excluded: few, and each an index into the board's slots or beyond them.
    func pick(
        on board: ServerBoard,
        for client: IPAddress,
        excluding excluded: [Int],
        using random: inout SplitMix64
    ) -> Int?
}

extension BalanceAlgorithm {
    package static var ranksByLoad: Bool { false }
}

/// What an algorithm may know of a server besides what the board counts.
package struct BalanceCandidate: Hashable, Sendable {
    /// The same after a restart, and for every Herald with the same file.
    package var identity: String
    /// As configured, 0 to `ServerSettings.maximumWeight`.
    package var weight: Int
    /// Of new sessions now; 0 for a server that takes none.
    package var share: Int

    package init(identity: String, weight: Int, share: Int) {
        self.identity = identity
        self.weight = weight
        self.share = share
    }
}

extension BackendSettings.Balance {
    package var algorithm: any BalanceAlgorithm.Type {
        switch self {
        case .roundrobin: RoundRobin.self
        case .leastconn: LeastConnections.self
        case .source: SourceHash.self
        case .random: RandomChoice.self
        case .first: FirstAvailable.self
        }
    }
}
