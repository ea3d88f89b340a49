package enum AddressFamily: Hashable, Sendable, CaseIterable {
    case ipv4
    case ipv6
}

/// Where a service is to be had (RFC 2782).
package struct ServiceRecord: Hashable, Sendable {
    /// The lowest number is to be used first.
    package let priority: UInt16
    /// Share among records of the same priority.
    package let weight: UInt16
    package let port: UInt16
    /// A host name; "." where the service is decidedly not available.
    package let target: String

    package init(priority: UInt16, weight: UInt16, port: UInt16, target: String) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }
}
