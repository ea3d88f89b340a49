/// A value of a YAML document, and where it begins.
struct YAMLNode {
    enum Content {
        /// Plain text can be a number or a truth value; quoted text is text.
        case scalar(String, isPlain: Bool)
        case list([YAMLNode])
        case mapping([YAMLEntry])
        /// What stands there has got its message already.
        case unreadable
    }

    var content: Content
    var position: SourcePosition
    /// The scalar as the file has it, where it has a `$`.
    var source: String?

    /// Nothing was written: `key:`, `key: ~` or `key: null`.
    var isNothing: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// For messages: the quoted text, or what kind of thing stands there.
    var found: String {
        if isNothing { return "nothing" }
        return switch content {
        case .scalar(let text, _): Quotation.quote(text)
        case .list(let items): items.isEmpty ? "an empty list" : "a list"
        case .mapping: "a mapping"
        case .unreadable: "something else"
        }
    }

    /// For messages: where the text comes from that `found` shows; empty where it stands in the file.
    var origin: String {
        guard let source, case .scalar(let text, _) = content, text != source else { return "" }
        return " (from \(Quotation.quote(source)))"
    }
}

/// A key of a mapping with its value.
struct YAMLEntry {
    var key: String
    var position: SourcePosition
    var value: YAMLNode
}

extension YAMLNode {
    /// Reads one document; nil after an error that leaves no tree to go on with.
    ///
    /// - Parameter environment: the value of a variable, which takes its place in values.
    static func parse(
        _ bytes: [UInt8],
        problems: Problems,
        environment: @escaping (String) -> String?
    ) -> YAMLNode? {
        let mask = ReferenceMask(bytes)
        var tree = YAMLTree(problems: problems, mask: mask)
        do {
            try YAMLEvents.read(mask.bytes) { tree.add($0) }
        } catch {
            problems.error(error.position, error.fault(in: bytes))
            return nil
        }
        if tree.root == nil && !problems.hasErrors {
            problems.error(
                SourcePosition(line: 1, column: 1),
                "the file is empty",
                expected: "a configuration, such as Config/herald.yaml"
            )
        }
        guard !problems.hasErrors, var root = tree.root else { return nil }
        var variables = YAMLEnvironment(bytes, problems: problems, variable: environment)
        variables.fill(&root)
        return root
    }
}

/// Puts a tree together from events.
private struct YAMLTree {
    /// A list or mapping that has not ended.
    struct Open {
        var node: YAMLNode
        var items: [YAMLNode] = []
        var entries: [YAMLEntry] = []
        /// In a mapping, the key that waits for its value; a key that can't be one has no text.
        var key: Located<String?>?
    }

    let problems: Problems
    private let mask: ReferenceMask
    private(set) var root: YAMLNode?
    private var open: [Open] = []
    private var documents = 0

    init(problems: Problems, mask: ReferenceMask) {
        self.problems = problems
        self.mask = mask
    }

    /// Whether to go on.
    mutating func add(_ event: YAMLEvent) -> Bool {
        refuseMachinery(event)
        switch event.kind {
        case .documentStart:
            documents += 1
            if documents > 1 {
                problems.error(event.position, "a second document", expected: "one document in a file")
                return false
            }
        case .documentEnd, .streamEnd:
            break
        case .alias:
            // Reported above; the tree keeps its shape.
            close(YAMLNode(content: .scalar("", isPlain: true), position: event.position))
        case .scalar(let text, let isPlain):
            close(YAMLNode(content: .scalar(mask.unmasked(text), isPlain: isPlain), position: event.position))
        case .listStart, .mappingStart:
            guard open.count < ConfigurationLimits.maximumYAMLDepth else {
                problems.error(
                    event.position,
                    "too many lists and mappings within each other",
                    expected: "at most \(ConfigurationLimits.maximumYAMLDepth)"
                )
                return false
            }
            let isList = if case .listStart = event.kind { true } else { false }
            open.append(Open(node: YAMLNode(content: isList ? .list([]) : .mapping([]), position: event.position)))
        case .collectionEnd:
            guard var ended = open.popLast() else { return false }
            if case .list = ended.node.content {
                ended.node.content = .list(ended.items)
            } else {
                ended.node.content = .mapping(ended.entries)
            }
            close(ended.node)
        }
        return true
    }

    /// Anchors, aliases and tags: a few bytes of aliases can stand for gigabytes, and tags call for types.
    private func refuseMachinery(_ event: YAMLEvent) {
        if case .alias(let name) = event.kind {
            problems.error(
                event.position,
                "the alias \(Quotation.quote("*" + name))",
                expected: "the value written out"
            )
        }
        if let anchor = event.anchor {
            problems.error(event.position, "the anchor \(Quotation.quote("&" + anchor))", expected: "the value alone")
        }
        if let tag = event.tag {
            problems.error(event.position, "the tag \(Quotation.quote(tag))", expected: "the value alone")
        }
    }

    /// A node is whole: it goes to what is open around it.
    private mutating func close(_ node: YAMLNode) {
        guard let last = open.indices.last else {
            root = node
            return
        }
        if case .list = open[last].node.content {
            open[last].items.append(node)
        } else if let key = open[last].key {
            open[last].key = nil
            if let text = key.value {
                open[last].entries.append(YAMLEntry(key: text, position: key.position, value: node))
            }
        } else if case .scalar(let text, _) = node.content {
            open[last].key = Located(value: text, position: node.position)
        } else {
            problems.error(node.position, "\(node.found) as a key", expected: "a word")
            open[last].key = Located(value: nil, position: node.position)
        }
    }
}
