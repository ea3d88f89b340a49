/// Bytes as hexadecimal digits, in the forms in which people copy them out of tools.
package enum HexText {
    /// Two lower-case digits for each byte.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 0xF))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// Reads digits in pairs. Blanks, colons, commas, `0x` and `\x` may stand between them.
    ///
    /// Text whose first line begins with an offset is read as a dump of `xxd`, `tcpdump -x`, `hexdump -C` or Wireshark: each line is
    /// an offset, bytes, and characters that are passed over. Offsets must follow one another, so that no line that got
    /// lost goes unnoticed.
    package static func bytes(_ text: [UInt8]) throws(HexTextError) -> [UInt8] {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let first = lines.first { !$0.allSatisfy(isBlank) } ?? []
        var bytes: [UInt8] = []
        if let first = HexDumpLine(first), first.canBeFirst {
            for (number, line) in lines.enumerated() where !line.allSatisfy(isBlank) {
                try HexDumpLine.append(line, number: number + 1, after: first, to: &bytes)
            }
        } else {
            for (number, line) in lines.enumerated() { try appendPairs(line, number: number + 1, to: &bytes) }
        }
        return bytes
    }

    private static func appendPairs(
        _ line: ArraySlice<UInt8>,
        number: Int,
        to bytes: inout [UInt8]
    ) throws(HexTextError) {
        var index = line.startIndex
        while index < line.endIndex {
            let byte = line[index]
            let next = index + 1 < line.endIndex ? line[index + 1] : 0
            if isBlank(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ",") {
                index += 1
            } else if next == UInt8(ascii: "x") && (byte == UInt8(ascii: "0") || byte == UInt8(ascii: "\\")) {
                index += 2
            } else {
                bytes.append(try readPair(line, number: number, at: index))
                index += 2
            }
        }
    }

    /// Two digits that stand together.
    static func readPair(_ line: ArraySlice<UInt8>, number: Int, at index: Int) throws(HexTextError) -> UInt8 {
        let column = index - line.startIndex + 1
        guard let high = value(line[index]) else {
            throw HexTextError(line: number, column: column, problem: .notADigit(line[index]))
        }
        guard index + 1 < line.endIndex, !isBlank(line[index + 1]), let low = value(line[index + 1]) else {
            if index + 1 < line.endIndex, !isSeparator(line[index + 1]) {
                throw HexTextError(line: number, column: column + 1, problem: .notADigit(line[index + 1]))
            }
            throw HexTextError(line: number, column: column, problem: .oddDigit)
        }
        return high << 4 | low
    }

    static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        isBlank(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ",")
    }
}

/// Where text stops being hexadecimal digits.
package struct HexTextError: Error, Hashable, CustomStringConvertible {
    package enum Problem: Hashable {
        case notADigit(UInt8)
        /// One digit alone.
        case oddDigit
        /// `*` in a dump.
        case linesLeftOut
        case wrongOffset(Int, expected: Int)
        case offsetMissing
    }

    /// Both count from 1; columns count bytes.
    package let line: Int
    package let column: Int
    package let problem: Problem

    package var description: String {
        "line \(line), column \(column): \(text)"
    }

    private var text: String {
        switch problem {
        case .notADigit(let byte): "found \(HexTextError.name(byte)), expected a hexadecimal digit"
        case .oddDigit: "found one hexadecimal digit alone, expected two for each byte"
        case .linesLeftOut: "found \"*\", which stands for lines left out, expected all of them (hexdump -v)"
        case .wrongOffset(let offset, let expected):
            "found offset 0x\(String(offset, radix: 16)), expected 0x\(String(expected, radix: 16)): a line is missing"
        case .offsetMissing: "found no offset, expected one as on the lines before"
        }
    }

    private static func name(_ byte: UInt8) -> String {
        (0x20...0x7E).contains(byte) ? "\"\(Character(Unicode.Scalar(byte)))\"" : "byte 0x\(HexText.text([byte]))"
    }
}
