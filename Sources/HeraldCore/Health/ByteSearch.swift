/// Looks for a text in bytes that come in pieces, without keeping them (Knuth, Morris and Pratt's algorithm).
struct ByteSearch: Hashable, Sendable {
    let pattern: [UInt8]
    /// For each prefix of the pattern, how long the longest one is that also ends it.
    private let borders: [Int]
    /// How much of the pattern ends what has come.
    private var matched = 0

    /// Precondition: `pattern` is not empty.
    init(_ pattern: [UInt8]) {
        precondition(!pattern.isEmpty)
        self.pattern = pattern
        var borders = [0]
        borders.reserveCapacity(pattern.count)
        var length = 0
        for byte in pattern.dropFirst() {
            while length > 0 && pattern[length] != byte { length = borders[length - 1] }
            if pattern[length] == byte { length += 1 }
            borders.append(length)
        }
        self.borders = borders
    }

    var isFound: Bool { matched == pattern.count }

    /// The next byte came. Once found, a pattern stays found.
    mutating func received(_ byte: UInt8) {
        if isFound { return }
        while matched > 0 && pattern[matched] != byte { matched = borders[matched - 1] }
        if pattern[matched] == byte { matched += 1 }
    }

    mutating func received(_ bytes: RawSpan) {
        let bytes = Span<UInt8>(_bytes: bytes)
        for index in bytes.indices where !isFound { received(bytes[index]) }
    }
}
