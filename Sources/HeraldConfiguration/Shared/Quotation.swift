/// How text of a configuration file looks in a message: quoted, on one line, bounded.
enum Quotation {
    /// Characters of a file's text that a message repeats at most.
    static let maximumLength = 48

    /// `'text'`, control characters escaped, cut after `maximumLength` characters.
    static func quote(_ text: String) -> String {
        let isCut = text.unicodeScalars.dropFirst(maximumLength).first != nil
        let kept = String(String.UnicodeScalarView(text.unicodeScalars.prefix(maximumLength)))
        return "'\(escape(kept))\(isCut ? "..." : "")'"
    }

    /// The text with everything that could move a terminal's cursor written as `\n`, `\t` or `\u{1b}`.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                escaped += escape(scalar)
            default:
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
}
