/// Names of frontends, backends and servers: what HAProxy allows, so that a name can stand in logs and metrics as it is.
enum NameText {
    static func check(_ text: String) throws(Fault) -> String {
        guard !text.isEmpty else { throw Fault("an empty name", expected: expectation) }
        guard text.utf8.count <= ConfigurationLimits.maximumNameLength else {
            throw Fault(
                "the name \(Quotation.quote(text)) is too long",
                expected: "at most \(ConfigurationLimits.maximumNameLength) characters"
            )
        }
        guard text.utf8.allSatisfy(isAllowed) else {
            throw Fault("\(Quotation.quote(text)) can't be a name", expected: expectation)
        }
        return text
    }

    private static let expectation = "letters, digits, '-', '_', '.' and ':'"

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"): true
        default: isLetterOrDigit(byte)
        }
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: isDigit(byte)
        }
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// Whole numbers without a sign.
enum NumberText {
    /// `what` names the number in the message: "retries".
    static func parse(_ text: String, _ what: String, in range: ClosedRange<Int>) throws(Fault) -> Int {
        let expectation = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard !text.isEmpty, text.utf8.allSatisfy(NameText.isDigit) else {
            throw Fault("\(Quotation.quote(text)) for \(what)", expected: expectation)
        }
        guard let number = Int(text), range.contains(number) else {
            throw Fault("\(Quotation.quote(text)) for \(what) is out of range", expected: expectation)
        }
        return number
    }
}
