/// Lets `${NAME}` stand within `{ }` and `[ ]` without quotes, where YAML takes braces, brackets and commas for its own: while
/// it is parsed, characters that nobody writes stand for them, one for one, so that every place in the file stays the same.
struct ReferenceMask {
    private static let characters: KeyValuePairs<UInt8, Unicode.Scalar> = [
        UInt8(ascii: "{"): "\u{F8E0}", UInt8(ascii: "}"): "\u{F8E1}", UInt8(ascii: ","): "\u{F8E2}",
        UInt8(ascii: "["): "\u{F8E3}", UInt8(ascii: "]"): "\u{F8E4}",
    ]

    /// The text to parse.
    let bytes: [UInt8]
    private let isMasked: Bool

    init(_ bytes: [UInt8]) {
        guard bytes.contains(UInt8(ascii: "$")) && !ReferenceMask.isUsed(in: bytes) else {
            self.bytes = bytes
            isMasked = false
            return
        }
        var masked: [UInt8] = []
        var rest = bytes[...]
        var line = EnvironmentText.ReferenceEnds()
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            masked += rest[...dollar]
            let reference = rest[dollar...]
            rest = rest[(dollar + 1)...]
            if rest.first == UInt8(ascii: "{") && dollar >= line.end { line = EnvironmentText.referenceEnds(reference) }
            guard let end = line.ends[dollar], EnvironmentText.nameLength(reference) != nil else { continue }
            for byte in rest[..<end] {
                if let stand = ReferenceMask.characters.first(where: { $0.key == byte })?.value {
                    masked += String(stand).utf8
                } else {
                    masked.append(byte)
                }
            }
            rest = rest[end...]
        }
        self.bytes = masked + rest
        isMasked = true
    }

    /// Whether somebody writes these characters after all.
    private static func isUsed(in bytes: [UInt8]) -> Bool {
        let firstTwo: [UInt8] = [0xEF, 0xA3]
        return bytes.indices.dropLast(2).contains { index in
            bytes[index] == firstTwo[0] && bytes[index + 1] == firstTwo[1] && (0xA0...0xA4).contains(bytes[index + 2])
        }
    }

    /// The text of the file again.
    func unmasked(_ text: String) -> String {
        guard isMasked && text.utf8.contains(0xEF) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let byte = ReferenceMask.characters.first { $0.value == scalar }?.key
            scalars.append(byte.map { Unicode.Scalar($0) } ?? scalar)
        }
        return String(scalars)
    }
}
