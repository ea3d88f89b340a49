package import NetworkAddress

/// Servers that the name service tells of, looked up again and again.
package struct DiscoverySettings: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// A and AAAA records; the port is the same for all.
        case addresses(name: String, port: UInt16)
        /// SRV records (RFC 2782), which have ports and weights, and the addresses of their targets.
        case service(name: String)
    }

    package enum Family: String, Hashable, Sendable, CaseIterable {
        case ipv4
        case ipv6
    }

    /// How its servers are called.
    package enum Naming: Hashable, Sendable {
        /// The prefix and a number of 1 to `maximum`.
        case numbered(prefix: String)
        /// The one server's name; `maximum` is 1.
        case single(String)
    }

    /// What there is to serve sessions before the first good answer.
    package enum Start: Hashable, Sendable {
        /// The name must resolve, or the process does not start.
        case required
        /// No server, until one is found.
        case empty
        /// These addresses.
        case address(IPAddress)
    }

    /// For `maximum`.
    package static let maximumRange = 1...1024
    /// The shortest `refresh`: name servers are shared by many.
    package static let shortestRefresh = Duration.milliseconds(100)

    package var source: Source
    package var naming: Naming
    /// From the end of one look-up to the start of the next.
    package var refresh: Duration = .seconds(5)
    /// Servers at one time, in `maximumRange`; further addresses are left out, and the log says so.
    package var maximum = 64
    /// Takes only this family wherever the answer has it; nil takes both.
    package var preference: Family?
    package var start: Start = .empty
    /// The servers to ask; empty for the system's (resolv.conf and hosts file).
    package var nameservers: [SocketAddress] = []
    /// For one question to one name server; nil takes the system's.
    package var timeout: Duration?
    /// Questions to each name server before a look-up has failed; nil takes the system's.
    package var attempts: Int?
    /// Everything else about its servers; name and address are empty, and filled in for each. SRV weights come in place of its weight.
    package var prototype: ServerSettings

    package init(source: Source, naming: Naming, prototype: ServerSettings) {
        self.source = source
        self.naming = naming
        self.prototype = prototype
        self.prototype.name = ""
        self.prototype.address = .name("", port: 1)
    }
}
