import NetworkAddress

// Version 1: one line of text (section 2.1).
extension HeaderParser {
    /// `PROXY UNKNOWN` and CRLF.
    static let shortestVersion1Line = 15
    /// Where the protocol's name begins, behind `PROXY` and a space.
    private static let protocolOffset = 6
    /// Where the source address begins, behind `PROXY TCP4` and a space.
    private static let sourceOffset = 11
    /// Where CR must be at the latest.
    private static let lastLineEnd = Limits.longestVersion1Line - 2

    func parseVersion1(_ line: Span<UInt8>) throws(Stop) -> (ProxyHeader, length: Int) {
        try checkVersion1Signature(line)
        switch try HeaderParser.readProtocol(line) {
        case .unspecified, .unix:
            return try HeaderParser.readIgnoredRest(line)
        case let family:
            return try HeaderParser.readAddresses(line, family: family)
        }
    }

    /// Expects `PROXY` and a space.
    private func checkVersion1Signature(_ line: Span<UInt8>) throws(Stop) {
        let length = HeaderSignature.version1.count
        let matched = HeaderSignature.version1MatchLength(line)
        if !limits.acceptsVersion1 && matched == min(line.count, length) {
            throw .malformed(.versionNotAccepted, at: 0, .excerpt(of: line, from: 0))
        }
        let isWhole = matched == length && line.count > length
        guard matched == min(line.count, length), !isWhole || line[length] == UInt8(ascii: " ") else {
            throw .malformed(.notAHeader, at: matched, .excerpt(of: line, from: 0))
        }
        if !isWhole { throw .needMore(atLeast: HeaderParser.shortestVersion1Line - line.count) }
    }
}

// MARK: - Protocol and family

extension HeaderParser {
    /// IPv4 for `TCP4`, IPv6 for `TCP6`, unspecified for `UNKNOWN`; the first two with the space behind them.
    private static func readProtocol(_ line: Span<UInt8>) throws(Stop) -> ProxyHeader.Family {
        let word = line.extracting(protocolOffset...)
        let unknown = matchLength(word, "UNKNOWN")
        if unknown == unknownLength { return .unspecified }
        if unknown == word.count { throw .needMore(atLeast: shortestVersion1Line - line.count) }

        let tcp4 = matchLength(word, "TCP4 ")
        let tcp6 = matchLength(word, "TCP6 ")
        if tcp4 == tcpLength { return .ipv4 }
        if tcp6 == tcpLength { return .ipv6 }
        if tcp6 == word.count { throw .needMore(atLeast: Version1Field.shortestLine(.ipv6) - line.count) }
        if tcp4 == word.count { throw .needMore(atLeast: Version1Field.shortestLine(.ipv4) - line.count) }
        let mismatch = protocolOffset + max(unknown, tcp4, tcp6)
        throw .malformed(.unknownProtocol, at: mismatch, .excerpt(of: line, from: protocolOffset))
    }

    private static let unknownLength = 7
    private static let tcpLength = 5

    /// How many bytes at the start of `text` are those of `word`.
    private static func matchLength(_ text: Span<UInt8>, _ word: String) -> Int {
        var index = 0
        for byte in word.utf8 {
            guard index < text.count, text[index] == byte else { break }
            index += 1
        }
        return index
    }

    /// Passes over the rest of an `UNKNOWN` line: anything up to CRLF. A lone CR or LF does not end a line, and can't
    /// be in one.
    private static func readIgnoredRest(_ line: Span<UInt8>) throws(Stop) -> (ProxyHeader, length: Int) {
        let start = protocolOffset + unknownLength
        var end = start
        while end < line.count, line[end] != UInt8(ascii: "\r") {
            guard line[end] != UInt8(ascii: "\n") else {
                throw .malformed(.badLineEnd, at: end, .excerpt(of: line, from: end))
            }
            try checkLineGoesOn(line, at: end)
            end += 1
        }
        guard end < line.count else { throw .needMore(atLeast: 2) }
        let length = try readLineFeed(line, behind: end)
        var rest: [UInt8] = []
        for index in start..<end { rest.append(line[index]) }
        let header = ProxyHeader(
            version: .v1,
            command: .proxy,
            family: .unspecified,
            transport: .unspecified,
            endpoints: .none,
            ignoredBytes: rest
        )
        return (header, length)
    }

    /// Expects LF behind the CR at `index`; the line's length.
    private static func readLineFeed(_ line: Span<UInt8>, behind index: Int) throws(Stop) -> Int {
        guard index + 1 < line.count else { throw .needMore(atLeast: 1) }
        guard line[index + 1] == UInt8(ascii: "\n") else {
            throw .malformed(.badLineEnd, at: index + 1, .excerpt(of: line, from: index))
        }
        return index + 2
    }

    /// Refuses a line that goes on at `index`, where CR must be for CRLF to lie within 107 bytes.
    private static func checkLineGoesOn(_ line: Span<UInt8>, at index: Int) throws(Stop) {
        guard index < lastLineEnd else {
            throw .malformed(.lineTooLong, at: index, .excerpt(of: line, from: 0))
        }
    }
}

// MARK: - Addresses and ports

extension HeaderParser {
    /// Reads `source destination port port` and CRLF. A field is read once the byte that ends it is there.
    private static func readAddresses(
        _ line: Span<UInt8>,
        family: ProxyHeader.Family
    ) throws(Stop) -> (ProxyHeader, length: Int) {
        var cursor = sourceOffset
        let source = try readAddress(line, .source, family, at: &cursor)
        let destination = try readAddress(line, .destination, family, at: &cursor)
        let sourcePort = try readPort(line, .sourcePort, family, at: &cursor)
        let destinationPort = try readPort(line, .destinationPort, family, at: &cursor)
        let length = try readLineFeed(line, behind: cursor - 1)
        let header = ProxyHeader(
            version: .v1,
            command: .proxy,
            family: family,
            transport: .stream,
            endpoints: .inet(
                source: SocketAddress(source, port: sourcePort),
                destination: SocketAddress(destination, port: destinationPort)
            )
        )
        return (header, length)
    }

    private static func readAddress(
        _ line: Span<UInt8>,
        _ field: Version1Field,
        _ family: ProxyHeader.Family,
        at cursor: inout Int
    ) throws(Stop) -> IPAddress {
        let range = try readField(line, field, family, at: &cursor)
        let text = line.extracting(range)
        if family == .ipv4, let address = IPv4Address(ascii: text) { return .v4(address) }
        if family == .ipv6, let address = IPv6Address(ascii: text) { return .v6(address) }
        throw .malformed(field.flaw(family), at: range.lowerBound, .excerpt(of: line, range))
    }

    private static func readPort(
        _ line: Span<UInt8>,
        _ field: Version1Field,
        _ family: ProxyHeader.Family,
        at cursor: inout Int
    ) throws(Stop) -> UInt16 {
        let range = try readField(line, field, family, at: &cursor)
        guard let port = SocketAddress.port(ascii: line.extracting(range)) else {
            throw .malformed(field.flaw(family), at: range.lowerBound, .excerpt(of: line, range))
        }
        return port
    }

    /// The field that begins at `cursor`, which moves behind the byte that ends it.
    private static func readField(
        _ line: Span<UInt8>,
        _ field: Version1Field,
        _ family: ProxyHeader.Family,
        at cursor: inout Int
    ) throws(Stop) -> Range<Int> {
        let start = cursor
        while cursor < line.count {
            let byte = line[cursor]
            if byte == field.terminator {
                cursor += 1
                return start..<cursor - 1
            }
            guard byte != UInt8(ascii: "\n") else {
                throw .malformed(.badLineEnd, at: cursor, .excerpt(of: line, from: cursor))
            }
            guard field.admits(byte, family), cursor - start < field.longest(family) else {
                throw .malformed(field.flaw(family), at: cursor, .excerpt(of: line, start..<cursor + 1))
            }
            try checkLineGoesOn(line, at: cursor)
            cursor += 1
        }
        let missing = max(0, field.shortest(family) - (line.count - start))
        throw .needMore(atLeast: missing + field.shortestRest(family))
    }
}

/// The four fields of a TCP4 or TCP6 line.
private enum Version1Field {
    case source
    case destination
    case sourcePort
    case destinationPort

    var terminator: UInt8 { self == .destinationPort ? UInt8(ascii: "\r") : UInt8(ascii: " ") }

    private var isPort: Bool { self == .sourcePort || self == .destinationPort }

    func flaw(_ family: ProxyHeader.Family) -> MalformedHeader.Reason {
        switch self {
        case .source: family == .ipv4 ? .invalidSourceIPv4 : .invalidSourceIPv6
        case .destination: family == .ipv4 ? .invalidDestinationIPv4 : .invalidDestinationIPv6
        case .sourcePort: .invalidSourcePort
        case .destinationPort: .invalidDestinationPort
        }
    }

    /// Bytes of `0.0.0.0`, `::` and `0`.
    func shortest(_ family: ProxyHeader.Family) -> Int {
        isPort ? 1 : family == .ipv4 ? 7 : 2
    }

    func longest(_ family: ProxyHeader.Family) -> Int {
        isPort ? 5 : family == .ipv4 ? 15 : IPv6Address.maximumTextLength
    }

    /// The least that follows this field's text: separators, later fields, CRLF.
    func shortestRest(_ family: ProxyHeader.Family) -> Int {
        switch self {
        case .source: 1 + Version1Field.destination.shortest(family) + 6
        case .destination: 6
        case .sourcePort: 4
        case .destinationPort: 2
        }
    }

    func admits(_ byte: UInt8, _ family: ProxyHeader.Family) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."): !isPort
        case UInt8(ascii: ":"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
            !isPort && family == .ipv6
        default: false
        }
    }

    /// `PROXY TCP4` or `TCP6`, a space, the shortest fields, CRLF.
    static func shortestLine(_ family: ProxyHeader.Family) -> Int {
        11 + source.shortest(family) + source.shortestRest(family)
    }
}
