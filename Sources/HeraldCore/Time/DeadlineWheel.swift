/// The deadlines of one loop, on a hashed timing wheel of coarse ticks.
///
/// Scheduling and cancelling are O(1) and allocate nothing, once the wheel has grown to the number of its entries; the
/// memory (32 bytes an entry, for a payload of 8) is given back when the wheel runs empty. Activity need not touch the
/// wheel: note the time of it, let the deadline expire, and schedule what is left.
///
/// A tick is a number of the caller's choosing that never falls. Expired entries are taken one by one:
///
///     while let session = wheel.popExpired(upTo: now) { session.deadlineStruck() }
///
/// Between two of these calls anything may be scheduled or cancelled, expired entries that wait to be taken included.
package struct DeadlineWheel: ~Copyable {
    // Not generic, because a loop turns it for every connection, and generic code in another module looks its types up.
    package typealias Payload = any DeadlineTarget

    /// Names one scheduled entry, and never another one: once that has expired or was cancelled, it names nothing.
    package struct Token: Hashable, Sendable {
        fileprivate var index: UInt32
        fileprivate var stamp: UInt64
    }

    /// A member of a circular list, linked by indices into `nodes`; of the list of free nodes when it has no payload.
    private struct Node {
        var payload: Payload?
        var deadline: UInt64 = 0
        /// Unlike that of any other entry, ever.
        var stamp: UInt64 = 0
        var previous: UInt32
        var next: UInt32
    }

    /// The first `slotCount` nodes are the heads of the slots' lists, the next one is that of the expired entries.
    private var nodes: ContiguousArray<Node>
    private let slotCount: Int
    /// The first of the free nodes, which are linked by `next`; 0, which is a head and never free, where there is none.
    private var free: UInt32 = 0
    private var lastStamp: UInt64 = 0
    /// All slots up to this tick were looked through; what expired by then is in the list of expired entries, or taken.
    private var processed: UInt64

    /// Entries that neither expired and were taken, nor were cancelled.
    package private(set) var count = 0

    /// Begins at a tick, with nothing scheduled.
    ///
    /// Deadlines further away than `slotCount` ticks are right, too; such an entry is looked at once a round.
    ///
    /// Precondition: `slotCount` is a power of two.
    package init(startingAt tick: UInt64, slotCount: Int = 512) {
        precondition(slotCount > 0 && slotCount & (slotCount - 1) == 0)
        self.slotCount = slotCount
        processed = tick
        nodes = Self.emptyLists(slotCount: slotCount)
    }

    package var isEmpty: Bool { count == 0 }

    /// Lets `payload` expire at `tick`, or at the next tick where that has passed.
    ///
    /// So an entry that is scheduled while expired ones are being taken, for now or earlier, is not among those.
    package mutating func schedule(_ payload: Payload, at tick: UInt64) -> Token {
        let deadline = max(tick, processed + 1)
        lastStamp += 1
        let index = takeFreeNode()
        nodes[Int(index)].payload = payload
        nodes[Int(index)].deadline = deadline
        nodes[Int(index)].stamp = lastStamp
        insert(index, before: slot(of: deadline))
        count += 1
        return Token(index: index, stamp: lastStamp)
    }

    /// Takes an entry off; false where it has expired and was taken, or was cancelled before.
    @discardableResult
    package mutating func cancel(_ token: Token) -> Bool {
        let index = Int(token.index)
        guard index < nodes.count, nodes[index].stamp == token.stamp, nodes[index].payload != nil else { return false }
        _ = remove(token.index)
        return true
    }

    /// An entry whose deadline is `tick` or earlier; nil once all of them are taken.
    ///
    /// Entries of one tick come in no particular order.
    package mutating func popExpired(upTo tick: UInt64) -> Payload? {
        while true {
            let first = nodes[expiredHead].next
            if Int(first) != expiredHead { return remove(first) }
            guard processed < tick else { return nil }
            if isEmpty {
                processed = tick
                return nil
            }
            // One round visits every slot, however long the loop has slept.
            if tick - processed > UInt64(slotCount) { processed = tick - UInt64(slotCount) }
            processed += 1
            collectExpired(upTo: processed)
        }
    }
}

// MARK: - Lists

extension DeadlineWheel {
    private var expiredHead: Int { slotCount }

    private func slot(of tick: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: tick & UInt64(slotCount - 1))
    }

    private static func emptyLists(slotCount: Int) -> ContiguousArray<Node> {
        ContiguousArray((0...UInt32(slotCount)).map { Node(payload: nil, previous: $0, next: $0) })
    }

    /// Moves what has expired out of the slot of `tick` in one pass, so that taking it later looks at nothing twice.
    private mutating func collectExpired(upTo tick: UInt64) {
        let head = slot(of: tick)
        var index = nodes[Int(head)].next
        while index != head {
            let next = nodes[Int(index)].next
            if nodes[Int(index)].deadline <= tick {
                unlink(index)
                insert(index, before: UInt32(expiredHead))
            }
            index = next
        }
    }

    /// At the end of a list when `head` is its head.
    private mutating func insert(_ index: UInt32, before head: UInt32) {
        let last = nodes[Int(head)].previous
        nodes[Int(index)].previous = last
        nodes[Int(index)].next = head
        nodes[Int(last)].next = index
        nodes[Int(head)].previous = index
    }

    private mutating func unlink(_ index: UInt32) {
        let (previous, next) = (nodes[Int(index)].previous, nodes[Int(index)].next)
        nodes[Int(previous)].next = next
        nodes[Int(next)].previous = previous
    }

    private mutating func takeFreeNode() -> UInt32 {
        guard free == 0 else {
            defer { free = nodes[Int(free)].next }
            return free
        }
        precondition(nodes.count < UInt32.max, "more deadlines than a loop can have sessions")
        nodes.append(Node(payload: nil, previous: 0, next: 0))
        return UInt32(nodes.count - 1)
    }

    private mutating func remove(_ index: UInt32) -> Payload? {
        unlink(index)
        let payload = nodes[Int(index)].payload.take()
        nodes[Int(index)].next = free
        free = index
        count -= 1
        if isEmpty && nodes.count > 4 * slotCount { shrink() }
        return payload
    }

    /// Gives the memory of a rush hour back. Stamps go on, so that old tokens stay stale.
    private mutating func shrink() {
        nodes = Self.emptyLists(slotCount: slotCount)
        free = 0
    }
}
