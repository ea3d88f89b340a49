/// A word of a line, quotes and escapes resolved, and where it begins.
struct HAProxyWord {
    var text: String
    var position: SourcePosition

    var quoted: String { Quotation.quote(text) }
}

/// A line with at least one word.
struct HAProxyLine {
    var words: [HAProxyWord]
    /// `no` stood before the keyword.
    var isNegated = false
    /// Whether `words` are all; what comes behind them otherwise can't be read, which was said already.
    var isWhole = true

    var keyword: HAProxyWord { words[0] }
    var arguments: ArraySlice<HAProxyWord> { words.dropFirst() }

    /// Precondition: `words` has at least one.
    init(words: [HAProxyWord]) {
        precondition(!words.isEmpty)
        self.words = words
    }

    /// The line from its second word on, as for `timeout` and `option`; nil where there is none.
    var withoutKeyword: HAProxyLine? {
        guard words.count > 1 else { return nil }
        var line = HAProxyLine(words: Array(words.dropFirst()))
        line.isNegated = isNegated
        line.isWhole = isWhole
        return line
    }
}

/// Cuts a file into lines of words as HAProxy does (configuration manual, sections 2.2 and 2.3).
struct HAProxyLexer {
    private let scalars: [Unicode.Scalar]
    private let environment: HAProxyEnvironment
    private let problems: Problems
    private var index = 0
    private var line = 1
    private var lineStart = 0

    /// Bytes that are not UTF-8 are replaced: they are welcome in comments, and no name or keyword has them.
    init(_ bytes: [UInt8], environment: HAProxyEnvironment, problems: Problems) {
        let text = String(decoding: bytes, as: UTF8.self)
        scalars = Array(text.unicodeScalars)
        self.environment = environment
        self.problems = problems
        if scalars.first == "\u{FEFF}" {
            index = 1
            lineStart = 1
        }
        if let last = scalars.last, last != "\n" {
            let lines = text.unicodeScalars.lazy.filter { $0 == "\n" }.count
            let lastLine = scalars.count - (scalars.lastIndex(of: "\n").map { $0 + 1 } ?? 0)
            problems.warning(
                SourcePosition(line: lines + 1, column: lastLine + 1),
                "the last line does not end; the file may be cut off"
            )
        }
    }

    private var position: SourcePosition { SourcePosition(line: line, column: index - lineStart + 1) }

    /// The next line that has words.
    mutating func next() -> HAProxyLine? {
        while index < scalars.count {
            let line = readLine()
            skipLine()
            if let line { return line }
        }
        return nil
    }

    /// To behind the line's end.
    private mutating func skipLine() {
        while index < scalars.count, scalars[index] != "\n" { index += 1 }
        index += 1
        line += 1
        lineStart = index
    }

    /// Up to its end, or to what can't be read; that is reported.
    private mutating func readLine() -> HAProxyLine? {
        var words: [HAProxyWord] = []
        var isWhole = true
        do {
            while let word = try readWord() { words.append(word) }
        } catch {
            problems.error(error.position, error.value)
            isWhole = false
        }
        guard !words.isEmpty else { return nil }
        var line = HAProxyLine(words: words)
        line.isWhole = isWhole
        return line
    }

    private typealias Failure = Located<Fault>

    /// The next word of the line; nil at its end or before a comment.
    private mutating func readWord() throws(Failure) -> HAProxyWord? {
        while let scalar = peek(), HAProxyLexer.isBlank(scalar) { index += 1 }
        var word = HAProxyWord(text: "", position: position)
        var quote: (mark: Unicode.Scalar, position: SourcePosition)?
        var isWord = false
        while let scalar = peek() {
            if let open = quote, open.mark == scalar {
                quote = nil
                index += 1
            } else if quote == nil, scalar == "\"" || scalar == "'" {
                quote = (scalar, position)
                index += 1
            } else if quote == nil, HAProxyLexer.isBlank(scalar) || scalar == "#" {
                break
            } else if scalar == "\\", quote?.mark != "'" {
                try readEscape(inQuotes: quote != nil, into: &word.text)
            } else if scalar == "$", quote?.mark == "\"" {
                word.text += try readVariable()
            } else if scalar == "\0" {
                throw Failure(value: Fault("a NUL character", expected: "text"), position: position)
            } else {
                word.text.unicodeScalars.append(scalar)
                index += 1
            }
            isWord = true
        }
        if let quote {
            throw Failure(
                value: Fault("a quote that is not closed on its line", expected: "a closing \(quote.mark)"),
                position: quote.position
            )
        }
        return isWord ? word : nil
    }

    /// The next character of the line.
    private func peek() -> Unicode.Scalar? {
        guard index < scalars.count, scalars[index] != "\n", scalars[index] != "\r" else { return nil }
        return scalars[index]
    }

    /// The value of `$NAME`, `${NAME}` or `${NAME-default}`.
    private mutating func readVariable() throws(Failure) -> String {
        let start = (index: index, position: position)
        index += 1
        let hasBraces = peek() == "{"
        if hasBraces { index += 1 }
        let name = readName()
        var fallback: String?
        var isMalformed = name.isEmpty
        if hasBraces && !isMalformed {
            if peek() == "[" {
                throw Failure(
                    value: Fault(
                        "'[*]', which makes words of a variable's text, which Herald does not",
                        expected: "'}'"
                    ),
                    position: position
                )
            }
            if peek() == "-" { fallback = readDefault() }
            isMalformed = peek() != "}"
            if !isMalformed { index += 1 }
        }
        if isMalformed {
            if peek() != nil { index += 1 }
            let written = String(String.UnicodeScalarView(scalars[start.index..<index]))
            throw Failure(
                value: Fault(
                    "\(Quotation.quote(written)) is no variable of the environment",
                    expected: "$NAME, ${NAME} or ${NAME-default}, or '\\$' for a dollar sign"
                ),
                position: start.position
            )
        }
        do throws(Fault) {
            return try environment.value(of: name, fallback: fallback)
        } catch {
            throw Failure(value: error, position: start.position)
        }
    }

    /// Empty where none begins here.
    private mutating func readName() -> String {
        var name = ""
        while let scalar = peek(), let byte = UInt8(exactly: scalar.value) {
            guard byte == UInt8(ascii: "_") || NameText.isLetterOrDigit(byte) else { break }
            if name.isEmpty && NameText.isDigit(byte) { break }
            name.unicodeScalars.append(scalar)
            index += 1
        }
        return name
    }

    /// All between the `-` and the brace, quotes and backslashes too.
    private mutating func readDefault() -> String {
        index += 1
        var text = ""
        while let scalar = peek(), scalar != "}" {
            text.unicodeScalars.append(scalar)
            index += 1
        }
        return text
    }

    private mutating func readEscape(inQuotes: Bool, into text: inout String) throws(Failure) {
        let start = position
        index += 1
        guard let escaped = peek() else {
            text.unicodeScalars.append("\\")
            return
        }
        index += 1
        switch escaped {
        case " ", "\\", "#", "'", "\"": text.unicodeScalars.append(escaped)
        case "$" where inQuotes: text.unicodeScalars.append(escaped)
        case "n": text.unicodeScalars.append("\n")
        case "r": text.unicodeScalars.append("\r")
        case "t": text.unicodeScalars.append("\t")
        case "x":
            var value: UInt32 = 0
            for _ in 0..<2 {
                guard let digit = peek().flatMap({ Character($0).hexDigitValue }) else {
                    throw Failure(value: Fault("an escape without its digits", expected: "\\xNN"), position: start)
                }
                value = value << 4 | UInt32(digit)
                index += 1
            }
            text.unicodeScalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        default:
            // Not an escape: both characters count.
            text.unicodeScalars.append("\\")
            index -= 1
        }
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\u{0B}" || scalar == "\u{0C}"
    }
}
