/// Which servers a session has tried in vain, and whether it may go on.
package struct ConnectAttempts: Sendable {
    package enum Next: Equatable, Sendable {
        /// Choose a server that is not in `failedServers`, at once; or, where there is none, try the same one again after `pause`.
        case anotherServer
        /// Try the same one again, after `pause`.
        case sameServer
        case giveUp
    }

    /// Each server that failed, in the order of the attempts.
    package private(set) var failed: [ServerSlot] = []
    /// The same, each once.
    package var failedServers: [ServerSlot] {
        failed.enumerated().filter { index, slot in !failed[..<index].contains { $0 === slot } }.map(\.element)
    }
    /// Attempts after the first one.
    package private(set) var retryCount = 0
    private let retries: Int
    private let redispatches: Bool
    private let limit: Duration?
    private let longestPause: Duration

    package init(_ settings: BackendSettings) {
        retries = settings.retries
        redispatches = settings.redispatches
        limit = settings.timeouts.connectTotal
        longestPause = min(settings.timeouts.connect, Limits.retryPause)
    }

    /// `server` could not be reached.
    ///
    /// - Parameter elapsed: since the first attempt began.
    package mutating func failed(_ server: ServerSlot, elapsed: Duration) -> Next {
        failed.append(server)
        if let limit, elapsed >= limit { return .giveUp }
        guard retryCount < retries else { return .giveUp }
        retryCount += 1
        return redispatches ? .anotherServer : .sameServer
    }

    /// How many attempts went to another server than the one before them, `last` being the server of the last one.
    package func redispatchCount(last: ServerSlot?) -> Int {
        zip(failed, failed.dropFirst().map(Optional.some) + [last]).count { $1 != nil && $0 !== $1 }
    }

    /// Before the same server is tried again.
    ///
    /// - Parameter elapsed: since the first attempt began.
    package func pause(elapsed: Duration) -> Duration {
        min(longestPause, limit.map { max(.zero, $0 - elapsed) } ?? longestPause)
    }
}

extension BackendSettings.Timeouts {
    /// For an attempt that begins when `elapsed` has passed since the first one began.
    package func attempt(elapsed: Duration) -> Duration {
        guard let connectTotal else { return connect }
        return max(.milliseconds(1), min(connect, connectTotal - elapsed))
    }
}
