/// Collects the head of an HTTP/1.x message until its empty line (RFC 9112, section 2.1).
///
/// Keeps at most `maximumBytes`, and refuses what can't become a head at the first byte that shows it. A line may end in
/// a bare LF, and empty lines before the start line are passed over (section 2.2).
package struct HTTPHeadReader: Sendable {
    package enum Progress: Hashable, Sendable {
        case needMore
        /// The head, and where the body begins in the bytes that came last.
        case head(HTTPHead, bodyOffset: Int)
        case malformed
        case tooLong
    }

    private let maximumBytes: Int
    /// Bytes that came so far.
    package private(set) var byteCount = 0
    private var lines: [[UInt8]] = []
    private var line: [UInt8] = []
    private var endsInCarriageReturn = false

    package init(maximumBytes: Int = Limits.maximumHTTPHeadBytes) {
        self.maximumBytes = maximumBytes
    }

    /// More bytes came. Not to be called again once it has answered otherwise than `needMore`.
    package mutating func received(_ bytes: RawSpan) -> Progress {
        let bytes = Span<UInt8>(_bytes: bytes)
        for index in bytes.indices {
            let byte = bytes[index]
            byteCount += 1
            if byteCount > maximumBytes { return .tooLong }
            switch byte {
            case UInt8(ascii: "\n"):
                endsInCarriageReturn = false
                if endLine() { return HTTPHead(lines).map { .head($0, bodyOffset: index + 1) } ?? .malformed }
            case _ where endsInCarriageReturn:
                return .malformed
            case UInt8(ascii: "\r"):
                endsInCarriageReturn = true
            case UInt8(ascii: "\t"), 0x20...0x7e, 0x80...:
                line.append(byte)
            default:
                return .malformed
            }
        }
        return .needMore
    }

    /// Whether it was the empty line behind the head.
    private mutating func endLine() -> Bool {
        if line.isEmpty { return !lines.isEmpty }
        lines.append(line)
        line = []
        return false
    }
}

/// The start line of an HTTP message and its fields.
package struct HTTPHead: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        /// In lower case.
        package var name: String
        /// Without blanks around it.
        package var value: String
    }

    package let startLine: String
    package let fields: [Field]

    /// nil where a line is no field, or goes on from the line before, which nobody may send (RFC 9112, section 5.2).
    ///
    /// - Parameter lines: at least one, without their ends.
    init?(_ lines: [[UInt8]]) {
        var fields: [Field] = []
        for line in lines.dropFirst() {
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, HTTPHead.isToken(parts[0]) else { return nil }
            let value = parts[1].drop(while: HTTPHead.isBlank)
            let end = value.lastIndex { !HTTPHead.isBlank($0) }.map { $0 + 1 } ?? value.startIndex
            fields.append(
                Field(
                    name: String(decoding: parts[0], as: UTF8.self).lowercased(),
                    value: String(decoding: value[..<end], as: UTF8.self)
                )
            )
        }
        startLine = String(decoding: lines[0], as: UTF8.self)
        self.fields = fields
    }

    /// All values of a field, whose name is in lower case.
    package func values(of name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// RFC 9110, section 5.6.2.
    static func isToken(_ text: some Collection<UInt8>) -> Bool {
        !text.isEmpty
            && text.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
