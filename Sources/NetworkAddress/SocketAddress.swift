/// An IP address and a port.
public struct SocketAddress: Hashable, Sendable {
    public var ip: IPAddress
    public var port: UInt16

    public init(_ ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    /// Reads `192.0.2.1:80` or `[2001:db8::1]:80`; nil for anything else, a name or a missing port included.
    public init?(_ text: some StringProtocol) {
        guard let separator = text.lastIndex(of: ":") else { return nil }
        var host = text[..<separator]
        let isBracketed = host.first == "[" && host.last == "]" && host.count > 2
        if isBracketed { host = host.dropFirst().dropLast() }
        guard let ip = IPAddress(host), ip.isIPv4 != isBracketed,
            let port = SocketAddress.port(text[text.index(after: separator)...])
        else { return nil }
        self.init(ip, port: port)
    }

    /// Reads a port of 0 to 65535, decimal, without sign or leading zero.
    public static func port(_ text: some StringProtocol) -> UInt16? {
        port(ascii: Array(text.utf8).span)
    }

    /// Reads a port of 0 to 65535, decimal, without sign or leading zero; nil unless it is the whole text.
    public static func port(ascii text: Span<UInt8>) -> UInt16? {
        var index = 0
        guard text.count <= 5, let value = Decimal.read(text, at: &index, maximum: 65535), index == text.count
        else { return nil }
        return UInt16(value)
    }

    /// The same endpoint with an IPv4-mapped address as IPv4.
    public var unmapped: SocketAddress {
        SocketAddress(ip.unmapped, port: port)
    }

    /// Hands each ASCII byte of the port in decimal to `body`.
    public func forEachPortASCII(_ body: (UInt8) -> Void) {
        Decimal.forEachASCII(UInt32(port), body)
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `192.0.2.1:80` or `[2001:db8::1]:80`.
    public var description: String {
        ip.isIPv4 ? "\(ip):\(port)" : "[\(ip)]:\(port)"
    }
}
