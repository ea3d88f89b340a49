import HeraldCore
import LibUV
import NetworkAddress

/// One backend as one loop sees it: the newest snapshot. Lives on its loop alone.
package final class LocalPool {
    private(set) var snapshot: PoolSnapshot
    private var random = SplitMix64(seed: .random(in: .min ... .max))

    init(_ snapshot: PoolSnapshot) {
        self.snapshot = snapshot
    }

    /// Makes new sessions choose from `next`.
    func install(_ next: PoolSnapshot) {
        let isOtherBoard = snapshot.board !== next.board
        snapshot = next
        // Sessions that ended before it came were not noted on it.
        if isOtherBoard { next.board.refreshAll() }
    }

    /// Counts a session in at the server whose turn it is.
    func choose(for client: IPAddress, excluding failed: [ServerSlot] = []) -> PoolSnapshot.Choice {
        snapshot.choose(for: client, excluding: failed, using: &random)
    }

    /// Counts a session out.
    func leave(_ server: PoolServer) {
        snapshot.leave(server, using: &random)
    }

    func admitWaiting() {
        snapshot.admitWaiting(using: &random)
    }
}
