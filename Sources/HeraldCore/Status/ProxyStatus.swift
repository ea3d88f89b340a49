package import NetworkAddress

/// All that the process can tell of itself at one moment: what metrics, status and page are made from.
///
/// Counts are since the start of the process, and only grow; a frontend, backend or server that a reload has removed takes
/// its counts with it.
package struct ProxyStatus: Sendable {
    package enum Phase: String, Hashable, Sendable, CaseIterable {
        case starting
        case running
        case draining
    }

    package struct Configuration: Sendable {
        /// The file's path; nil where there is none.
        package var file: String?
        /// 1 for the file of the start, one more for each reload that took effect.
        package var generation = 1
        package var loadedAt: Timestamp
        /// Reloads that changed nothing because the file was wrong.
        package var failedReloads: UInt64 = 0
        /// Why the last reload failed; empty where it did not.
        package var problems: [String] = []

        package init(loadedAt: Timestamp) {
            self.loadedAt = loadedAt
        }
    }

    package var version: String
    package var takenAt: Timestamp
    package var startedAt: Timestamp
    package var uptime: Duration
    package var phase: Phase
    package var readiness: ReadinessReport
    package var configuration: Configuration
    /// Sessions now, over all frontends.
    package var sessionCount = 0
    package var sessionLimit = 0
    package var sessionTotal: UInt64 = 0
    package var residentBytes: UInt64 = 0
    /// User and system time of the process.
    package var cpuTime = Duration.zero
    package var openFiles = 0
    package var openFileLimit = 0
    package var droppedLogLines: UInt64 = 0
    package var loops: [LoopStatus] = []
    /// Well-known causes of trouble that were seen since the last reload, in plain words.
    package var diagnoses: [String] = []
    package var frontends: [FrontendStatus] = []
    package var backends: [BackendStatus] = []

    package init(
        version: String,
        takenAt: Timestamp,
        startedAt: Timestamp,
        uptime: Duration,
        phase: Phase,
        readiness: ReadinessReport,
        configuration: Configuration
    ) {
        self.version = version
        self.takenAt = takenAt
        self.startedAt = startedAt
        self.uptime = uptime
        self.phase = phase
        self.readiness = readiness
        self.configuration = configuration
    }
}

package struct LoopStatus: Sendable {
    package var sessionCount: Int
    /// How late the loop's timers came, looked at once a second.
    package var lag: Histogram

    package init(sessionCount: Int, lag: Histogram) {
        self.sessionCount = sessionCount
        self.lag = lag
    }
}

package struct FrontendStatus: Sendable {
    package struct Bind: Hashable, Sendable {
        package var address: String
        package var acceptsProxy: Bool

        package init(address: String, acceptsProxy: Bool) {
            self.address = address
            self.acceptsProxy = acceptsProxy
        }
    }

    package var name: String
    package var binds: [Bind]
    package var backend: String
    package var sessionCount: Int
    /// nil where only the process's limit counts.
    package var sessionLimit: Int?
    package var counts: FrontendCounts
    /// The last ones of all loops, the newest first.
    package var headerErrors: [HeaderError]

    package init(
        name: String,
        binds: [Bind],
        backend: String,
        sessionCount: Int,
        sessionLimit: Int?,
        counts: FrontendCounts,
        headerErrors: [HeaderError]
    ) {
        self.name = name
        self.binds = binds
        self.backend = backend
        self.sessionCount = sessionCount
        self.sessionLimit = sessionLimit
        self.counts = counts
        self.headerErrors = headerErrors
    }
}

/// What one loop, or all of them, counted for a frontend.
package struct FrontendCounts: Sendable {
    package var sessions: UInt64 = 0
    /// Payload, sessions that go on included.
    package var bytesFromClients: UInt64 = 0
    package var bytesFromServers: UInt64 = 0
    /// Headers that were received, by kind.
    package var headers = HeaderCounts()
    /// How sessions ended: by label, and by the reason that some have.
    package var endings: [Ending: UInt64] = [:]
    /// Times that clients could not be taken in for want of descriptors or memory.
    package var acceptErrors: UInt64 = 0
    /// From accept to the header's last byte.
    package var headerLatency = Histogram()
    /// From the first attempt to the connection.
    package var connectLatency = Histogram()
    /// Further attempts to connect.
    package var retries: UInt64 = 0
    /// Sessions that waited for a server with room.
    package var queued: UInt64 = 0

    package struct Ending: Hashable, Sendable {
        package var label: String
        package var reason: String?
        package var concernsHeader: Bool

        package init(_ ending: SessionEnding) {
            label = ending.label
            reason = ending.reason
            concernsHeader = ending.concernsHeader
        }

        /// Both in one word.
        package var name: String { reason.map { "\(label)/\($0)" } ?? label }
    }

    package init() {}

    package mutating func add(_ other: FrontendCounts) {
        sessions += other.sessions
        bytesFromClients += other.bytesFromClients
        bytesFromServers += other.bytesFromServers
        for kind in SessionRecord.Header.allCases { headers[kind] += other.headers[kind] }
        endings.merge(other.endings, uniquingKeysWith: +)
        acceptErrors += other.acceptErrors
        headerLatency.add(other.headerLatency)
        connectLatency.add(other.connectLatency)
        retries += other.retries
        queued += other.queued
    }
}

/// How many headers there were, by kind.
package struct HeaderCounts: Sendable {
    // A dictionary would hash the names of the kinds, for every session.
    private var counts = InlineArray<5, UInt64>(repeating: 0)

    package init() {}

    package subscript(kind: SessionRecord.Header) -> UInt64 {
        get { counts[HeaderCounts.index(of: kind)] }
        set { counts[HeaderCounts.index(of: kind)] = newValue }
    }

    private static func index(of kind: SessionRecord.Header) -> Int {
        switch kind {
        case .version1: 0
        case .version1Unknown: 1
        case .version2: 2
        case .version2Local: 3
        case .version2Unknown: 4
        }
    }
}

/// A session that ended because of its header.
package struct HeaderError: Hashable, Sendable {
    package var time: Timestamp
    /// The socket's own.
    package var peer: SocketAddress
    package var bind: String
    /// As in the log.
    package var ending: String
    package var detail: String?

    package init(time: Timestamp, peer: SocketAddress, bind: String, ending: String, detail: String?) {
        self.time = time
        self.peer = peer
        self.bind = bind
        self.ending = ending
        self.detail = detail
    }
}

package struct BackendStatus: Sendable {
    package var name: String
    package var balance: BackendSettings.Balance
    /// Sessions that wait for a server with room now.
    package var queueLength: Int
    package var queueLimit: Int?
    package var servers: [ServerStatus]

    package init(
        name: String,
        balance: BackendSettings.Balance,
        queueLength: Int,
        queueLimit: Int?,
        servers: [ServerStatus]
    ) {
        self.name = name
        self.balance = balance
        self.queueLength = queueLength
        self.queueLimit = queueLimit
        self.servers = servers
    }
}

package struct ServerStatus: Sendable {
    package var name: String
    package var address: SocketAddress
    package var state: ServerState
    /// How long `state` has held.
    package var heldFor: Duration
    /// Why; nil for the state that it started with.
    package var reason: String?
    package var weight: Int
    package var isBackup: Bool
    /// Whether it is one that the name service tells of.
    package var isDiscovered: Bool
    package var announcement: Announcement
    /// Sessions now.
    package var sessionCount: Int
    package var sessionLimit: Int?
    package var counts: ServerCounts
    /// Whether it is checked at all.
    package var isChecked: Bool
    package var lastCheck: CheckOutcome?

    package init(
        name: String,
        address: SocketAddress,
        state: ServerState,
        heldFor: Duration,
        reason: String?,
        weight: Int,
        isBackup: Bool,
        isDiscovered: Bool,
        announcement: Announcement,
        sessionCount: Int,
        sessionLimit: Int?,
        counts: ServerCounts,
        isChecked: Bool,
        lastCheck: CheckOutcome?
    ) {
        self.name = name
        self.address = address
        self.state = state
        self.heldFor = heldFor
        self.reason = reason
        self.weight = weight
        self.isBackup = isBackup
        self.isDiscovered = isDiscovered
        self.announcement = announcement
        self.sessionCount = sessionCount
        self.sessionLimit = sessionLimit
        self.counts = counts
        self.isChecked = isChecked
        self.lastCheck = lastCheck
    }
}

package struct ServerCounts: Sendable {
    package var sessions: UInt64 = 0
    /// Payload, sessions that go on included.
    package var bytesFromClients: UInt64 = 0
    package var bytesFromServer: UInt64 = 0
    /// Connects of sessions that failed.
    package var failedConnects: UInt64 = 0
    package var passedChecks: UInt64 = 0
    /// By `ServerFailure.label`.
    package var failedChecks: [String: UInt64] = [:]

    package init() {}
}

/// Who can tell how the process is.
package protocol StatusSource: ReadinessSource {
    /// Asks every loop; takes as long as the slowest of them takes to turn.
    var status: ProxyStatus { get async }
}
