/// How variables of the environment are written.
enum EnvironmentText {
    enum Part: Equatable {
        case text(String)
        /// `$$`
        case dollar
        case variable(String, fallback: String?, written: String)
        /// `${` without what must follow.
        case malformed(String)
    }

    static func parts(of text: String) -> [Part] {
        var parts: [Part] = []
        var rest = text[...]
        while let dollar = rest.utf8.firstIndex(of: UInt8(ascii: "$")) {
            if dollar > rest.startIndex { parts.append(.text(String(rest[..<dollar]))) }
            rest = rest[dollar...]
            var length = 1
            switch rest.utf8.dropFirst().first {
            case UInt8(ascii: "$"):
                parts.append(.dollar)
                length = 2
            case UInt8(ascii: "{"):
                if let whole = referenceLength(rest.utf8) {
                    length = whole
                    parts.append(variable(String(rest.prefix(utf8: length))))
                } else {
                    length = rest.utf8.count
                    parts.append(.malformed(String(rest)))
                }
            default: parts.append(.text("$"))
            }
            rest = rest.dropFirst(utf8: length)
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        return parts
    }

    /// Of the `${...}` that `bytes` begin with, up to its last brace; nil where that is missing.
    static func referenceLength(_ bytes: some Collection<UInt8>) -> Int? {
        var depth = 0
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return index + 1 }
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return nil
            default: break
            }
        }
        return nil
    }

    /// Where the references of a line end.
    struct ReferenceEnds {
        /// The place behind its last brace, by the place of the reference; those that lack theirs are not there.
        var ends: [Int: Int] = [:]
        /// Of the line.
        var end = 0
    }

    /// Of all references from here to the line's end in one go, as many of a line can lack their braces.
    static func referenceEnds(_ bytes: ArraySlice<UInt8>) -> ReferenceEnds {
        var found = ReferenceEnds(end: bytes.endIndex)
        var open: [Int] = []
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "{"): open.append(index)
            case UInt8(ascii: "}"):
                guard let brace = open.popLast(), bytes[brace - 1] == UInt8(ascii: "$") else { continue }
                found.ends[brace - 1] = index + 1
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                found.end = index
                return found
            default: break
            }
        }
        return found
    }

    /// Bytes of a name, where one is complete behind the `${` that `bytes` begin with.
    static func nameLength(_ bytes: some Collection<UInt8>) -> Int? {
        let name = bytes.dropFirst(2).prefix { NameText.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
        guard let first = name.first, !NameText.isDigit(first) else { return nil }
        let behind = bytes.dropFirst(2 + name.count)
        guard behind.first == UInt8(ascii: "}") || behind.starts(with: ":-".utf8) else { return nil }
        return name.count
    }

    /// `written` is `${...}`.
    private static func variable(_ written: String) -> Part {
        guard let length = nameLength(written.utf8) else { return .malformed(written) }
        let name = String(written.dropFirst(utf8: 2).prefix(utf8: length))
        let behind = written.dropLast().dropFirst(utf8: 2 + length)
        guard !behind.isEmpty else { return .variable(name, fallback: nil, written: written) }
        // One default in another is more than anybody needs.
        guard !behind.contains("${") else { return .malformed(written) }
        return .variable(name, fallback: String(behind.dropFirst(utf8: 2)), written: written)
    }
}

extension StringProtocol {
    /// The first `count` bytes.
    fileprivate func prefix(utf8 count: Int) -> SubSequence { self[..<utf8.index(startIndex, offsetBy: count)] }

    /// All but the first `count` bytes.
    fileprivate func dropFirst(utf8 count: Int) -> SubSequence { self[utf8.index(startIndex, offsetBy: count)...] }
}
