import Glibc
import NetworkAddress
import ProxyProtocol
import Testing

/// A header without TLVs costs no memory in a release build; a debug build boxes what the optimizer would not.
@Suite(
    .enabled(if: HeapTraces.isRelease, "a debug build"),
    .enabled(if: HeapTraces.canBeSeen, "the allocator is not glibc's own")
) struct AllocationTests {
    @Test(arguments: [
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n",
        "PROXY UNKNOWN\r\n",
    ])
    func parsingVersion1AllocatesNothing(line: String) {
        expectNoAllocation(parsing: Array(line.utf8))
    }

    @Test(arguments: [
        version2("2111", addressesIPv4), version2("2121", addressesIPv6), version2("2112", addressesIPv4),
        version2("2000", []), version2("2011", []), version2("2100", []),
    ])
    func parsingVersion2AllocatesNothing(bytes: [UInt8]) {
        expectNoAllocation(parsing: bytes)
    }

    /// Whole headers alone: the testing library boxes each error that is thrown, and the parser's "need more" is one
    /// inside.
    private func expectNoAllocation(parsing bytes: [UInt8]) {
        let parser = HeaderParser()
        var parsed = 0
        let count = HeapTraces.count {
            if case .header(let header, _) = parser.parse(bytes.span), header.tlvs.isEmpty { parsed += 1 }
        }
        #expect(parsed > 0)
        #expect(count == 0)
    }

    @Test(arguments: [false, true])
    func writingAllocatesNothing(checksum: Bool) throws {
        let source = socket("[2001:db8::1]:1")
        let destination = socket("[::ffff:192.0.2.1]:2")
        let header = try ProxyHeader(version: .v1, source: source, destination: destination)
        var count = 0
        let bytes = try written(capacity: 65_536) { output throws(HeaderWriteError) in
            var failure: HeaderWriteError?
            count = HeapTraces.count {
                do throws(HeaderWriteError) {
                    HeaderWriter.writeV1(source: source, destination: destination, to: &output)
                    HeaderWriter.writeLocal(to: &output)
                    try HeaderWriter.writeV2(source: source, destination: destination, checksum: checksum, to: &output)
                    try header.write(to: &output)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
        #expect(bytes.count > 100)
        #expect(count == 0)
    }

    @Test func writingTLVsThatCameInAllocatesNothing() throws {
        let received = try #require(parse(Fixture.nlbClient.bytes).header)
        let announced = try #require(received.announced)
        var count = 0
        _ = try written(capacity: 65_536) { output throws(HeaderWriteError) in
            var failure: HeaderWriteError?
            count = HeapTraces.count {
                do throws(HeaderWriteError) {
                    try HeaderWriter.writeV2(
                        source: announced.source,
                        destination: announced.destination,
                        tlvs: received.tlvs,
                        checksum: true,
                        to: &output
                    )
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
        #expect(count == 0)
    }

    @Test func countIsNotAlwaysZero() {
        let parser = HeaderParser()
        let bytes = Fixture.nlbClient.bytes
        let count = HeapTraces.count { _ = parser.parse(bytes.span) }
        #expect(count > 0, "TLVs are copied")
    }
}

/// Traces that a piece of code leaves on the heap, short-lived memory included.
///
/// glibc keeps what a thread frees in a list for each size, and gives out last what came in first. So a block of each
/// size is filled, freed, and taken out again after the code has run: one that the code took and wrote to has lost its
/// filling, or does not come back. Sizes up to 1032 bytes are seen; a reused block is counted once. Nothing is seen
/// with a sanitizer's allocator, which has other lists.
private enum HeapTraces {
    private static let sizeCount = 64
    private static let rounds = 10
    private static let attempts = 10
    private static let filling: UInt8 = 0xA5
    /// What the allocator itself and each Swift object write first.
    private static let headBytes = 16

    /// How many sizes `body` uses each time that it runs.
    ///
    /// The allocator itself moves a block about now and then: what happens without the code too does not count, nor
    /// what happens only sometimes.
    static func count(_ body: () -> Void) -> Int {
        // The first time makes what is made once and kept, such as tables.
        body()
        var least = Int.max
        for _ in 0..<attempts where least > 0 {
            var disturbedBefore = InlineArray<64, Int>(repeating: 0)
            var disturbed = InlineArray<64, Int>(repeating: 0)
            var disturbedAfter = InlineArray<64, Int>(repeating: 0)
            for _ in 0..<rounds { probe({}, &disturbedBefore) }
            for _ in 0..<rounds { probe(body, &disturbed) }
            for _ in 0..<rounds { probe({}, &disturbedAfter) }
            let traces = disturbed.indices.count {
                disturbed[$0] == rounds && disturbedBefore[$0] + disturbedAfter[$0] < rounds
            }
            least = min(least, traces)
        }
        return least
    }

    /// Adds one for each size whose block does not come back as it was.
    private static func probe(_ body: () -> Void, _ disturbed: inout InlineArray<64, Int>) {
        let blocks = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: sizeCount)
        defer { unsafe blocks.deallocate() }
        // Plain loops: an iterator might take memory itself.
        var index = 0
        while index < sizeCount {
            let block = unsafe malloc(size(index))
            if let block = unsafe block { unsafe memset(block, Int32(filling), size(index)) }
            unsafe blocks[index] = block
            index += 1
        }
        unsafe freeAll(blocks)
        body()
        index = 0
        while index < sizeCount {
            let block = unsafe malloc(size(index))
            if unsafe block != blocks[index] || !isFilled(block, size(index)) { disturbed[index] += 1 }
            unsafe blocks[index] = block
            index += 1
        }
        unsafe freeAll(blocks)
    }

    /// 24, 40, ... 1032: the most that each of glibc's small sizes holds.
    private static func size(_ index: Int) -> Int { 24 + 16 * index }

    private static func freeAll(_ blocks: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
        var index = 0
        while index < sizeCount {
            unsafe free(blocks[index])
            index += 1
        }
    }

    private static func isFilled(_ block: UnsafeMutableRawPointer?, _ size: Int) -> Bool {
        guard let block = unsafe block else { return false }
        var offset = headBytes
        while offset < size {
            if unsafe block.load(fromByteOffset: offset, as: UInt8.self) != filling { return false }
            offset += 1
        }
        return true
    }

    static var isRelease: Bool {
        #if DEBUG
        false
        #else
        true
        #endif
    }

    /// Whether this works here at all: nothing seen where nothing is, something where something is.
    static let canBeSeen: Bool = {
        var kept: [[UInt8]] = []
        return count {} == 0
            && count { kept = stride(from: 40, to: 900, by: 40).map { Array(repeating: 1, count: $0) } } > 10
            && !kept.isEmpty
    }()
}
