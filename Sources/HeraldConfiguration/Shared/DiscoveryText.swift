internal import HeraldCore
internal import NetworkAddress

/// What is looked up, and where, as both languages write it.
enum DiscoveryText {
    static let nameserverPort: UInt16 = 53
    /// Questions to each name server.
    static let attemptRange = 1...100

    /// `web.internal:3000` for addresses, `_http._tcp.web.internal` for a service (RFC 2782) whose records have the ports.
    static func source(_ text: String) throws(Fault) -> DiscoverySettings.Source {
        if text.hasPrefix("_") {
            guard !text.contains(":") else {
                throw Fault(
                    "\(Quotation.quote(text)) is a service with a port",
                    expected: "the name of the service alone: its records have the ports"
                )
            }
            // The port is only for the check of the name.
            guard case .name(let name, _)? = try? AddressText.server("\(text):1"),
                !prefix(of: .service(name: name)).isEmpty
            else {
                throw Fault(
                    "\(Quotation.quote(text)) is not the name of a service",
                    expected: "_SERVICE._PROTOCOL.NAME, such as _http._tcp.web.internal"
                )
            }
            return .service(name: name)
        }
        switch try AddressText.server(text) {
        case .name(let name, let port):
            return .addresses(name: name, port: port)
        case .ip(let address):
            throw Fault(
                "\(Quotation.quote(text)) is an address, which needs no name service",
                expected: "NAME:PORT, or a server of its own at \(address)"
            )
        }
    }

    /// An address, with or without a port.
    static func nameserver(_ text: String) throws(Fault) -> SocketAddress {
        if let ip = IPAddress(text) { return SocketAddress(ip, port: nameserverPort) }
        guard text.contains(":"), case .ip(let address) = try AddressText.server(text) else {
            throw Fault(
                "\(Quotation.quote(text)) is not an IP address",
                expected: "the address of a name server, such as 10.0.0.53 or 10.0.0.53:53"
            )
        }
        return address
    }

    /// How the servers are called where nothing else is said: the first word of the name.
    static func prefix(of source: DiscoverySettings.Source) -> String {
        switch source {
        case .addresses(let name, _), .service(let name):
            String(name.prefix { $0 != "." }.drop { $0 == "_" })
        }
    }
}
