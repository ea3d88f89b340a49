import Synchronization

/// Which servers of a backend have room for another session, and which of them has the least load, over all loops.
///
/// A tournament: the servers are the leaves of a binary tree, and each node holds the best of its two children. After a
/// server's numbers have changed, its path to the root is brought up to date; so each question is answered in O(1) or
/// O(log servers), and no loop ever waits for another. While loops write at the same time, an answer may be some
/// nanoseconds old; `enter` is what counts. Whoever writes a node looks again behind its write, so that the tree is right
/// once all are done.
package final class ServerBoard: Sendable {
    package let slots: [ServerSlot]
    /// Whether servers are ranked by their load; otherwise by their place in the list.
    private let ranksByLoad: Bool
    private let heaviest: Int
    private let leafCount: Int
    /// The inner nodes, the root at 1.
    private let nodes: [Words]
    private let takers = Atomic<Int>(0)
    private let turns: TurnCounter

    /// 64 nodes next to each other.
    private final class Words: Sendable {
        static let count = 64
        let values = InlineArray<64, Atomic<UInt64>> { _ in Atomic(ServerBoard.nobody) }
    }

    /// The rank of nobody: behind all others.
    private static let nobody = UInt64.max
    private static let indexBits: UInt64 = 20
    private static let turnBits: UInt64 = 20
    private static let largestLoad: UInt64 = 1 << 24 - 2

    /// - Parameters:
    ///   - slots: at most 2^20.
    ///   - heaviest: the largest share that any of them can have.
    package init(_ slots: [ServerSlot], ranksByLoad: Bool, heaviest: Int, turns: TurnCounter) {
        precondition(slots.count < 1 << ServerBoard.indexBits)
        self.slots = slots
        self.ranksByLoad = ranksByLoad
        self.heaviest = max(1, heaviest)
        self.turns = turns
        var leafCount = 1
        while leafCount < slots.count { leafCount *= 2 }
        self.leafCount = leafCount
        nodes = (0..<(leafCount + Words.count - 1) / Words.count).map { _ in Words() }
        for (index, slot) in slots.enumerated() { slot.position.store(index, ordering: .relaxed) }
        takers.store(slots.count { $0.currentShare > 0 }, ordering: .relaxed)
        refreshAll()
    }

    /// Whether any server takes sessions, be it full or not.
    package var hasTaker: Bool { takers.load(ordering: .sequentiallyConsistent) > 0 }

    /// The same, not counting these.
    func hasTaker(besides excluded: [ServerSlot]) -> Bool {
        takers.load(ordering: .sequentiallyConsistent) > excluded.count { $0.currentShare > 0 }
    }

    /// A number that grows with every call, on whatever loop.
    func nextTurn() -> UInt64 { turns.next() }

    /// nil for a server that is not on this board, or is on a newer one already.
    package func position(of slot: ServerSlot) -> Int? {
        let index = slot.position.load(ordering: .relaxed)
        return index < slots.count && slots[index] === slot ? index : nil
    }

    func isAvailable(_ index: Int) -> Bool { slots[index].isAvailable }

    func load(of index: Int) -> UInt64 { slots[index].load(heaviest: heaviest) }
}

// MARK: - Changes

extension ServerBoard {
    /// Counts a session in; false where the server takes none now.
    package func enter(_ index: Int) -> Bool {
        switch slots[index].enter(turn: ranksByLoad ? turns.next() + 1 : 0) {
        case .refused: return false
        case .entered: if ranksByLoad { refresh(index) }
        case .filled: refresh(index)
        }
        return true
    }

    /// Counts a session out of a server, which may be in an older board only.
    package func leave(_ slot: ServerSlot) {
        let wasFull = slot.leave()
        if wasFull || ranksByLoad { refresh(slot) }
    }

    /// Gives a server room for so many sessions at one time. On the control loop alone.
    package func setLimit(_ limit: Int, of slot: ServerSlot) {
        guard limit != slot.currentLimit else { return }
        slot.setLimit(limit)
        refresh(slot)
    }

    /// Gives a server another share of new sessions, 0 for none. On the control loop alone.
    package func setShare(_ share: Int, of slot: ServerSlot) {
        let before = slot.currentShare
        guard share != before else { return }
        slot.setShare(share)
        if (share > 0) != (before > 0) {
            takers.wrappingAdd(share > 0 ? 1 : -1, ordering: .sequentiallyConsistent)
        }
        refresh(slot)
    }

    /// Brings a server's path up to date; nothing for one that is in another board.
    private func refresh(_ slot: ServerSlot) {
        if let index = position(of: slot) { refresh(index) }
    }

    /// Brings everything up to date.
    package func refreshAll() {
        for node in stride(from: leafCount - 1, to: 0, by: -1) { refreshNode(node) }
    }

    private func refresh(_ index: Int) {
        var node = (index + leafCount) / 2
        while node > 0 {
            refreshNode(node)
            node /= 2
        }
    }

    private func refreshNode(_ node: Int) {
        let words = nodes[node / Words.count]
        let place = node % Words.count
        while true {
            let current = words.values[place].load(ordering: .sequentiallyConsistent)
            let best = min(value(2 * node), value(2 * node + 1))
            if best == current { return }
            _ = words.values[place].compareExchange(
                expected: current,
                desired: best,
                ordering: .sequentiallyConsistent
            )
        }
    }

    private func value(_ node: Int) -> UInt64 {
        if node >= leafCount { return rank(node - leafCount) }
        return nodes[node / Words.count].values[node % Words.count].load(ordering: .sequentiallyConsistent)
    }

    /// Load, then how long it has been passed over, then its place.
    private func rank(_ index: Int) -> UInt64 {
        guard index < slots.count, slots[index].isAvailable else { return ServerBoard.nobody }
        guard ranksByLoad else { return UInt64(index) }
        let load = min(slots[index].load(heaviest: heaviest), ServerBoard.largestLoad)
        let turn = slots[index].turn & (1 << ServerBoard.turnBits - 1)
        return (load << ServerBoard.turnBits | turn) << ServerBoard.indexBits | UInt64(index)
    }
}

// MARK: - Questions

extension ServerBoard {
    /// The best of all that have room and are not excluded.
    func best(excluding excluded: [Int]) -> Int? {
        var best = ServerBoard.nobody
        if excluded.isEmpty {
            best = value(1)
        } else {
            var start = 0
            for index in excluded.sorted() + [slots.count] {
                if start < index { best = min(best, self.best(in: start..<index)) }
                start = max(start, index + 1)
            }
        }
        return best == ServerBoard.nobody ? nil : Int(best & (1 << ServerBoard.indexBits - 1))
    }

    private func best(in range: Range<Int>) -> UInt64 {
        var best = ServerBoard.nobody
        var low = range.lowerBound + leafCount
        var high = range.upperBound + leafCount
        while low < high {
            if low % 2 == 1 {
                best = min(best, value(low))
                low += 1
            }
            if high % 2 == 1 {
                high -= 1
                best = min(best, value(high))
            }
            low /= 2
            high /= 2
        }
        return best
    }

    /// The first server from `start` on, and from the first one on behind the last, that has room and is not excluded.
    func available(from start: Int, excluding excluded: [Int]) -> Int? {
        available(in: start..<slots.count, excluding: excluded) ?? available(in: 0..<start, excluding: excluded)
    }

    private func available(in range: Range<Int>, excluding excluded: [Int]) -> Int? {
        var next = range.lowerBound
        while let index = firstAvailable(from: next), range.contains(index) {
            if !excluded.contains(index) { return index }
            next = index + 1
        }
        return nil
    }

    private func firstAvailable(from start: Int) -> Int? {
        guard start < slots.count else { return nil }
        if isAvailable(start) { return start }
        var node = start + leafCount
        while node > 1 {
            // Everything right of a left child is asked of its sibling.
            if node % 2 == 0, let index = firstAvailable(below: node + 1) { return index }
            node /= 2
        }
        return nil
    }

    private func firstAvailable(below top: Int) -> Int? {
        var node = top
        guard value(node) != ServerBoard.nobody else { return nil }
        while node < leafCount {
            node *= 2
            if value(node) == ServerBoard.nobody { node += 1 }
        }
        let index = node - leafCount
        return index < slots.count && isAvailable(index) ? index : nil
    }
}

/// A number that all loops count on, one for each backend.
package final class TurnCounter: Sendable {
    private let value = Atomic<UInt64>(0)

    package init() {}

    func next() -> UInt64 {
        value.wrappingAdd(1, ordering: .relaxed).oldValue
    }
}
