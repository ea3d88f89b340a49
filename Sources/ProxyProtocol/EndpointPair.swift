import NetworkAddress

/// A source and a destination of one family, as a header must have them.
struct EndpointPair {
    let source: SocketAddress
    let destination: SocketAddress
    /// IPv4 or IPv6.
    let family: ProxyHeader.Family

    /// Un-maps IPv4-mapped addresses, so that an IPv4 client of a dual-stack socket is announced as one; an IPv4 and an
    /// IPv6 address that remain both become IPv6.
    init(source: SocketAddress, destination: SocketAddress) {
        let source = source.unmapped
        let destination = destination.unmapped
        if source.ip.isIPv4 && destination.ip.isIPv4 {
            family = .ipv4
            self.source = source
            self.destination = destination
        } else {
            family = .ipv6
            self.source = SocketAddress(.v6(source.ip.asIPv6), port: source.port)
            self.destination = SocketAddress(.v6(destination.ip.asIPv6), port: destination.port)
        }
    }

    /// Takes addresses as they are. Precondition: both are of `family`.
    init(exactly source: SocketAddress, _ destination: SocketAddress, _ family: ProxyHeader.Family) {
        precondition(source.ip.isIPv4 == (family == .ipv4) && destination.ip.isIPv4 == (family == .ipv4))
        self.source = source
        self.destination = destination
        self.family = family
    }

    var endpoints: ProxyHeader.Endpoints {
        .inet(source: source, destination: destination)
    }
}
