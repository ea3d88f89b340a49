internal import NetworkAddress

/// Writes one line of the log, as text or as one JSON object, to the end of a buffer.
///
/// Whatever a text has in it, the line stays one line and its fields stay apart: quotes, backslashes, control characters
/// and invisible ones (such as those that turn the writing direction around) are escaped, so that no peer can forge a
/// line, nor hide one from a terminal. Allocates nothing once the buffer has its size.
struct LineWriter: ~Copyable {
    private var output: [UInt8]
    private let format: LogSettings.Format

    private init(taking output: inout [UInt8], format: LogSettings.Format) {
        self.output = []
        self.format = format
        swap(&self.output, &output)
    }

    /// Appends a line whose fields `addFields` writes.
    ///
    /// `message` says in fixed words what happened; facts that come from elsewhere belong in the fields.
    static func append(
        to output: inout [UInt8],
        as format: LogSettings.Format,
        time: Timestamp,
        level: LogSettings.Level,
        message: String,
        addFields: (inout LineWriter) -> Void
    ) {
        var line = LineWriter(taking: &output, format: format)
        line.begin(time: time, level: level, message: message)
        addFields(&line)
        line.end()
        swap(&line.output, &output)
    }

    private mutating func begin(time: Timestamp, level: LogSettings.Level, message: String) {
        switch format {
        case .text:
            time.append(to: &output)
            output.append(UInt8(ascii: " "))
            output.append(contentsOf: level.rawValue.utf8)
            output.append(UInt8(ascii: " "))
            appendEscaped(message, escapingQuotes: false)
        case .json:
            output.append(contentsOf: #"{"time":""#.utf8)
            time.append(to: &output)
            output.append(contentsOf: #"","level":""#.utf8)
            output.append(contentsOf: level.rawValue.utf8)
            output.append(contentsOf: #"","message":"#.utf8)
            appendQuoted(message)
        }
    }

    private mutating func end() {
        if format == .json { output.append(UInt8(ascii: "}")) }
        output.append(UInt8(ascii: "\n"))
    }
}

// MARK: - Fields

extension LineWriter {
    mutating func field(_ key: String, _ text: String) {
        appendKey(key)
        switch format {
        case .text: appendTextValue(text)
        case .json: appendQuoted(text)
        }
    }

    mutating func field(_ key: String, _ number: UInt64) {
        appendKey(key)
        output.appendDecimal(number)
    }

    mutating func field(_ key: String, _ number: Int) {
        appendKey(key)
        if number < 0 { output.append(UInt8(ascii: "-")) }
        output.appendDecimal(UInt64(number.magnitude))
    }

    /// In milliseconds with three decimals. Nothing takes less than no time, whatever two clocks say.
    mutating func field(_ key: String, milliseconds duration: Duration) {
        let microseconds = UInt64(max(duration.wholeMicroseconds, 0))
        appendKey(key)
        output.appendDecimal(microseconds / 1000)
        output.append(UInt8(ascii: "."))
        output.appendDecimal(microseconds % 1000, minimumDigits: 3)
    }

    mutating func field(_ key: String, _ address: SocketAddress) {
        appendKey(key)
        if format == .json { output.append(UInt8(ascii: "\"")) }
        if !address.ip.isIPv4 { output.append(UInt8(ascii: "[")) }
        address.ip.forEachASCII { output.append($0) }
        if !address.ip.isIPv4 { output.append(UInt8(ascii: "]")) }
        output.append(UInt8(ascii: ":"))
        address.forEachPortASCII { output.append($0) }
        if format == .json { output.append(UInt8(ascii: "\"")) }
    }

    /// Keys are words of this program's own, which need no escaping.
    private mutating func appendKey(_ key: String) {
        switch format {
        case .text:
            output.append(UInt8(ascii: " "))
            output.append(contentsOf: key.utf8)
            output.append(UInt8(ascii: "="))
        case .json:
            output.append(contentsOf: #",""#.utf8)
            output.append(contentsOf: key.utf8)
            output.append(contentsOf: #"":"#.utf8)
        }
    }
}

// MARK: - Escaping

extension LineWriter {
    /// Bare where that can't be misread, in quotes otherwise.
    private mutating func appendTextValue(_ text: String) {
        let isBare = LineWriter.consists(text) { byte in
            LineWriter.isPlain(byte) && byte != UInt8(ascii: " ") && byte != UInt8(ascii: "=")
        }
        if isBare && !text.isEmpty && text.utf8.count <= Limits.maximumLogValueBytes {
            output.append(contentsOf: text.utf8)
        } else {
            appendQuoted(text)
        }
    }

    private mutating func appendQuoted(_ text: String) {
        output.append(UInt8(ascii: "\""))
        appendEscaped(text, escapingQuotes: true)
        output.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ text: String, escapingQuotes: Bool) {
        if text.utf8.count <= Limits.maximumLogValueBytes && LineWriter.consists(text, of: LineWriter.isPlain) {
            output.append(contentsOf: text.utf8)
            return
        }
        var bytesLeft = Limits.maximumLogValueBytes
        for scalar in text.unicodeScalars {
            let bytes = UTF8.width(scalar)
            guard bytes <= bytesLeft else {
                output.append(contentsOf: "...".utf8)
                return
            }
            bytesLeft -= bytes
            appendEscaped(scalar, escapingQuotes: escapingQuotes)
        }
    }

    private mutating func appendEscaped(_ scalar: Unicode.Scalar, escapingQuotes: Bool) {
        switch scalar {
        case "\"" where escapingQuotes: output.append(contentsOf: #"\""#.utf8)
        case "\\": output.append(contentsOf: #"\\"#.utf8)
        case "\n": output.append(contentsOf: #"\n"#.utf8)
        case "\r": output.append(contentsOf: #"\r"#.utf8)
        case "\t": output.append(contentsOf: #"\t"#.utf8)
        case _ where LineWriter.isVisible(scalar): output.append(contentsOf: String(scalar).utf8)
        default: appendUnicodeEscape(scalar)
        }
    }

    /// `\u001b` in both formats; beyond the first plane two of them, as JSON has it (RFC 8259 section 7).
    private mutating func appendUnicodeEscape(_ scalar: Unicode.Scalar) {
        for unit in String(scalar).utf16 {
            output.append(contentsOf: #"\u"#.utf8)
            for shift in stride(from: UInt16(12), through: 0, by: -4) {
                let digit = UInt8(unit >> shift & 0xF)
                output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }

    /// Whether each byte of `text` is one of those.
    @inline(__always)
    private static func consists(_ text: String, of isOne: (UInt8) -> Bool) -> Bool {
        let bytes = text.utf8Span.span
        for index in bytes.indices where !isOne(bytes[index]) { return false }
        return true
    }

    /// ASCII that stands for itself within quotes, in text and in JSON.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}

extension [UInt8] {
    /// Decimal digits, with leading zeros up to `minimumDigits`.
    package mutating func appendDecimal(_ value: UInt64, minimumDigits: Int = 1) {
        var divisor: UInt64 = 1
        var digits = 1
        while digits < minimumDigits || value / divisor >= 10 {
            divisor *= 10
            digits += 1
        }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
