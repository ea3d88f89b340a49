/// A named pool of servers, and how one is chosen and reached.
package struct BackendSettings: Hashable, Sendable {
    /// Who takes the next session: one file of `Balance/` each.
    package enum Balance: String, Hashable, Sendable, CaseIterable {
        case roundrobin
        case leastconn
        case source
        case random
        case first
    }

    package struct Timeouts: Hashable, Sendable {
        /// For one attempt to connect.
        package var connect: Duration = .seconds(5)
        /// For all attempts together, with the pauses between them; nil leaves it to `connect` and `retries`.
        package var connectTotal: Duration?
        /// For a session in the queue; nil takes `connect`.
        package var queue: Duration?
        /// Silence on both ways after which a session ends; nil waits for ever.
        package var server: Duration?
        /// In place of `server` once the server has sent its FIN.
        package var serverFin: Duration?
        /// In place of both `clientTimeout` and `server` once the server is connected; nil leaves those two in force.
        package var tunnel: Duration?

        package init() {}
    }

    package var name: String
    package var balance: Balance = .roundrobin
    package var timeouts = Timeouts()
    /// Further attempts after a failed connect, 0 to `Limits.maximumRetries`.
    package var retries = 3
    /// Whether a further attempt goes to another server at once where one is up; otherwise it goes to the same one.
    package var redispatches = true
    /// Whether all backup servers come in when no other is left; otherwise the first one that is up.
    package var usesAllBackups = false
    /// Sessions that may wait for a server with room, in `queueRange`; nil leaves it to the limits on sessions.
    package var maximumQueue: Int?
    /// In the order of the file; names are unique, those that `discoveries` will give included.
    package var servers: [ServerSettings]
    /// Servers that the name service tells of.
    package var discoveries: [DiscoverySettings] = []

    /// For `maximumQueue`.
    package static let queueRange = 1...Limits.maximumSessions

    package init(name: String, servers: [ServerSettings]) {
        self.name = name
        self.servers = servers
    }
}
