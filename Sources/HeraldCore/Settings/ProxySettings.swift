package import NetworkAddress

/// All that one Herald process is told to do: the one model behind both configuration languages.
///
/// Every value is valid by construction: names are unique, each frontend's backend exists, numbers are in range. Only
/// what a machine can answer (is the address free? does the name resolve?) is left to the start.
package struct ProxySettings: Hashable, Sendable {
    package var process: ProcessSettings
    package var frontends: [FrontendSettings]
    package var backends: [BackendSettings]

    /// Precondition: each frontend's `backend` is an index of `backends`.
    package init(process: ProcessSettings, frontends: [FrontendSettings], backends: [BackendSettings]) {
        precondition(frontends.allSatisfy { backends.indices.contains($0.backend) })
        self.process = process
        self.frontends = frontends
        self.backends = backends
    }
}

/// What holds for the whole process.
package struct ProcessSettings: Hashable, Sendable {
    /// For `maximumSessions`, here and of a frontend.
    package static let sessionRange = 1...100_000_000

    /// Worker threads, one loop each, 1 to `Limits.maximumThreads`; nil takes the CPU quota of the container or machine.
    package var threads: Int?
    /// Sessions at one time, over all frontends; nil derives it from the limit on open files.
    package var maximumSessions: Int?
    /// How long clients are still taken in once the process was told to stop, while readiness says otherwise.
    package var drainDelay = Duration.zero
    /// How long sessions may go on once the process was told to stop.
    package var drainTimeout: Duration = .seconds(30)
    /// Whether long flows go from socket to socket without being copied (splice(2)).
    package var splices = true
    /// Where health and readiness are told by HTTP; nil tells them nowhere.
    package var admin: SocketAddress?
    package var log = LogSettings()

    package init() {}
}

package struct LogSettings: Hashable, Sendable {
    package enum Format: String, Hashable, Sendable, CaseIterable {
        case text
        case json
    }

    /// Which sessions get a line at their end.
    package enum Sessions: String, Hashable, Sendable, CaseIterable {
        case off
        /// Those that ended otherwise than by both sides being done.
        case errors
        case all
    }

    package enum Level: String, Hashable, Sendable, CaseIterable, Comparable {
        case debug
        case info
        case notice
        case warning
        case error

        package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .notice: 2
            case .warning: 3
            case .error: 4
            }
        }
    }

    package var format: Format = .text
    package var level: Level = .info
    package var sessions: Sessions = .all

    package init() {}
}
