/// Finds the known word that somebody meant who wrote an unknown one.
enum NearMiss {
    /// Longer words are nobody's typing mistake.
    static let maximumWordLength = 48

    /// The closest candidate within a third of the word's length, and within three edits; the first of equals.
    static func find(_ word: String, among candidates: some Sequence<String>) -> String? {
        let written = normalized(word)
        guard (1...maximumWordLength).contains(written.count) else { return nil }
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let known = normalized(candidate)
            // One of two letters says nothing; one of three may.
            let allowed = min(3, max(written.count, known.count) / 3)
            guard known.count <= maximumWordLength, abs(known.count - written.count) <= allowed else { continue }
            let distance = distance(written, known)
            if distance <= allowed, distance < known.count, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.candidate
    }

    /// Case and the choice of `_` or `-` are not mistakes of their own.
    private static func normalized(_ word: String) -> [UInt8] {
        word.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
            case UInt8(ascii: "_"): UInt8(ascii: "-")
            default: byte
            }
        }
    }

    /// Insertions, deletions, replacements, and swaps of neighbours (optimal string alignment).
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in 0..<b.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
