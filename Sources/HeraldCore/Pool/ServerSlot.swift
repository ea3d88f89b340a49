import Synchronization

/// What all loops count of one server.
///
/// Its numbers are atomic, so that no loop waits for another; it outlives the snapshots that it is part of, and is the
/// server's identity.
package final class ServerSlot: Sendable {
    /// Sessions that connect to the server or are connected.
    private let sessions = Atomic<Int>(0)
    private let share: Atomic<Int>
    private let limit: Atomic<Int>
    private let lastTurn = Atomic<UInt64>(0)
    private let failedConnects = Atomic<Int>(0)
    private let allFailedConnects = Atomic<UInt64>(0)
    private let all = Atomic<UInt64>(0)
    private let answeredWell = Atomic<Bool>(false)
    private let clientBytes = Atomic<UInt64>(0)
    private let serverBytes = Atomic<UInt64>(0)
    /// Where the server stands in the newest board.
    let position = Atomic<Int>(0)

    /// - Parameters:
    ///   - share: of new sessions; 0 for a server that takes none.
    ///   - limit: sessions at one time.
    package init(share: Int = 0, limit: Int = .max) {
        self.share = Atomic(share)
        self.limit = Atomic(limit)
    }

    package var sessionCount: Int { sessions.load(ordering: .sequentiallyConsistent) }

    /// Sessions ever.
    package var total: UInt64 { all.load(ordering: .relaxed) }

    /// Share of new sessions by weight; 0 for a server that takes none.
    package var currentShare: Int { share.load(ordering: .sequentiallyConsistent) }

    /// Sessions at one time.
    var currentLimit: Int { limit.load(ordering: .relaxed) }

    /// Whether another session would find room.
    var isAvailable: Bool { currentShare > 0 && sessionCount < currentLimit }

    // MARK: Sessions

    enum Entry {
        case refused
        case entered
        /// As the last one that finds room.
        case filled
    }

    /// Counts a session in, where the server takes one more.
    func enter(turn: UInt64) -> Entry {
        guard currentShare > 0 else { return .refused }
        let limit = currentLimit
        if limit == .max {
            sessions.wrappingAdd(1, ordering: .sequentiallyConsistent)
        } else {
            var current = sessionCount
            while true {
                guard current < limit else { return .refused }
                let (exchanged, original) = sessions.compareExchange(
                    expected: current,
                    desired: current + 1,
                    ordering: .sequentiallyConsistent
                )
                if exchanged { break }
                current = original
            }
            current += 1
            if current == limit {
                noteEntry(turn)
                return .filled
            }
        }
        noteEntry(turn)
        return .entered
    }

    private func noteEntry(_ turn: UInt64) {
        all.wrappingAdd(1, ordering: .relaxed)
        lastTurn.store(turn, ordering: .relaxed)
    }

    /// - Returns: whether the server was full until now.
    func leave() -> Bool {
        let before = sessions.wrappingSubtract(1, ordering: .sequentiallyConsistent).oldValue
        precondition(before > 0, "a session leaves a server once")
        return before == currentLimit
    }

    // MARK: Load

    /// Sessions a share, with the next session counted in, as HAProxy ranks servers; a server without sessions has none,
    /// whatever its weight. The unit is a sixteenth of a session of the heaviest server.
    func load(heaviest: Int) -> UInt64 {
        let count = sessionCount
        let share = currentShare
        guard count > 0, share > 0 else { return 0 }
        return UInt64(count + 1) * 16 * UInt64(heaviest) / UInt64(share)
    }

    var turn: UInt64 { lastTurn.load(ordering: .relaxed) }

    // MARK: Passive health

    /// A session could not connect.
    ///
    /// - Returns: how many could not since one last could.
    package func connectFailed() -> Int {
        allFailedConnects.add(1, ordering: .relaxed)
        return failedConnects.wrappingAdd(1, ordering: .relaxed).newValue
    }

    package func connectSucceeded() {
        if failedConnects.load(ordering: .relaxed) != 0 { forgetFailures() }
    }

    package func forgetFailures() {
        failedConnects.store(0, ordering: .relaxed)
    }

    // MARK: Diagnosis

    /// Whether it has answered anything but a refusal behind a header.
    package var hasAnsweredWell: Bool { answeredWell.load(ordering: .relaxed) }

    package func setAnsweredWell(_ value: Bool) {
        answeredWell.store(value, ordering: .relaxed)
    }

    // MARK: Totals

    /// Payload of a session that is over.
    package func addBytes(fromClient: UInt64, fromServer: UInt64) {
        clientBytes.add(fromClient, ordering: .relaxed)
        serverBytes.add(fromServer, ordering: .relaxed)
    }

    /// What was counted by now, without the bytes of sessions that go on.
    package var counts: ServerCounts {
        var counts = ServerCounts()
        counts.sessions = total
        counts.bytesFromClients = clientBytes.load(ordering: .relaxed)
        counts.bytesFromServer = serverBytes.load(ordering: .relaxed)
        counts.failedConnects = allFailedConnects.load(ordering: .relaxed)
        return counts
    }

    // MARK: Control

    func setShare(_ value: Int) {
        share.store(value, ordering: .sequentiallyConsistent)
    }

    func setLimit(_ value: Int) {
        limit.store(value, ordering: .relaxed)
    }
}
