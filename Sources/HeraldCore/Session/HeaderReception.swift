package import ProxyProtocol

/// Collects what a peer sends until it is a header, or certain to be none.
///
/// Fragments are kept, at most as many bytes as the largest header that is accepted; a header that comes whole, as
/// almost all do, is parsed where it lies. What the parser has asked for is waited for before it is asked again, so that
/// a peer who sends single bytes costs no more than one who sends all at once.
package struct HeaderReception: Sendable {
    package enum Action: Sendable {
        case needMore
        /// The header, and what came behind it: the client's first bytes.
        case header(ProxyHeader, payload: [UInt8])
        case malformed(MalformedHeader)
    }

    private let parser: HeaderParser
    private var fragments: [UInt8] = []
    /// Bytes in all without which the parser is not asked again.
    package private(set) var neededBytes = 1

    package init(parser: HeaderParser) {
        self.parser = parser
    }

    /// Bytes that came so far and are no header yet.
    package var byteCount: Int { fragments.count }

    /// More bytes came. Not to be called again once it has answered otherwise than `needMore`.
    package mutating func received(_ bytes: RawSpan) -> Action {
        if fragments.isEmpty { return parse(Span(_bytes: bytes), isFragment: false) }
        fragments.append(contentsOf: bytes)
        guard fragments.count >= neededBytes else { return .needMore }
        let collected = fragments
        return parse(collected.span, isFragment: true)
    }

    /// No more bytes come.
    ///
    /// - Returns: why what came could not have become a header; nil where it could have.
    package func ended() -> MalformedHeader? {
        guard !fragments.isEmpty, case .malformed(let error) = parser.parse(fragments.span) else { return nil }
        return error
    }

    private mutating func parse(_ bytes: Span<UInt8>, isFragment: Bool) -> Action {
        switch parser.parse(bytes) {
        case .needMore(let missing):
            if !isFragment { fragments.append(contentsOf: bytes) }
            neededBytes = bytes.count + missing
            return .needMore
        case .header(let header, let length):
            fragments = []
            return .header(header, payload: [UInt8](copying: bytes.extracting(length...)))
        case .malformed(let reason):
            return .malformed(reason)
        }
    }
}
