/// A JSON value whose objects keep the order in which they were written.
enum JSONValue {
    case null
    case bool(Bool)
    case number(Int)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])
}

extension JSONValue {
    /// RFC 8259 text, indented by two spaces, without a newline at its end.
    var text: String {
        var text = ""
        write(to: &text, indentation: "")
        return text
    }

    private func write(to text: inout String, indentation: String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let value): text += String(value)
        case .string(let value): JSONValue.writeQuoted(value, to: &text)
        case .array(let values):
            JSONValue.writeList(values, "[", "]", to: &text, indentation) { value, text, inner in
                value.write(to: &text, indentation: inner)
            }
        case .object(let members):
            JSONValue.writeList(members, "{", "}", to: &text, indentation) { member, text, inner in
                JSONValue.writeQuoted(member.key, to: &text)
                text += ": "
                member.value.write(to: &text, indentation: inner)
            }
        }
    }

    private static func writeList<Element>(
        _ elements: [Element],
        _ opening: String,
        _ closing: String,
        to text: inout String,
        _ indentation: String,
        _ writeElement: (Element, inout String, String) -> Void
    ) {
        text += opening
        let inner = indentation + "  "
        for (index, element) in elements.enumerated() {
            text += index == 0 ? "\n" : ",\n"
            text += inner
            writeElement(element, &text, inner)
        }
        if !elements.isEmpty { text += "\n" + indentation }
        text += closing
    }

    /// Characters that a terminal would act on, or that nobody would see, are escaped too, because the text is a peer's.
    private static func writeQuoted(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where isVisible(scalar): text.unicodeScalars.append(scalar)
            default:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                }
            }
        }
        text += "\""
    }

    static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
