/// The steps of a check that speaks a protocol of its own.
///
/// Texts that are expected one right after another are looked for in the same bytes, and so may come in any order, as in
/// HAProxy. What has come behind the last of them counts for the texts after the next step: how the server's bytes are
/// cut into pieces changes nothing.
struct DialogueExchange: Sendable {
    /// In reverse order: the next step is the last.
    private var steps: [DialogueStep]
    /// The texts that are looked for now.
    private var searches: [ByteSearch] = []
    private var byteCount = 0

    /// - Parameter steps: at least one.
    init(_ steps: [DialogueStep]) {
        self.steps = steps.reversed()
    }

    /// The first of the texts that have not come; nil where none is waited for.
    var awaitedText: QuotedBytes? {
        searches.first { !$0.isFound }.map { QuotedBytes($0.pattern) }
    }

    mutating func begin() -> CheckExchange.Move {
        let sent = nextWords()
        return searches.isEmpty ? .passed(send: sent) : .goOn(send: sent)
    }

    mutating func received(_ bytes: RawSpan) -> CheckExchange.Move {
        let bytes = Span<UInt8>(_bytes: bytes)
        var sent: [UInt8] = []
        for index in bytes.indices {
            byteCount += 1
            if byteCount > Limits.maximumCheckReplyBytes { return tooLong }
            for search in searches.indices { searches[search].received(bytes[index]) }
            guard searches.allSatisfy(\.isFound) else { continue }
            sent += nextWords()
            if searches.isEmpty { return .passed(send: sent) }
        }
        return .goOn(send: sent)
    }

    private var tooLong: CheckExchange.Move {
        .failed(.answerTooLong(bytes: Limits.maximumCheckReplyBytes, expected: awaitedText))
    }

    /// Goes on to the next texts that are expected, if any are, and returns what is to be sent before them.
    private mutating func nextWords() -> [UInt8] {
        var words: [UInt8] = []
        while case .send(let bytes)? = steps.last {
            steps.removeLast()
            words += bytes
        }
        searches = []
        while case .expect(let bytes)? = steps.last {
            steps.removeLast()
            searches.append(ByteSearch(bytes))
        }
        return words
    }
}
