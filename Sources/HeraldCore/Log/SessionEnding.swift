/// How a session ended: one word for log and counters, and the rest for people.
package enum SessionEnding: Hashable, Sendable {
    /// Both sides sent their FIN, and all bytes arrived.
    case completed

    // Before a server was reached.

    /// The client closed or reset before a server was reached.
    case clientGone
    /// `label` is a stable word for the rule that was broken, `description` tells it in plain words.
    case headerMalformed(label: String, description: String)
    /// The header was not whole in time.
    case headerTimeout
    /// The client closed before the header was whole.
    case headerMissing
    /// The peer may not connect here.
    case untrustedPeer
    /// A peer whose header is not believed sent first bytes that could pass for one.
    case headerFromUntrusted
    /// Too many sessions were waiting for their header already.
    case tooManyWaiting
    /// Every server is down, disabled or without weight.
    case noServer
    /// Every server was full, and as many sessions waited as may.
    case queueFull
    /// No server had room in time.
    case queueTimeout
    /// The last attempt to connect failed so.
    case connectFailed(ServerFailure)
    /// This host ran out of descriptors or memory.
    case localResources

    // While relaying.

    case clientReset
    case serverReset
    /// Both sides were silent for too long.
    case idleTimeout
    /// The client did not finish in time after the server's FIN.
    case clientFinTimeout
    /// The server did not finish in time after the client's FIN.
    case serverFinTimeout

    /// The server was taken for down, and its sessions are to end then.
    case serverDown

    // At any time.

    /// Cut off when the time to drain was over.
    case drained
    /// Cut off because the process had to stop at once.
    case stopped
}

extension SessionEnding {
    /// A stable word: part of the log's format and of the metrics' names.
    package var label: String {
        switch self {
        case .completed: "completed"
        case .clientGone: "client-gone"
        case .headerMalformed: "header-malformed"
        case .headerTimeout: "header-timeout"
        case .headerMissing: "header-missing"
        case .untrustedPeer: "untrusted-peer"
        case .headerFromUntrusted: "header-from-untrusted"
        case .tooManyWaiting: "too-many-waiting"
        case .noServer: "no-server"
        case .queueFull: "queue-full"
        case .queueTimeout: "queue-timeout"
        case .connectFailed(.timedOut): "connect-timeout"
        case .connectFailed: "connect-failed"
        case .localResources: "local-resources"
        case .clientReset: "client-reset"
        case .serverReset: "server-reset"
        case .idleTimeout: "idle-timeout"
        case .clientFinTimeout: "client-fin-timeout"
        case .serverFinTimeout: "server-fin-timeout"
        case .serverDown: "server-down"
        case .drained: "drained"
        case .stopped: "stopped"
        }
    }

    /// A stable word that tells apart what `label` does not.
    package var reason: String? {
        switch self {
        case .headerMalformed(let label, _): label
        case .connectFailed(let failure): failure.label
        default: nil
        }
    }

    /// What `label` leaves open, in plain words.
    package var detail: String? {
        switch self {
        case .headerMalformed(_, let description): description
        case .connectFailed(let failure): failure.description
        default: nil
        }
    }

    /// Whether what came in the place of the PROXY header ended it.
    package var concernsHeader: Bool {
        switch self {
        case .headerMalformed, .headerTimeout, .headerMissing, .untrustedPeer, .headerFromUntrusted, .tooManyWaiting:
            true
        default: false
        }
    }

    /// Whether it ended otherwise than by both sides being done.
    package var isError: Bool { self != .completed }

    package func isLogged(with sessions: LogSettings.Sessions) -> Bool {
        switch sessions {
        case .off: false
        case .errors: isError
        case .all: true
        }
    }
}
