/// What Herald makes of the words that can stand in one place of HAProxy's language.
///
/// A word that Herald learns to act on moves from `unsupported` to `acts`: nothing else changes.
struct HAProxyWords<Action: Sendable>: Sendable {
    enum Meaning: Sendable {
        case acts(Action)
        /// Herald does so anyway.
        case granted
        /// Nothing a client or server sees depends on it; the reason that it is left out.
        case ignored(String)
        /// To leave it out would change what clients or servers see; what to write instead.
        case unsupported(String?)
    }

    /// Every known word; those that Herald acts on first, as they are what is rather meant.
    let names: [String]
    private let meanings: [String: Meaning]
    /// Words that begin so are ignored.
    private let ignoredPrefixes: [String]

    /// `ignored` and `unsupported` are lists of words, separated by blanks, under the reason or the advice that they share.
    init(
        acts: [String: Action],
        granted: String = "",
        ignored: KeyValuePairs<String, String> = [:],
        unsupported: KeyValuePairs<String, String> = [:],
        ignoredPrefixes: [String] = []
    ) {
        var meanings: [String: Meaning] = [:]
        for (advice, words) in unsupported {
            for word in words.split(whereSeparator: \.isWhitespace) {
                meanings[String(word)] = .unsupported(advice.isEmpty ? nil : advice)
            }
        }
        for (reason, words) in ignored {
            for word in words.split(whereSeparator: \.isWhitespace) { meanings[String(word)] = .ignored(reason) }
        }
        for word in granted.split(whereSeparator: \.isWhitespace) { meanings[String(word)] = .granted }
        for (word, action) in acts { meanings[word] = .acts(action) }
        self.meanings = meanings
        let sorted = meanings.sorted { $0.key < $1.key }
        let acting = sorted.filter { if case .acts = $0.value { true } else { false } }
        let others = sorted.filter { if case .acts = $0.value { false } else { true } }
        names = (acting + others).map(\.key)
        self.ignoredPrefixes = ignoredPrefixes
    }

    /// nil for a word that HAProxy does not know either.
    subscript(word: String) -> Meaning? {
        if let meaning = meanings[word] { return meaning }
        return ignoredPrefixes.contains { word.hasPrefix($0) } ? .ignored("it tunes HAProxy") : nil
    }
}

extension Problems {
    /// Resolves a word: its action, or nil after saying what there is to say. `full` is how the message names it.
    func action<Action>(
        of word: HAProxyWord,
        in words: HAProxyWords<Action>,
        as full: String? = nil,
        unknown: String
    ) -> Action? {
        let name = full ?? word.text
        switch words[word.text] {
        case .acts(let action):
            return action
        case .granted:
            return nil
        case .ignored(let reason):
            warning(word.position, "\(Quotation.quote(name)) is not acted on: \(reason)")
            return nil
        case .unsupported(let advice):
            unsupported(word.position, name, instead: advice)
            return nil
        case nil:
            error(word.position, unknown, suggestion: nearest(to: word.text, among: words.names))
            return nil
        }
    }

    func unsupported(_ position: SourcePosition, _ name: String, instead: String? = nil) {
        error(position, "\(Quotation.quote(name)) is HAProxy syntax that Herald does not support", expected: instead)
    }
}
