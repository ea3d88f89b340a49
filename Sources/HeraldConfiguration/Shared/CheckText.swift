internal import HeraldCore

/// The parts of a check, as both languages write them.
enum CheckText {
    static let statusExpectation = "a status such as 200, or a range such as 200-299"

    /// A token (RFC 9110, section 5.6.2).
    static func method(_ text: String) throws(Fault) -> String {
        guard isToken(text) else {
            throw Fault("\(Quotation.quote(text)) is not a method", expected: "a word such as GET, HEAD or OPTIONS")
        }
        guard text != "CONNECT" else {
            throw Fault("the method CONNECT, which asks for no page", expected: "GET, HEAD or OPTIONS")
        }
        return text
    }

    static func path(_ text: String) throws(Fault) -> String {
        guard text.hasPrefix("/") else {
            throw Fault(
                "the path \(Quotation.quote(text)) without a slash at its beginning",
                expected: "a path such as /healthz",
                suggestion: text.contains(":") || text.isEmpty ? nil : "/\(text)"
            )
        }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Fault(
                "the path \(Quotation.quote(text)) has a blank or another byte that no path has",
                expected: "visible ASCII, everything else as %20 and the like"
            )
        }
        return try limited(text)
    }

    static func fieldName(_ text: String) throws(Fault) -> String {
        guard isToken(text) else {
            throw Fault("\(Quotation.quote(text)) is not a header's name", expected: "a word such as X-Probe")
        }
        switch text.lowercased() {
        case "host":
            throw Fault("the header \(Quotation.quote(text))", expected: "'host' in its place")
        case "connection", "content-length", "transfer-encoding":
            throw Fault("the header \(Quotation.quote(text)), which the check sets itself")
        default:
            return try limited(text)
        }
    }

    /// Visible ASCII, blanks and tabs (RFC 9110, section 5.5).
    static func fieldValue(_ text: String) throws(Fault) -> String {
        guard text.utf8.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 0x09 }) else {
            throw Fault(
                "\(Quotation.quote(text)) has a byte that no header's value has",
                expected: "visible ASCII and blanks"
            )
        }
        return try limited(text)
    }

    static func status(_ text: String) throws(Fault) -> ClosedRange<Int> {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false)
        let numbers = bounds.compactMap { bound in
            bound.count == 3 && bound.utf8.allSatisfy(NameText.isDigit) ? Int(bound) : nil
        }
        guard (1...2).contains(bounds.count), numbers.count == bounds.count,
            let first = numbers.first, let last = numbers.last
        else { throw Fault("\(Quotation.quote(text)) is not a status", expected: statusExpectation) }
        let range = HTTPCheckSettings.statusRange
        guard range.contains(first) && range.contains(last) else {
            throw Fault(
                "\(Quotation.quote(text)) is no status that there can be",
                expected: "\(range.lowerBound) to \(range.upperBound)"
            )
        }
        guard first <= last else {
            throw Fault(
                "\(Quotation.quote(text)) is a range from more to less",
                expected: statusExpectation,
                suggestion: "\(last)-\(first)"
            )
        }
        return first...last
    }

    /// What is sent, expected or looked for.
    static func sought(_ text: String) throws(Fault) -> [UInt8] {
        guard !text.isEmpty else { throw Fault("an empty text", expected: "at least one character") }
        return Array(try limited(text).utf8)
    }

    static func hex(_ text: String) throws(Fault) -> [UInt8] {
        let digits = text.filter { $0 != " " }
        let values = digits.compactMap(\.hexDigitValue)
        guard !digits.isEmpty, values.count == digits.count, digits.utf8.count == digits.count else {
            throw Fault("\(Quotation.quote(text)) is not hex", expected: "two digits of 0 to f for each byte")
        }
        guard values.count.isMultiple(of: 2) else {
            throw Fault("\(Quotation.quote(text)) ends within a byte", expected: "two digits for each byte")
        }
        guard values.count / 2 <= Limits.maximumCheckStepBytes else { throw tooLong(values.count / 2) }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] * 16 + values[$0 + 1]) }
    }

    private static func limited(_ text: String) throws(Fault) -> String {
        guard text.utf8.count <= Limits.maximumCheckStepBytes else { throw tooLong(text.utf8.count) }
        return text
    }

    private static func tooLong(_ count: Int) -> Fault {
        Fault("\(count) bytes", expected: "at most \(Limits.maximumCheckStepBytes)")
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { NameText.isLetterOrDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }
}
