/// Reads one reply of a server that closes after it, as it does for HTTP/1.0.
///
/// Of the body, `Limits.maximumHTTPReplyBytes` are kept; the rest is not waited for.
package struct HTTPReplyReader: Sendable {
    package enum Progress: Hashable, Sendable {
        case needMore
        case reply(HTTPReply)
        /// The server does not speak HTTP/1.x.
        case malformed
    }

    private var headReader = HTTPHeadReader()
    private var reply: HTTPReply?
    private var bodyLength = Limits.maximumHTTPReplyBytes

    package init() {}

    /// More bytes came. Not to be called again once it has answered otherwise than `needMore`.
    package mutating func received(_ bytes: RawSpan) -> Progress {
        if reply != nil { return receivedBody(bytes) }
        switch headReader.received(bytes) {
        case .needMore: return .needMore
        case .malformed, .tooLong: return .malformed
        case .head(let head, let bodyOffset):
            guard let reply = HTTPReply(head) else { return .malformed }
            self.reply = reply
            if let length = head.values(of: "content-length").first.flatMap({ Int($0) }), length >= 0 {
                bodyLength = min(bodyLength, length)
            }
            return receivedBody(bytes.extracting(bodyOffset...))
        }
    }

    /// The server is done, or nobody waits any longer: what there is by now; nil before the end of the head.
    package var replySoFar: HTTPReply? { reply }

    private mutating func receivedBody(_ bytes: RawSpan) -> Progress {
        let room = bodyLength - (reply?.body.count ?? 0)
        reply?.body.append(contentsOf: bytes.extracting(..<min(room, bytes.byteCount)))
        guard let reply, reply.body.count == bodyLength else { return .needMore }
        return .reply(reply)
    }
}

/// What a server has answered.
package struct HTTPReply: Hashable, Sendable {
    /// 100 to 599.
    package let status: Int
    package fileprivate(set) var body: [UInt8] = []

    package var isSuccess: Bool { (200...299).contains(status) }

    fileprivate init?(_ head: HTTPHead) {
        guard let status = head.status else { return nil }
        self.status = status
    }

    /// The body on one line: whatever is not a visible ASCII character is a blank.
    package var line: String {
        let visible = body.split { !(0x21...0x7e).contains($0) }
        return visible.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }
}

extension HTTPHead {
    /// Of a reply to HTTP/1.x (RFC 9112, section 4), 100 to 599; nil where it is none.
    var status: Int? {
        let words = startLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, let version = HTTPVersion(words[0]), version.major == 1, words[1].utf8.count == 3,
            let status = Int(words[1]), (100...599).contains(status)
        else { return nil }
        return status
    }
}
