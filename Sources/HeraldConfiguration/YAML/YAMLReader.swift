internal import HeraldCore

/// Reads nodes as the values that the model has; what can't be read is reported and nil.
struct YAMLReader {
    let problems: Problems
    /// The key whose value is read, for messages.
    var key: String?

    func reading(_ key: String) -> YAMLReader {
        YAMLReader(problems: problems, key: key)
    }

    func text(_ node: YAMLNode, _ expectation: String) -> String? {
        guard case .scalar(let text, _) = node.content, !node.isNothing else {
            refuse(node, expectation)
            return nil
        }
        return text
    }

    /// The text of a scalar, read by `parse`.
    func value<Value>(
        _ node: YAMLNode,
        _ expectation: String,
        _ parse: (String) throws(Fault) -> Value
    ) -> Value? {
        guard let text = text(node, expectation) else { return nil }
        return at(node) { () throws(Fault) in try parse(text) }
    }

    /// Runs `body`; a fault becomes an error about the node's text.
    private func at<Value>(_ node: YAMLNode, _ body: () throws(Fault) -> Value) -> Value? {
        problems.at(node.position) { () throws(Fault) in
            do throws(Fault) {
                return try body()
            } catch {
                throw Fault(error.found + node.origin, expected: error.expected, suggestion: error.suggestion)
            }
        }
    }

    func truth(_ node: YAMLNode) -> Bool? {
        guard case .scalar(let text, let isPlain) = node.content else {
            refuse(node, "true or false")
            return nil
        }
        if isPlain && text == "true" { return true }
        if isPlain && text == "false" { return false }
        let meant: String? =
            switch text.lowercased() {
            case "yes", "on", "y", "true", "1", "enabled": "true"
            case "no", "off", "n", "false", "0", "disabled": "false"
            default: nil
            }
        refuse(node, "true or false, without quotes", suggestion: meant)
        return nil
    }

    func integer(_ node: YAMLNode, in range: ClosedRange<Int>) -> Int? {
        let expectation = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let text = text(node, expectation) else { return nil }
        guard case .scalar(_, isPlain: true) = node.content else {
            refuse(node, "\(expectation), without quotes")
            return nil
        }
        guard text == "0" || !text.hasPrefix("0") else {
            refuse(node, "\(expectation), without leading zeros")
            return nil
        }
        return at(node) { () throws(Fault) in
            try NumberText.parse(text, key.map(Quotation.quote) ?? "a number", in: range)
        }
    }

    /// A duration of more than zero.
    func duration(_ node: YAMLNode) -> Duration? {
        duration(node, orElse: nil)
    }

    func durationOrZero(_ node: YAMLNode) -> Duration? {
        value(node, "a duration, such as 5s") { text throws(Fault) in try DurationText.parse(text) }
    }

    private static let wordsForNever: Set<String> = [
        "never", "forever", "infinite", "infinity", "unlimited", "none", "off", "no", "false", "disabled",
    ]

    /// A duration of more than zero, or `never`, which is nil.
    func timeout(_ node: YAMLNode, into timeout: inout Duration?) {
        if case .scalar("never", _) = node.content {
            timeout = nil
        } else if case .scalar(let text, _) = node.content, YAMLReader.wordsForNever.contains(text.lowercased()) {
            refuse(node, "a duration, such as 5s, or never", suggestion: "never")
        } else if let duration = duration(node, orElse: "never") {
            timeout = duration
        }
    }

    private func duration(_ node: YAMLNode, orElse alternative: String?) -> Duration? {
        guard let duration = durationOrZero(node) else { return nil }
        guard duration > .zero else {
            refuse(node, "a duration of 1ms or more", suggestion: alternative)
            return nil
        }
        return duration
    }

    /// One of the raw values.
    func choice<Choice: CaseIterable & RawRepresentable<String>>(_ node: YAMLNode, as type: Choice.Type) -> Choice? {
        let names = type.allCases.map(\.rawValue)
        let expectation = YAMLReader.oneOf(names)
        guard let text = text(node, expectation) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        refuse(node, expectation, suggestion: problems.nearest(to: text, among: names))
        return nil
    }

    /// Says that this value of the key is not what it must be.
    func refuse(_ node: YAMLNode, _ expectation: String, suggestion: String? = nil) {
        if case .unreadable = node.content { return }
        let found = node.found + node.origin + (key.map { " for \(Quotation.quote($0))" } ?? "")
        problems.error(node.position, found, expected: expectation, suggestion: suggestion)
    }

    /// A list's items; a value that is no list is a list of one.
    func items(_ node: YAMLNode, _ expectation: String) -> [YAMLNode] {
        if case .list(let items) = node.content {
            if items.isEmpty { refuse(node, expectation) }
            return items
        }
        if node.isNothing {
            refuse(node, expectation)
            return []
        }
        return [node]
    }

    /// A mapping's entries, each key once; nil where it is none.
    func entries(_ node: YAMLNode, _ expectation: String) -> [YAMLEntry]? {
        guard case .mapping(let entries) = node.content else {
            refuse(node, expectation)
            return nil
        }
        var first: [String: SourcePosition] = [:]
        return entries.filter { entry in
            guard let earlier = first[entry.key] else {
                first[entry.key] = entry.position
                return true
            }
            problems.error(
                entry.position,
                "the key \(Quotation.quote(entry.key)) again, after line \(earlier.line)",
                expected: "each key once"
            )
            return false
        }
    }

    /// `a, b or c`
    static func oneOf(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return "\(names.dropLast().joined(separator: ", ")) or \(last)"
    }
}

/// The keys that one kind of mapping can have, and what each does: one line of a table for each.
struct YAMLKeys<Target>: Sendable {
    typealias Read = @Sendable (_ target: inout Target, _ value: YAMLNode, _ reader: YAMLReader) -> Void

    /// What has these keys: "a server".
    let subject: String
    let keys: KeyValuePairs<String, Read>
    /// What HAProxy or others call a key, where that is too far from its name to be guessed.
    var foreignWords: [String: String] = [:]

    /// Reads the mapping into `target`; false where it is none.
    @discardableResult
    func read(_ node: YAMLNode, into target: inout Target, _ reader: YAMLReader) -> Bool {
        guard let entries = reader.entries(node, "a mapping with the keys of \(subject)") else { return false }
        read(entries, into: &target, reader)
        return true
    }

    /// Whether `key` is there, or a word that was meant to be it and has got its message.
    func mention(_ key: String, in node: YAMLNode) -> Bool {
        guard case .mapping(let entries) = node.content else { return false }
        let names = keys.map(\.key)
        return entries.contains { entry in
            entry.key == key || foreignWords[entry.key] == key
                || (!names.contains(entry.key) && NearMiss.find(entry.key, among: [key]) != nil)
        }
    }

    func read(_ entries: [YAMLEntry], into target: inout Target, _ reader: YAMLReader) {
        for entry in entries {
            if let read = keys.first(where: { $0.key == entry.key })?.value {
                read(&target, entry.value, reader.reading(entry.key))
            } else {
                let names = keys.map(\.key)
                reader.problems.error(
                    entry.position,
                    "unknown key \(Quotation.quote(entry.key)) in \(subject)",
                    expected: YAMLReader.oneOf(names),
                    suggestion: foreignWords[entry.key] ?? reader.problems.nearest(to: entry.key, among: names)
                )
            }
        }
    }
}
