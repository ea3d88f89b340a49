import ProxyProtocol
import Testing

/// `bytes` with a few changes of the kinds that parsers trip over.
func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0...max(0, bytes.count - 1), using: &random)
        guard !bytes.isEmpty else { return [UInt8.random(in: 0...255, using: &random)] }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes[index] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
        case 3: bytes.remove(at: index)
        case 4: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        case 5: bytes.removeLast(bytes.count - index)
        case 6: bytes.append(contentsOf: bytes[index...])
        default:
            // Where version 2 keeps its lengths and nibbles, most harm can be done.
            let position = Int.random(in: 12...31, using: &random)
            if position < bytes.count { bytes[position] = UInt8.random(in: 0...64, using: &random) }
        }
    }
    return bytes
}

@Suite struct FuzzTests {
    @Test(arguments: 0..<8)
    func mutatedHeadersNeverCrashAndWhatParsesIsWrittenAgain(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var accepted = 0
        for round in 0..<25_000 {
            let fixture = Fixture.all[round % Fixture.all.count]
            var bytes = mutated(fixture.bytes, &random)
            if round % 3 == 0 { makeLengthRight(&bytes) }
            let result = parse(bytes)
            check(result, of: bytes)
            if result.header != nil { accepted += 1 }
        }
        // A fuzzer that only ever sees refusals tests nothing behind them.
        #expect(accepted > 1_000)
    }

    private func check(_ result: HeaderParseResult, of bytes: [UInt8]) {
        switch result {
        case .needMore(let count):
            if count < 1 { Issue.record("asks for \(count) after \(bytes)") }
        case .malformed(let error):
            // Stray bytes behind the last TLV, and one TLV too many, are certain before they have come.
            let isAhead = error.reason == .truncatedTLV || error.reason == .tooManyTLVs
            let end = isAhead ? HeaderParser.Limits.largestHeaderBytes : bytes.count
            if !(0..<end).contains(error.offset) { Issue.record("\(error) for \(bytes)") }
            if error.description.isEmpty { Issue.record("no text for \(bytes)") }
            // No more bytes make it good.
            let more = parse(bytes + [0x0D, 0x0A])
            if more.malformed == nil { Issue.record("\(more) after \(error) for \(bytes)") }
        case .header(let header, let length):
            if length > bytes.count { Issue.record("length \(length) for \(bytes)") }
            for tlv in header.tlvs { _ = tlv.decoded }
            let again = parse(header.encoded())
            if again.header != header { Issue.record("\(again) is not \(header)") }
            if header.version == .v2 && header.encoded() != Array(bytes.prefix(length)) {
                Issue.record("written otherwise: \(bytes)")
            }
            if parse(Array(bytes.prefix(length))) != result { Issue.record("needs what follows: \(bytes)") }
            for cut in stride(from: 0, to: length, by: 7) where parse(Array(bytes.prefix(cut))).missing == nil {
                Issue.record("refused after \(cut) bytes, accepted whole: \(bytes)")
            }
        }
    }

    /// Lets mutations get past the check of the length.
    private func makeLengthRight(_ bytes: inout [UInt8]) {
        guard bytes.count >= 16, bytes.count - 16 <= 65_535 else { return }
        bytes[14] = UInt8((bytes.count - 16) >> 8)
        bytes[15] = UInt8(truncatingIfNeeded: bytes.count - 16)
    }
}
