package import NetworkAddress

/// A named pool of servers, and how one is chosen and reached.
package struct BackendSettings: Hashable, Sendable {
    package enum Balance: String, Hashable, Sendable, CaseIterable {
        case roundrobin
    }

    package struct Timeouts: Hashable, Sendable {
        /// For one attempt to connect.
        package var connect: Duration = .seconds(5)
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
    /// In the order of the file; names are unique.
    package var servers: [ServerSettings]

    package init(name: String, servers: [ServerSettings]) {
        self.name = name
        self.servers = servers
    }
}

/// One member of a backend.
package struct ServerSettings: Hashable, Sendable {
    /// The heaviest server, as in HAProxy.
    package static let maximumWeight = 256

    package var name: String
    package var address: ServerAddress
    /// Share of new sessions, 0 to `maximumWeight`; 0 takes none.
    package var weight = 1
    /// In maintenance from the start: neither checked nor chosen.
    package var isDisabled = false
    package var announcement: Announcement = .none
    /// nil takes the server for up, always.
    package var check: HealthCheckSettings?

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

/// How a server is told who the client is.
package enum Announcement: Hashable, Sendable {
    case none
    case version1
    case version2(Version2Options)
}

/// What a version 2 header carries besides the addresses.
package struct Version2Options: Hashable, Sendable {
    /// Adds the CRC32C TLV, computed anew.
    package var hasChecksum = false
    /// Types of received TLVs that are passed on, byte for byte. Never CRC32C (0x03).
    package var passedTypes: Set<UInt8> = []
    /// TLVs of our own, in the order of the file.
    package var addedTLVs: [AddedTLV] = []

    package struct AddedTLV: Hashable, Sendable {
        package var type: UInt8
        package var value: [UInt8]

        package init(type: UInt8, value: [UInt8]) {
            self.type = type
            self.value = value
        }
    }

    package init() {}
}

/// How a server's health is found out. Defaults are HAProxy's.
package struct HealthCheckSettings: Hashable, Sendable {
    /// For `rise` and `fall`.
    package static let countRange = 1...10_000

    /// Between checks of a server that is up.
    package var interval: Duration = .seconds(2)
    /// Between checks of a server whose state is about to change; nil takes `interval`.
    package var fastInterval: Duration?
    /// Between checks of a server that is down; nil takes `interval`.
    package var downInterval: Duration?
    /// For one check; nil takes the interval.
    package var timeout: Duration?
    /// Good checks in a row that bring a server up, in `countRange`.
    package var rise = 2
    /// Failed checks in a row that take a server down, in `countRange`.
    package var fall = 3
    /// In place of the server's port.
    package var port: UInt16?
    /// In place of the server's address.
    package var address: IPAddress?
    /// What a check sends first: version 2 LOCAL, or version 1 with the check's own endpoints.
    package var announcement: Announcement = .none

    package init() {}
}
