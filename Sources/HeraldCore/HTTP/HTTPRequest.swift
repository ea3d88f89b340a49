/// A request for something to look at: GET or HEAD.
package struct HTTPRequest: Hashable, Sendable {
    package enum Method: String, Hashable, Sendable, CaseIterable {
        case get = "GET"
        case head = "HEAD"
    }

    package let method: Method
    /// From its `/` to the query, which is left out; as it was sent, escapes included.
    package let path: String

    /// - Throws: the status to refuse the request with.
    package init(_ head: HTTPHead) throws(HTTPStatus) {
        // RFC 9112, section 3: three words with one blank between them.
        let words = head.startLine.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, HTTPHead.isToken(words[0].utf8), let version = HTTPVersion(words[2]) else {
            throw .badRequest
        }
        guard version.major == 1 else { throw .versionNotSupported }
        // Section 3.2: since 1.1 there must be one.
        let hostCount = head.values(of: "host").count
        guard hostCount == 1 || (hostCount == 0 && version.minor == 0) else { throw .badRequest }
        guard let method = Method(rawValue: String(words[0])) else { throw .methodNotAllowed }
        guard let path = HTTPRequest.path(of: words[1]) else { throw .badRequest }
        self.method = method
        self.path = path
    }

    /// Of a target in origin form or in absolute form (RFC 9112, sections 3.2.1 and 3.2.2).
    private static func path(of target: Substring) -> String? {
        guard target.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        var rest = target
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let authority = target.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
            guard !authority.isEmpty else { return nil }
            rest = target[authority.endIndex...]
            if !rest.hasPrefix("/") { rest = "/" + rest }
        }
        return rest.hasPrefix("/") ? String(rest.prefix { $0 != "?" }) : nil
    }
}

/// The version in a start line: `HTTP/1.1` (RFC 9112, section 2.3).
struct HTTPVersion {
    let major: Int
    let minor: Int

    init?(_ text: Substring) {
        let digits = text.dropFirst(5).split(separator: ".", omittingEmptySubsequences: false)
        guard text.hasPrefix("HTTP/"), digits.count == 2, digits.allSatisfy({ $0.utf8.count == 1 }),
            let major = digits[0].first?.asciiDigit, let minor = digits[1].first?.asciiDigit
        else { return nil }
        self.major = major
        self.minor = minor
    }
}

extension Character {
    fileprivate var asciiDigit: Int? { isASCII ? wholeNumberValue : nil }
}
