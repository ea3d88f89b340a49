package import NetworkAddress

/// Where clients come in, who they may be, and which backend serves them.
package struct FrontendSettings: Hashable, Sendable {
    package var name: String
    /// At least one.
    package var binds: [BindSettings]
    /// Index into `ProxySettings.backends`.
    package var backend: Int
    /// Sessions at one time in this frontend; nil leaves it to the process's limit.
    package var maximumSessions: Int?
    /// Silence on both ways after which a session ends; nil waits for ever.
    package var clientTimeout: Duration?
    /// In place of `clientTimeout` once the client has sent its FIN.
    package var clientFinTimeout: Duration?

    package init(name: String, binds: [BindSettings], backend: Int) {
        self.name = name
        self.binds = binds
        self.backend = backend
    }
}

/// One configured address, and whether a PROXY header must come first there.
package struct BindSettings: Hashable, Sendable {
    package var address: BindAddress
    /// nil where clients connect without a header.
    package var acceptProxy: AcceptProxySettings?
    /// Clients are taken in once they have said something, or after about a second (TCP_DEFER_ACCEPT).
    package var defersAccept: Bool

    package init(address: BindAddress, acceptProxy: AcceptProxySettings? = nil, defersAccept: Bool = false) {
        self.address = address
        self.acceptProxy = acceptProxy
        self.defersAccept = defersAccept
    }
}

/// An address to listen on.
package struct BindAddress: Hashable, Sendable {
    package enum Family: Hashable, Sendable {
        /// IPv4 only: `:80`, `*:80`, `192.0.2.1:80`.
        case ipv4
        /// IPv6 only: `[::1]:80`, `[::]:80` (and `v6only`).
        case ipv6
        /// One socket for both families: `[::]:80 v4v6`.
        case dualStack
    }

    /// `0.0.0.0` or `::` for every address of the family.
    package var socketAddress: SocketAddress
    package var family: Family

    /// Precondition: the family is the address's own; dual-stack is for `::` alone.
    package init(_ socketAddress: SocketAddress, family: Family) {
        precondition(socketAddress.ip.isIPv4 == (family == .ipv4))
        precondition(family != .dualStack || socketAddress.ip.isUnspecified)
        self.socketAddress = socketAddress
        self.family = family
    }
}

extension BindAddress: CustomStringConvertible {
    package var description: String {
        "\(socketAddress)\(family == .dualStack ? " v4v6" : "")"
    }
}

/// Who must announce clients on a bind, and how the header may look.
package struct AcceptProxySettings: Hashable, Sendable {
    /// What becomes of a peer that is not in `trusted`.
    package enum Otherwise: String, Hashable, Sendable, CaseIterable {
        /// Reset, counted, logged.
        case reject
        /// A plain client; refused where its first bytes could pass for a header further on.
        case pass
        /// Must send a header as everybody, but what it says is not believed: the socket's own addresses count.
        case ignore
    }

    /// From a version 1 line with its CRLF (section 2.1) to the largest version 2 header there can be (section 2.2).
    package static let headerByteRange = Limits.minimumHeaderBytes...Limits.maximumHeaderBytes

    /// Peers whose header is believed, by their real, un-mapped address; nil believes everybody.
    package var trusted: [CIDRBlock]?
    package var otherwise: Otherwise = .reject
    package var acceptsVersion1 = true
    package var acceptsVersion2 = true
    /// From accept to the header's last byte.
    package var timeout: Duration = .seconds(5)
    /// Largest header, in `headerByteRange`.
    package var maximumHeaderBytes = 4096

    package init() {}
}
