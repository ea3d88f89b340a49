package import NetworkAddress
import Synchronization

/// A session that waits for a server with room.
package protocol PoolWaiter: Sendable {
    /// The client as the session announces it.
    var client: IPAddress { get }
    /// Servers that it has tried in vain: it waits for another one.
    var failed: [ServerSlot] { get }
    /// Its turn has come; a session was counted in for it at `server`. Called on any loop.
    func admit(to server: PoolServer)
    /// No server will take it. Called on any loop.
    func dismiss()
}

/// The sessions of a backend, over all loops, that wait because every server is full: first come, first served.
///
/// Locked, because the order is one for all; a session that finds room never comes here.
package final class WaitingLine: Sendable {
    package typealias Ticket = UInt64

    private struct Line {
        var waiters: [Ticket: any PoolWaiter] = [:]
        /// The first ticket that may still wait.
        var head: Ticket = 0
        /// The next one to be given out.
        var tail: Ticket = 0

        /// Takes whoever left out of the range that is to be looked through.
        mutating func advance() {
            while head < tail && waiters[head] == nil { head += 1 }
        }
    }

    private let line = Mutex(Line())
    private let length = Atomic<Int>(0)

    package init() {}

    package var count: Int { length.load(ordering: .sequentiallyConsistent) }

    /// Puts a session at the end; nil where `limit` wait already.
    ///
    /// - Returns: its ticket, and how many are ahead of it.
    package func join(_ waiter: any PoolWaiter, limit: Int) -> (ticket: Ticket, ahead: Int)? {
        line.withLock { line in
            let ahead = line.waiters.count
            guard ahead < limit else { return nil }
            let ticket = line.tail
            line.tail += 1
            line.waiters[ticket] = waiter
            length.add(1, ordering: .sequentiallyConsistent)
            return (ticket, ahead)
        }
    }

    /// Takes a session out that waits no longer; nothing for one whose turn has come.
    package func leave(_ ticket: Ticket) {
        line.withLock { line in
            guard line.waiters.removeValue(forKey: ticket) != nil else { return }
            length.subtract(1, ordering: .sequentiallyConsistent)
        }
    }

    /// Lets sessions in, from the first on, as long as `take` finds room. One that has none at a server that it has not
    /// tried keeps its place, and those behind it are asked.
    package func admit(_ take: (any PoolWaiter) -> PoolServer?) {
        guard count > 0 else { return }
        let admitted = line.withLock { line in
            var admitted: [(any PoolWaiter, PoolServer)] = []
            line.advance()
            for ticket in line.head..<line.tail {
                guard let waiter = line.waiters[ticket] else { continue }
                if let server = take(waiter) {
                    line.waiters[ticket] = nil
                    length.subtract(1, ordering: .sequentiallyConsistent)
                    admitted.append((waiter, server))
                } else if waiter.failed.isEmpty {
                    break
                }
            }
            return admitted
        }
        for (waiter, server) in admitted { waiter.admit(to: server) }
    }

    /// Sends everybody away.
    package func dismissAll() {
        let waiters = line.withLock { line in
            let waiters = line.waiters.sorted { $0.key < $1.key }.map(\.value)
            line.waiters = [:]
            line.head = line.tail
            length.store(0, ordering: .sequentiallyConsistent)
            return waiters
        }
        for waiter in waiters { waiter.dismiss() }
    }
}
