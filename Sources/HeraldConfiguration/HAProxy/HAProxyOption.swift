/// An option on a `bind` or `server` line that Herald acts on.
struct HAProxyOption<Target>: Sendable {
    typealias Action =
        @Sendable (
            _ target: inout Target, _ word: HAProxyWord, _ value: HAProxyWord, _ arguments: HAProxyArguments
        ) -> Void

    /// What its argument is; nil for an option that stands alone, whose `value` is the option itself.
    var value: String?
    var action: Action

    init(value: String? = nil, action: @escaping Action) {
        self.value = value
        self.action = action
    }

    /// Reads all options of a line. `flags` are the words that Herald does not act on and that stand alone; `keyword` is
    /// the line's own.
    static func read(
        _ words: ArraySlice<HAProxyWord>,
        into target: inout Target,
        _ known: HAProxyWords<HAProxyOption<Target>>,
        flags: Set<String>,
        of keyword: String,
        _ arguments: HAProxyArguments
    ) {
        let problems = arguments.problems
        var rest = words
        var adviceGiven: Set<String> = []
        while let word = rest.popFirst() {
            // "set-proxy-v2-tlv-fmt(0xE0)" is known by what is before the bracket.
            let name = HAProxyWord(text: String(word.text.prefix { $0 != "(" }), position: word.position)
            if case .unsupported(let advice?) = known[name.text], !adviceGiven.insert(advice).inserted {
                // One message is enough for `ssl crt ... alpn ...`.
                if !flags.contains(name.text) { _ = rest.popFirst() }
                continue
            }
            let option = problems.action(
                of: name,
                in: known,
                as: "\(keyword) ... \(name.text)",
                unknown: "unknown option \(word.quoted) of '\(keyword)'"
            )
            guard let option else {
                if known[name.text] == nil {
                    // What follows an unknown word may be its value.
                    while let next = rest.first, known[next.text] == nil { rest = rest.dropFirst() }
                } else if !flags.contains(name.text) {
                    _ = rest.popFirst()
                }
                continue
            }
            guard let expectation = option.value else {
                option.action(&target, word, word, arguments)
                continue
            }
            guard let value = rest.popFirst() else {
                problems.error(word.position, "\(word.quoted) without a value", expected: expectation)
                continue
            }
            option.action(&target, word, value, arguments)
        }
    }
}
