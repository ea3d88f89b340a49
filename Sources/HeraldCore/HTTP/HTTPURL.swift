package import NetworkAddress

/// Where something is asked for by plain HTTP: `http://HOST[:PORT][/PATH][?QUERY]` (RFC 9110, section 4.2.1).
package struct HTTPURL: Hashable, Sendable {
    package enum Host: Hashable, Sendable {
        case ip(IPAddress)
        case name(String)
    }

    /// What is wrong with a text that is to be a URL.
    package struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String

        fileprivate init(_ found: String) {
            description = "\(found); expected http://HOST[:PORT][/PATH], such as http://127.0.0.1:9901/readyz"
        }
    }

    package static let defaultPort: UInt16 = 80

    package let host: Host
    package let port: UInt16
    /// Path and query, as they go into the request; empty where the URL has neither.
    package var target: String

    package init(_ address: SocketAddress, target: String) {
        host = .ip(address.ip)
        port = address.port
        self.target = target
    }

    package init(_ text: String) throws(Invalid) {
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Invalid("a URL of other characters than visible ASCII")
        }
        guard text.lowercased().hasPrefix("http://") else { throw Invalid("'\(text)' does not begin with http://") }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { !"/?#".contains($0) }
        var target = rest[authority.endIndex...].prefix { $0 != "#" }
        if target.hasPrefix("?") { target = "/" + target }
        guard !authority.contains("@") else { throw Invalid("'\(text)' has a user name") }
        (host, port) = try HTTPURL.hostAndPort(authority)
        self.target = String(target)
    }

    private static func hostAndPort(_ authority: Substring) throws(Invalid) -> (Host, UInt16) {
        var host = authority
        var port = defaultPort
        let isBracketed = authority.hasPrefix("[")
        let end = isBracketed ? authority.firstIndex(of: "]").map { authority.index(after: $0) } : nil
        if let colon = authority[(end ?? authority.startIndex)...].firstIndex(of: ":") {
            host = authority[..<colon]
            let digits = authority[authority.index(after: colon)...]
            guard let number = SocketAddress.port(digits), number > 0 else {
                throw Invalid("'\(digits)' is not a port")
            }
            port = number
        }
        if isBracketed {
            guard host.hasSuffix("]"), let ip = IPAddress(host.dropFirst().dropLast()), !ip.isIPv4 else {
                throw Invalid("'\(host)' is not an IPv6 address")
            }
            return (.ip(ip), port)
        }
        if let ip = IPAddress(host), ip.isIPv4 { return (.ip(ip), port) }
        guard isName(host) else { throw Invalid("'\(host)' is not a host") }
        return (.name(String(host)), port)
    }

    /// 1 to 253 letters, digits, `-`, `_` and dots; whether it is a name that exists is for the resolver to say.
    private static func isName(_ text: Substring) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
}

extension HTTPURL: CustomStringConvertible {
    package var description: String { "http://\(authority)\(target)" }

    /// As it goes into the Host field.
    package var authority: String {
        switch host {
        case .ip(let ip): "\(SocketAddress(ip, port: port))"
        case .name(let name): "\(name):\(port)"
        }
    }
}
