internal import HeraldCore
internal import NetworkAddress

/// Addresses with ports, as HAProxy and Herald's YAML write them.
enum AddressText {
    /// Where clients come in: `:80`, `*:80`, `192.0.2.1:80`, `[::]:80`, `:::80`, `ipv4@...`, `ipv6@...`.
    static func bind(_ text: String) throws(Fault) -> SocketAddress {
        let parts = try split(text, expectation: bindExpectation)
        guard let port = SocketAddress.port(parts.port) else {
            throw badPort(parts, in: text)
        }
        if parts.host.isEmpty || parts.host == "*" {
            let any: IPAddress = parts.family == .ipv6 ? .v6(IPv6Address(high: 0, low: 0)) : .v4(IPv4Address(bits: 0))
            return SocketAddress(any, port: port)
        }
        guard let ip = try ipAddress(parts, in: text) else {
            throw Fault(
                "\(Quotation.quote(parts.host)) is not an IP address",
                expected: "\(bindExpectation) (a bind takes no host names)"
            )
        }
        return SocketAddress(ip, port: port)
    }

    /// Where a server is: `192.0.2.1:80`, `[2001:db8::1]:80`, `host.example:80`, and HAProxy's `2001:db8::1:80`.
    static func server(_ text: String, expectation: String? = nil) throws(Fault) -> ServerAddress {
        let parts = try split(text, expectation: expectation ?? serverExpectation)
        guard let port = SocketAddress.port(parts.port) else { throw badPort(parts, in: text) }
        guard port > 0 else {
            throw Fault("\(Quotation.quote(text)) has port 0", expected: "a port from 1 to 65535")
        }
        let noHost = Fault(
            "\(Quotation.quote(text)) names no server",
            expected: "\(serverExpectation) (Herald is no transparent proxy)"
        )
        if parts.host.isEmpty || parts.host == "*" { throw noHost }
        if let ip = try ipAddress(parts, in: text) {
            if ip.isUnspecified { throw noHost }
            return .ip(SocketAddress(ip, port: port))
        }
        guard isHostName(parts.host) else {
            throw Fault(
                "\(Quotation.quote(parts.host)) is neither an IP address nor a host name",
                expected: serverExpectation
            )
        }
        if let family = parts.family {
            throw Fault(
                "'\(family.rawValue)@' before a host name is HAProxy syntax that Herald does not support",
                expected: "the name alone, or an address",
                suggestion: "\(parts.host):\(parts.port)"
            )
        }
        return .name(parts.host, port: port)
    }

    /// An address without a port, such as a health check's.
    static func ip(_ text: String) throws(Fault) -> IPAddress {
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        guard let ip = IPAddress(bare) else {
            throw Fault(
                "\(Quotation.quote(text)) is not an IP address",
                expected: "192.0.2.1 or 2001:db8::1, without a port"
            )
        }
        return ip
    }

    /// A network as `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, or an address alone.
    static func network(_ text: String) throws(Fault) -> CIDRBlock {
        if let block = CIDRBlock(text) { return block }
        if let slash = text.firstIndex(of: "/"), let base = IPAddress(text[..<slash]), base.isIPv4,
            case .v4(let mask)? = IPAddress(text[text.index(after: slash)...]),
            (~mask.bits & (~mask.bits &+ 1)) == 0,
            let block = CIDRBlock(base, prefixLength: mask.bits.nonzeroBitCount)
        {
            return block
        }
        throw Fault("\(Quotation.quote(text)) is not a network", expected: "10.0.0.0/8, 2001:db8::/32 or one address")
    }
}

extension Problems {
    /// A network; one that is wider than the address before its `/` gets a warning.
    func network(_ text: String, at position: SourcePosition) -> CIDRBlock? {
        let block = at(position) { () throws(Fault) in try AddressText.network(text) }
        if let block, let base = IPAddress(text.prefix { $0 != "/" }), base != block.base {
            warning(position, "\(Quotation.quote(text)) is more than that address", suggestion: "\(block)")
        }
        return block
    }
}

// MARK: - Parts

extension AddressText {
    private static let bindExpectation = "ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
    private static let serverExpectation = "HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80"

    private enum Family: String {
        case ipv4
        case ipv6
    }

    private struct Parts {
        var family: Family?
        var host: String
        var isBracketed: Bool
        var port: String
    }

    private static let families: [String: Family?] = [
        "ipv4": .ipv4, "tcp4": .ipv4, "ipv6": .ipv6, "tcp6": .ipv6, "tcp": Family?.none, "ip": Family?.none,
    ]

    /// Kinds of addresses that HAProxy has and Herald has not.
    private static let foreignKinds: Set<String> = [
        "unix", "uxst", "uxdg", "uxst+", "abns", "abnsz", "fd", "sockpair", "udp", "udp4", "udp6", "quic", "quic4",
        "quic6",
        "mptcp", "mptcp4", "mptcp6", "rhttp", "stream+ipv4", "stream+ipv6", "ring", "dgram+ipv4", "dgram+ipv6",
    ]

    private static func split(_ text: String, expectation: String) throws(Fault) -> Parts {
        if text.hasPrefix("/") {
            throw Fault(
                "\(Quotation.quote(text)) is a UNIX socket, which Herald does not support",
                expected: expectation
            )
        }
        if text.contains("$") {
            throw Fault(
                """
                \(Quotation.quote(text)) has an environment variable, which must be written ${NAME}, and in HAProxy's \
                language "${NAME}", with the quotes
                """,
                expected: expectation
            )
        }
        var rest = text[...]
        var family: Family?
        if let at = text.firstIndex(of: "@") {
            let kind = String(text[..<at])
            guard let known = families[kind] else {
                let reason = foreignKinds.contains(kind) ? "which Herald does not support" : "which is unknown"
                throw Fault("address kind \(Quotation.quote(kind + "@")), \(reason)", expected: expectation)
            }
            family = known
            rest = text[text.index(after: at)...]
        }
        if rest.contains("/") {
            throw Fault("\(Quotation.quote(text)) is a network or a URL", expected: expectation)
        }
        guard let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]"), !rest.hasSuffix(":") else {
            let isPort = SocketAddress.port(rest) != nil
            throw Fault(
                "\(Quotation.quote(text)) has no \(isPort ? "address before its port" : "port")",
                expected: expectation,
                suggestion: isPort ? ":\(rest)" : nil
            )
        }
        var host = rest[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        let port = String(rest[rest.index(after: colon)...])
        return Parts(family: family, host: String(host), isBracketed: isBracketed, port: port)
    }

    private static func badPort(_ parts: Parts, in text: String) -> Fault {
        let bounds = parts.port.split(separator: "-", omittingEmptySubsequences: false)
        if bounds.count == 2, bounds.allSatisfy({ SocketAddress.port($0) != nil }) {
            return Fault(
                "\(Quotation.quote(text)) is a range of ports, which Herald does not support",
                expected: "one port"
            )
        }
        if parts.port.hasPrefix("+") || parts.port.hasPrefix("-") {
            return Fault(
                "\(Quotation.quote(text)) counts from the port that the client dialled, which Herald does not support",
                expected: "a port from 1 to 65535"
            )
        }
        return Fault("\(Quotation.quote(parts.port)) is not a port", expected: "a number from 1 to 65535")
    }

    /// nil where the host could be a name; a fault where it is an address that can't be meant.
    private static func ipAddress(_ parts: Parts, in text: String) throws(Fault) -> IPAddress? {
        guard let ip = IPAddress(parts.host) else {
            if parts.host.contains("%") {
                throw Fault(
                    "\(Quotation.quote(text)) has a zone, which Herald does not support",
                    expected: "an address without '%'"
                )
            }
            if !parts.isBracketed, IPAddress("\(parts.host):\(parts.port)") != nil {
                throw Fault("\(Quotation.quote(text)) has no port", expected: "[ADDRESS]:PORT")
            }
            if parts.isBracketed || parts.host.contains(":") {
                throw Fault(
                    "\(Quotation.quote(parts.host)) is not an IPv6 address",
                    expected: "an address such as [2001:db8::1]"
                )
            }
            if parts.host.allSatisfy({ $0 == "." || ($0.isASCII && $0.isNumber) }) {
                throw Fault(
                    "\(Quotation.quote(parts.host)) is not an IPv4 address",
                    expected: "four numbers from 0 to 255, such as 192.0.2.1"
                )
            }
            return nil
        }
        if parts.isBracketed && ip.isIPv4 {
            throw Fault(
                "\(Quotation.quote(text)) has an IPv4 address in brackets",
                expected: "brackets around IPv6 addresses only",
                suggestion: "\(ip):\(parts.port)"
            )
        }
        if let family = parts.family, (family == .ipv4) != ip.isIPv4 {
            throw Fault(
                "\(Quotation.quote(text)) is of the other address family",
                expected: "an address of \(family.rawValue)"
            )
        }
        return ip
    }

    /// Labels of 1 to 63 letters, digits, `-` and `_`, 253 characters in all, perhaps a dot at the end.
    private static func isHostName(_ text: String) -> Bool {
        let name = text.hasSuffix(".") ? text.dropLast() : text[...]
        guard (1...253).contains(name.utf8.count) else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    NameText.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }
}
