/// Which servers a session has tried in vain, and what comes next.
package struct ConnectAttempts: Sendable {
    package enum Next: Equatable, Sendable {
        /// Choose a server that is not in `failed`, at once.
        case anotherServer
        /// Try the same one again, after `pause`.
        case sameServer
        case giveUp
    }

    /// Index of each server that failed, in the order of the attempts.
    package private(set) var failed: [Int] = []
    /// Attempts after the first one.
    package private(set) var retryCount = 0
    private let retries: Int
    private let redispatches: Bool
    /// Before the same server is tried again.
    package let pause: Duration

    package init(_ settings: BackendSettings) {
        retries = settings.retries
        redispatches = settings.redispatches
        pause = min(settings.timeouts.connect, Limits.retryPause)
    }

    /// `server` could not be reached.
    ///
    /// - Parameter hasOther: whether a server is up that has not failed yet.
    package mutating func failed(_ server: Int, hasOther: Bool) -> Next {
        failed.append(server)
        guard retryCount < retries else { return .giveUp }
        retryCount += 1
        return redispatches && hasOther ? .anotherServer : .sameServer
    }
}
