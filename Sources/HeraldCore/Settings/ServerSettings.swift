package import NetworkAddress

/// One member of a backend.
package struct ServerSettings: Hashable, Sendable {
    /// The heaviest server, as in HAProxy.
    package static let maximumWeight = 256
    /// For `maximumSessions`.
    package static let sessionRange = 1...Limits.maximumSessions

    package var name: String
    package var address: ServerAddress
    /// Share of new sessions, 0 to `maximumWeight`; 0 takes none: the server drains.
    package var weight = 1
    /// In maintenance from the start: neither checked nor chosen.
    package var isDisabled = false
    /// Takes sessions only when no other server does.
    package var isBackup = false
    /// Sessions at one time, connecting ones included, in `sessionRange`; nil for no limit.
    package var maximumSessions: Int?
    /// How long the weight takes to grow to its full size after the server came up or joined; nil for at once.
    package var slowStart: Duration?
    package var announcement: Announcement = .none
    /// nil takes the server for up, always.
    package var check: HealthCheckSettings?
    /// What failed connects of sessions mean; nil for nothing. Only where there is a `check`.
    package var observation: ObservationSettings?
    /// Whether sessions are ended when the server goes down.
    package var endsSessionsWhenDown = false

    package init(name: String, address: ServerAddress) {
        self.name = name
        self.address = address
    }
}

/// Where a server is reached.
package enum ServerAddress: Hashable, Sendable, CustomStringConvertible {
    case ip(SocketAddress)
    /// Resolved once, at start.
    case name(String, port: UInt16)

    package var description: String {
        switch self {
        case .ip(let address): address.description
        case .name(let name, let port): "\(name):\(port)"
        }
    }
}

/// Passive health: what many failed connects of sessions in a row come to (HAProxy's `observe layer4`).
package struct ObservationSettings: Hashable, Sendable {
    /// HAProxy's words for `on-error`.
    package enum Action: String, Hashable, Sendable, CaseIterable {
        /// The server is down at once.
        case markDown = "mark-down"
        /// Counts as one failed check, and the next one comes after the fast interval.
        case failCheck = "fail-check"
        /// One more failed check takes the server down, and it comes after the fast interval.
        case suddenDeath = "sudden-death"
        /// The next check comes after the fast interval.
        case fastInterval = "fastinter"
    }

    /// For `errorLimit`.
    package static let errorRange = 1...1_000_000

    /// Failed connects in a row, over all loops, in `errorRange`.
    package var errorLimit = 10
    package var action: Action = .markDown

    package init() {}
}
