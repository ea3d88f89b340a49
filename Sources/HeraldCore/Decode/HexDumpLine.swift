/// One line of a dump, taken apart into its offset and what follows it.
///
/// | tool | line |
/// | --- | --- |
/// | `xxd` | `00000010: 2111 000c 7f00 0001  !.......` |
/// | `tcpdump -x` | `0x0010:  2111 000c 7f00 0001` |
/// | `hexdump -C` | `00000010  21 11 00 0c 7f 00 00 01  c0 00 02 01` and characters between bars |
/// | Wireshark | `0010   21 11 00 0c 7f 00 00 01  c0 00 02 01   !.......` |
struct HexDumpLine {
    let offset: Int
    /// Whether a colon ends the offset: then two blanks end the bytes, too.
    private let hasColon: Bool
    /// Index of what follows the offset.
    private let rest: Int

    /// nil for a line that does not begin with an offset: four digits or more, and a colon and a blank behind them, or two
    /// blanks, or the end of the line.
    init?(_ line: ArraySlice<UInt8>) {
        var index = line.startIndex
        while index < line.endIndex, HexText.isBlank(line[index]) { index += 1 }
        if line[index...].starts(with: "0x".utf8) { index += 2 }
        let start = index
        var offset = 0
        while index < line.endIndex, index - start <= HexDumpLine.maximumDigits, let value = HexText.value(line[index])
        {
            offset = offset << 4 | Int(value)
            index += 1
        }
        guard (HexDumpLine.minimumDigits...HexDumpLine.maximumDigits).contains(index - start) else { return nil }
        hasColon = index < line.endIndex && line[index] == UInt8(ascii: ":")
        if hasColon { index += 1 }
        let blanks = line[index...].prefix(while: HexText.isBlank).count
        let isEnd = index + blanks == line.endIndex
        guard isEnd || blanks > (hasColon ? 0 : 1) else { return nil }
        self.offset = offset
        rest = index + blanks
    }

    /// Whether a dump can begin so. Without a colon only an offset of zero can be told from bytes.
    var canBeFirst: Bool { hasColon || offset == 0 }

    private static let minimumDigits = 4
    private static let maximumDigits = 8
    /// Where `hexdump` and Wireshark leave a gap.
    private static let halfLineBytes = 8

    /// Appends the bytes of a line that follows `first`, or is it.
    static func append(
        _ line: ArraySlice<UInt8>,
        number: Int,
        after first: HexDumpLine,
        to bytes: inout [UInt8]
    ) throws(HexTextError) {
        guard let dumped = HexDumpLine(line), dumped.hasColon == first.hasColon else {
            let isGap = line.first == UInt8(ascii: "*")
            throw HexTextError(line: number, column: 1, problem: isGap ? .linesLeftOut : .offsetMissing)
        }
        let expected = first.offset + bytes.count
        guard dumped.offset == expected else {
            throw HexTextError(line: number, column: 1, problem: .wrongOffset(dumped.offset, expected: expected))
        }
        try dumped.appendBytes(line, number: number, to: &bytes)
    }

    /// Reads pairs up to the gap before the characters, the bar of `hexdump`, or the end.
    private func appendBytes(
        _ line: ArraySlice<UInt8>,
        number: Int,
        to bytes: inout [UInt8]
    ) throws(HexTextError) {
        var index = rest
        var count = 0
        while index < line.endIndex, line[index] != UInt8(ascii: "|") {
            let blanks = line[index...].prefix(while: HexText.isBlank).count
            let isMiddle = !hasColon && count == HexDumpLine.halfLineBytes && blanks == 2
            if blanks > 1 && !isMiddle { return }
            index += blanks
            guard index < line.endIndex, line[index] != UInt8(ascii: "|") else { return }
            bytes.append(try HexText.readPair(line, number: number, at: index))
            count += 1
            index += 2
        }
    }
}
