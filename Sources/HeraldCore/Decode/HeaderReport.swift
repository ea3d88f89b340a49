import NetworkAddress
package import ProxyProtocol

/// A PROXY header as JSON, for people who want to see what a load balancer really sent.
package enum HeaderReport {
    /// Takes whatever the format allows: here a header is looked at, not believed.
    private static let limits = HeaderParser.Limits(
        maximumHeaderBytes: HeaderParser.Limits.largestHeaderBytes,
        maximumTLVs: HeaderParser.Limits.largestHeaderBytes / TLV.headBytes
    )

    /// One JSON object about the header at the beginning of `bytes`, and how many bytes follow it.
    package static func json(_ bytes: [UInt8]) throws(HeaderReportError) -> String {
        switch HeaderParser(limits: limits).parse(bytes.span) {
        case .header(let header, let length):
            return value(header, length: length, payloadBytes: bytes.count - length).text
        case .needMore(let count):
            throw .incomplete(received: bytes.count, missing: count)
        case .malformed(let error):
            throw .malformed(error)
        }
    }

    private static func value(_ header: ProxyHeader, length: Int, payloadBytes: Int) -> JSONValue {
        let (source, destination) = endpoints(header.endpoints)
        var members: [(key: String, value: JSONValue)] = [
            ("version", .number(Int(header.version.rawValue))),
            ("command", .string(header.command == .local ? "local" : "proxy")),
            ("family", .string(name(header.family))),
            ("transport", .string(name(header.transport))),
            ("source", source),
            ("destination", destination),
            ("headerLength", .number(length)),
            ("tlvs", .array(header.tlvs.map(TLVReport.value))),
            ("crc32c", .string(header.checksum == .valid ? "valid" : "absent")),
        ]
        if !header.ignoredBytes.isEmpty {
            members.append(("ignoredBytes", .string(HexText.text(header.ignoredBytes))))
        }
        members.append(("payloadBytes", .number(payloadBytes)))
        return .object(members)
    }

    private static func name(_ family: ProxyHeader.Family) -> String {
        switch family {
        case .unspecified: "unspec"
        case .ipv4: "ipv4"
        case .ipv6: "ipv6"
        case .unix: "unix"
        }
    }

    private static func name(_ transport: ProxyHeader.Transport) -> String {
        switch transport {
        case .unspecified: "unspec"
        case .stream: "stream"
        case .datagram: "dgram"
        }
    }

    private static func endpoints(_ endpoints: ProxyHeader.Endpoints) -> (JSONValue, JSONValue) {
        switch endpoints {
        case .none: (.null, .null)
        case .inet(let source, let destination): (address(source), address(destination))
        case .unix(let source, let destination): (path(source), path(destination))
        }
    }

    private static func address(_ address: SocketAddress) -> JSONValue {
        .object([("address", .string(address.ip.description)), ("port", .number(Int(address.port)))])
    }

    /// Up to the first zero, as the system reads it; an abstract name with `@` in place of its own, as tools show it.
    private static func path(_ bytes: [UInt8]) -> JSONValue {
        let isAbstract = bytes.first == 0
        let name = isAbstract ? bytes.dropFirst() : bytes.prefix { $0 != 0 }
        return .object([("path", .string((isAbstract ? "@" : "") + String(decoding: name, as: UTF8.self)))])
    }
}

/// Why there is no report. As text, one line for the user.
package enum HeaderReportError: Error, Hashable, CustomStringConvertible {
    case incomplete(received: Int, missing: Int)
    case malformed(MalformedHeader)

    package var description: String {
        switch self {
        case .incomplete(let received, let missing):
            "incomplete header: \(bytes(received)) received, at least \(missing) more needed"
        case .malformed(let error):
            "malformed header: \(error)"
        }
    }

    private func bytes(_ count: Int) -> String {
        count == 1 ? "1 byte" : "\(count) bytes"
    }
}
