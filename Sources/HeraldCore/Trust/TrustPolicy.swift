package import NetworkAddress

/// Who may announce clients on a bind with `accept-proxy`.
package struct TrustPolicy: Hashable, Sendable {
    /// How a peer's header is taken.
    package enum Verdict: Hashable, Sendable {
        /// A header must come and is believed.
        case believe
        /// A header must come, as from everybody, but the socket's own addresses count.
        case disregard
        /// No header is read. First bytes that could pass for one at a server are refused.
        case plain
        /// Reset at once, without reading.
        case reject
    }

    /// nil trusts everybody.
    private let trusted: AddressSet?
    private let otherwise: Verdict

    package init(_ settings: AcceptProxySettings) {
        trusted = settings.trusted.map { AddressSet($0) }
        otherwise =
            switch settings.otherwise {
            case .reject: .reject
            case .pass: .plain
            case .ignore: .disregard
            }
    }

    /// The verdict on a peer, by the real address of its socket; an IPv4-mapped one counts as IPv4.
    ///
    /// Never by an address that a header announced: anybody can write one.
    package func verdict(on peer: IPAddress) -> Verdict {
        guard let trusted else { return .believe }
        return trusted.contains(peer) ? .believe : otherwise
    }
}
