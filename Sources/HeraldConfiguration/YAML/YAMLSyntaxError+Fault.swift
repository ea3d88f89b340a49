/// libyaml's errors in plain words.
extension YAMLSyntaxError {
    /// What libyaml says, and what that means to somebody who has the file open.
    private static let translations: KeyValuePairs<String, Fault> = [
        "mapping values are not allowed": Fault(
            "a ':' where no value can begin",
            expected: "quotes around text with ': ' in it, or keys on lines of their own"
        ),
        "did not find expected key": Fault(
            "something that is no key of the mapping around it",
            expected: "'key: value', indented as the keys above"
        ),
        "could not find expected ':'": Fault("a key without its ':'", expected: "'key: value'"),
        "did not find expected '-' indicator": Fault(
            "something that is no item of the list around it",
            expected: "'- ', indented as the items above"
        ),
        "did not find expected ',' or ']'": Fault("a list that goes on without ',' or ']'", expected: "',' or ']'"),
        "did not find expected ',' or '}'": Fault("a mapping that goes on without ',' or '}'", expected: "',' or '}'"),
        "found unexpected end of stream": Fault("the end of the file inside quotes", expected: "the closing quote"),
        "found unexpected document indicator": Fault("'---' or '...' inside quotes", expected: "the closing quote"),
        "found unknown escape character": Fault(
            "an unknown escape in double quotes",
            expected: "\\\\, \\\", \\n, \\t or \\xNN; or single quotes"
        ),
        "did not find expected hexdecimal number": Fault(
            "an escape without its digits",
            expected: "hexadecimal digits"
        ),
        "block sequence entries are not allowed": Fault(
            "a list item where none can begin",
            expected: "'- ' on a line of its own, indented"
        ),
        "mapping keys are not allowed": Fault("a key where none can begin", expected: "the key on a line of its own"),
        "did not find expected node content": Fault("nothing where a value must be", expected: "a value"),
        "did not find expected <document start>": Fault(
            "something after the end of the document",
            expected: "all keys at one indentation, in one document"
        ),
        "found incompatible YAML document": Fault("another version of YAML", expected: "YAML 1.1 or 1.2"),
        "control characters are not allowed": Fault("a control character", expected: "text"),
        "octet": Fault("bytes that are not UTF-8", expected: "a file saved as UTF-8"),
        "UTF-8": Fault("bytes that are not UTF-8", expected: "a file saved as UTF-8"),
        "surrogate": Fault("bytes that are not UTF-16", expected: "a file saved as UTF-8"),
        "not enough memory": Fault("not enough memory to read the file"),
    ]

    /// What stands at the error, in words.
    func fault(in bytes: [UInt8]) -> Fault {
        if problem.contains("cannot start any token"), let character = character(in: bytes) {
            if character == "\t" {
                return Fault("a tab where YAML wants spaces", expected: "spaces for indentation")
            }
            return Fault(
                "a value that begins with \(Quotation.quote(String(character)))",
                expected: "quotes around such a value"
            )
        }
        var fault =
            YAMLSyntaxError.translations.first { problem.contains($0.key) }?.value ?? Fault(problem, expected: "YAML")
        if let contextPosition, contextPosition.line < position.line, let context {
            fault.found += " (\(context), begun on line \(contextPosition.line))"
        }
        return fault
    }

    private func character(in bytes: [UInt8]) -> Unicode.Scalar? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(position.line - 1) else { return nil }
        let scalars = String(decoding: lines[position.line - 1], as: UTF8.self).unicodeScalars
        return scalars.dropFirst(position.column - 1).first
    }
}
