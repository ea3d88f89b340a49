import Glibc
import NetworkAddress
import ProxyProtocol
import Testing

/// A header without TLVs costs no memory.
@Suite(.enabled(if: HeapTraces.canBeSeen, "the allocator is not glibc's own")) struct AllocationTests {
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

    private func expectNoAllocation(parsing bytes: [UInt8]) {
        let parser = HeaderParser()
        var parsed = 0
        let count = HeapTraces.count {
            for length in 0...bytes.count {
                let part = bytes.span.extracting(..<length)
                if case .header(let header, _) = parser.parse(part), header.tlvs.isEmpty { parsed += 1 }
            }
        }
        #expect(parsed == 2, "once to warm up")
        #expect(count == 0)
    }

    @Test(arguments: [false, true])
    func writingAllocatesNothing(checksum: Bool) throws {
        let source = socket("[2001:db8::1]:1")
        let destination = socket("[::ffff:192.0.2.1]:2")
        let header = try ProxyHeader(version: .v1, source: source, destination: destination)
        var count = 0
        let bytes = try written(capacity: 1024) { output throws(HeaderWriteError) in
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
        _ = try written(capacity: 1024) { output throws(HeaderWriteError) in
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
    private static let sizes = stride(from: 24, through: 1032, by: 16)
    private static let filling: UInt8 = 0xA5
    /// What the allocator itself and each Swift object write first.
    private static let headBytes = 16

    /// How many sizes `body` has used. It runs twice: the first time makes what is made once and kept, such as tables.
    static func count(_ body: () -> Void) -> Int {
        body()
        var blocks = unsafe sizes.map { size in unsafe malloc(size) }
        for (index, size) in sizes.enumerated() {
            if let block = unsafe blocks[index] { unsafe memset(block, Int32(filling), size) }
        }
        for index in unsafe blocks.indices { unsafe free(blocks[index]) }
        body()
        var traces = 0
        for (index, size) in sizes.enumerated() {
            let block = unsafe malloc(size)
            let isUntouched = unsafe block == blocks[index] && isFilled(block, size)
            if !isUntouched { traces += 1 }
            unsafe blocks[index] = block
        }
        for index in unsafe blocks.indices { unsafe free(blocks[index]) }
        return traces
    }

    private static func isFilled(_ block: UnsafeMutableRawPointer?, _ size: Int) -> Bool {
        guard let block = unsafe block else { return false }
        let bytes = unsafe UnsafeRawBufferPointer(start: block, count: size)
        return unsafe bytes.dropFirst(headBytes).allSatisfy { $0 == filling }
    }

    /// Whether this works here at all: nothing seen where nothing is, something where something is.
    static let canBeSeen: Bool = {
        var kept: [UInt8] = []
        // The first count of all makes what counting itself needs.
        _ = count {}
        return count {} == 0 && count { kept = Array(repeating: 1, count: 40) } > 0 && kept.count == 40
    }()
}
