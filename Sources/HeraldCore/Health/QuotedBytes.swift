/// The beginning of what a server has sent or should have, as one line of a message may repeat it.
package struct QuotedBytes: Hashable, Sendable {
    /// Bytes that are repeated at most.
    package static let maximumCount = 48

    /// In quotes: visible ASCII as it is, everything else escaped, and `...` behind the quote where something was left out.
    package let text: String

    /// `isCut` where more than `bytes` was there.
    package init(_ bytes: some Collection<UInt8>, isCut: Bool = false) {
        var text = "'"
        for byte in bytes.prefix(QuotedBytes.maximumCount) {
            switch byte {
            case UInt8(ascii: "\r"): text += "\\r"
            case UInt8(ascii: "\n"): text += "\\n"
            case UInt8(ascii: "\t"): text += "\\t"
            case UInt8(ascii: "\\"), UInt8(ascii: "'"): text += "\\" + String(UnicodeScalar(byte))
            case UInt8(ascii: " ")...UInt8(ascii: "~"): text.unicodeScalars.append(UnicodeScalar(byte))
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        self.text = text + (isCut || bytes.count > QuotedBytes.maximumCount ? "'..." : "'")
    }
}

extension QuotedBytes: CustomStringConvertible {
    package var description: String { text }
}

/// The first bytes of an answer, kept for a message.
struct AnswerOpening: Hashable, Sendable {
    /// At most `QuotedBytes.maximumCount`.
    private(set) var bytes: [UInt8] = []
    /// All that came.
    private(set) var byteCount = 0

    mutating func append(_ more: RawSpan) {
        byteCount += more.byteCount
        let room = QuotedBytes.maximumCount - bytes.count
        if room > 0 { bytes.append(contentsOf: more.extracting(..<min(room, more.byteCount))) }
    }

    var quoted: QuotedBytes { QuotedBytes(bytes, isCut: byteCount > bytes.count) }

    /// Whether the answer begins as HTTP's refusal of a request that it can't read; nil where that is not certain yet.
    var isBadRequest: Bool? {
        let pattern = Array("HTTP/1.? 400".utf8)
        for (byte, expected) in zip(bytes, pattern) where expected != UInt8(ascii: "?") && byte != expected {
            return false
        }
        return bytes.count < pattern.count ? nil : true
    }
}
