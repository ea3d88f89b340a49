import Glibc
import NetworkAddress
import ProxyProtocol
import Synchronization
import Testing

/// A header without TLVs costs no memory. Swift's own hook for instruments counts each object that is made.
@Suite(.serialized) struct AllocationTests {
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
        let count = Allocations.count {
            for length in 0...bytes.count {
                let part = bytes.span.extracting(..<length)
                if case .header(let header, _) = parser.parse(part), header.tlvs.isEmpty { parsed += 1 }
            }
        }
        #expect(parsed == 1)
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
            count = Allocations.count {
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
            count = Allocations.count {
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
        let count = Allocations.count { _ = parser.parse(bytes.span) }
        #expect(count == 1, "TLVs are copied once")
    }
}

/// Objects that the calling thread makes.
private enum Allocations {
    private typealias Allocate = @convention(c) (UnsafeRawPointer?, Int, Int) -> UnsafeMutableRawPointer?

    private static let counted = Atomic<Int>(0)
    private static let thread = Atomic<UInt>(0)
    /// Set once, before the hook that reads it is in place.
    nonisolated(unsafe) private static var original: Allocate?

    static func count(_ body: () -> Void) -> Int {
        _ = installed
        // Once without counting, for what is made on first use and kept, such as tables.
        counted.store(0, ordering: .relaxed)
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        body()
        thread.store(0, ordering: .relaxed)
        return counted.load(ordering: .relaxed)
    }

    /// The runtime calls the function that `_swift_allocObject` points to once the flag beside it is set.
    private static let installed: Void = {
        guard let hook = unsafe dlsym(nil, "_swift_allocObject"),
            let flag = unsafe dlsym(nil, "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly")
        else { preconditionFailure("this runtime cannot be asked for its allocations") }
        let slot = unsafe hook.assumingMemoryBound(to: Allocate.self)
        unsafe original = slot.pointee
        unsafe slot.pointee = { metadata, size, alignmentMask in
            if thread.load(ordering: .relaxed) == UInt(pthread_self()) {
                counted.wrappingAdd(1, ordering: .relaxed)
            }
            return unsafe original?(metadata, size, alignmentMask)
        }
        unsafe flag.assumingMemoryBound(to: Bool.self).pointee = true
    }()
}
