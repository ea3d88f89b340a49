import Synchronization

/// Counts sessions against a limit, over all loops.
package final class SessionGate: Sendable {
    private let maximum: Atomic<Int>
    private let current = Atomic<Int>(0)
    private let all = Atomic<UInt64>(0)

    package init(limit: Int) {
        maximum = Atomic(limit)
    }

    package var count: Int { current.load(ordering: .relaxed) }

    /// Sessions ever begun.
    package var total: UInt64 { all.load(ordering: .relaxed) }

    package var limit: Int { maximum.load(ordering: .relaxed) }

    /// Sessions above a lower limit go on.
    package func setLimit(_ limit: Int) {
        maximum.store(limit, ordering: .relaxed)
    }

    /// Whether another session would be one too many.
    package var isFull: Bool { count >= limit }

    func enter() {
        current.wrappingAdd(1, ordering: .relaxed)
        all.wrappingAdd(1, ordering: .relaxed)
    }

    func leave() {
        current.wrappingSubtract(1, ordering: .relaxed)
    }
}
