import NetworkAddress

/// The request of an HTTP check, and how far its reply has come.
struct HTTPExchange: Sendable {
    /// The whole of it: a GET or the like, without a body.
    let request: [UInt8]
    private let settings: HTTPCheckSettings
    private var headReader = HTTPHeadReader()
    private var bodyReader: HTTPBodyReader?
    /// nil where any body will do.
    private var search: ByteSearch?
    /// Bytes of the reply that interim heads, or the body, have taken.
    private var byteCount = 0
    /// How the body begins.
    private(set) var body = AnswerOpening()

    init(_ settings: HTTPCheckSettings, server: SocketAddress) {
        self.settings = settings
        search = settings.body.map { ByteSearch($0) }
        request = HTTPExchange.request(settings, server: server)
    }

    /// RFC 9112, sections 3 and 9.6; RFC 9110, section 8.6.
    private static func request(_ settings: HTTPCheckSettings, server: SocketAddress) -> [UInt8] {
        var lines = ["\(settings.method) \(settings.path) HTTP/\(settings.version.rawValue)"]
        if let host = settings.host ?? (settings.version == .http10 ? nil : server.description) {
            lines.append("Host: \(host)")
        }
        if !settings.fields.contains(where: { $0.name.lowercased() == "user-agent" }) {
            lines.append("User-Agent: herald")
        }
        lines.append("Connection: close")
        // Requests of these methods have a body as a rule.
        if ["POST", "PUT", "PATCH"].contains(settings.method) { lines.append("Content-Length: 0") }
        lines += settings.fields.map { "\($0.name): \($0.value)" }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// The reply is whole.
    var isComplete: Bool { bodyReader?.progress == .complete }

    /// The text that the body, which has begun, lacks so far.
    var awaitedText: QuotedBytes? {
        guard bodyReader != nil, let search, !search.isFound else { return nil }
        return QuotedBytes(search.pattern)
    }

    /// What the connection's end means where it is the body's; nil where it comes before the reply's end.
    var failureAtEnd: ServerFailure? {
        guard bodyReader?.endsWithConnection == true, let awaitedText else { return nil }
        return .unexpectedAnswer(body.quoted, expected: awaitedText)
    }

    /// - Parameter opening: of the whole answer, these bytes included.
    mutating func received(_ bytes: RawSpan, _ opening: AnswerOpening) -> CheckExchange.Move {
        if bodyReader != nil { return receivedBody(bytes, opening) }
        // A server of another protocol may wait for an answer to its greeting for as long as the check lasts.
        guard opening.isHTTP else { return .failed(.notHTTP(opening.quoted)) }
        var offset = 0
        while true {
            let rest = bytes.extracting(offset...)
            switch headReader.received(rest) {
            case .needMore:
                return .goOn(send: [])
            case .malformed:
                return .failed(.notHTTP(opening.quoted))
            case .tooLong:
                return .failed(.answerTooLong(bytes: Limits.maximumHTTPHeadBytes, expected: nil))
            case .head(let head, let bodyOffset):
                guard let status = head.status else { return .failed(.notHTTP(opening.quoted)) }
                // Interim replies come before the one that counts (RFC 9110, section 15.2), but for 101, which is final.
                guard status < 200 && status != 101 else {
                    return receivedHead(head, status: status, body: rest.extracting(bodyOffset...), opening)
                }
                byteCount += headReader.byteCount
                guard byteCount <= Limits.maximumCheckReplyBytes else {
                    return .failed(.answerTooLong(bytes: Limits.maximumCheckReplyBytes, expected: nil))
                }
                headReader = HTTPHeadReader()
                offset += bodyOffset
            }
        }
    }

    private mutating func receivedHead(
        _ head: HTTPHead,
        status: Int,
        body: RawSpan,
        _ opening: AnswerOpening
    ) -> CheckExchange.Move {
        guard settings.status.contains(where: { $0.contains(status) }) else {
            return .failed(.status(status, expected: settings.status))
        }
        bodyReader = HTTPBodyReader(head, status: status, requestMethod: settings.method)
        byteCount = 0
        return receivedBody(body, opening)
    }

    private mutating func receivedBody(_ bytes: RawSpan, _ opening: AnswerOpening) -> CheckExchange.Move {
        let room = Limits.maximumCheckReplyBytes - byteCount
        let isOverLimit = bytes.byteCount > room
        byteCount += min(room, bytes.byteCount)
        let progress = bodyReader?.received(bytes.extracting(..<min(room, bytes.byteCount))) { piece in
            body.append(piece)
            search?.received(piece)
        }
        guard let awaitedText else { return .passed(send: []) }
        return switch progress {
        case .malformed: .failed(.notHTTP(opening.quoted))
        case .complete: .failed(.unexpectedAnswer(body.quoted, expected: awaitedText))
        case _ where isOverLimit:
            .failed(.answerTooLong(bytes: Limits.maximumCheckReplyBytes, expected: awaitedText))
        case .needMore, nil: .goOn(send: [])
        }
    }
}

extension AnswerOpening {
    /// Whether it may become the start line of a reply, with the empty lines before it that the head's reader passes over.
    fileprivate var isHTTP: Bool {
        let line = bytes.drop { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
        return zip(line, "HTTP/1.".utf8).allSatisfy { $0 == $1 }
    }
}
