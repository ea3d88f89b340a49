import LibUV
import Testing

@Suite struct TCPStreamReadTests {
    @Test func oneReadTellsWhatIsThere() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            var bytes: [UInt8] = []
            func read() -> TCPStream.ReadResult { pair.server.readAvailable { bytes.append(copying: $0) } }
            #expect(read() == .nothingYet)
            #expect(try pair.client.tryWrite("hello") == 5)
            #expect(read() == .bytes(5))
            #expect(read() == .nothingYet)
            #expect(try pair.client.tryWrite("world") == 5)
            pair.client.endWriting()
            #expect(read() == .bytes(5))
            #expect(read() == .end)
            #expect(read() == .end)
            #expect(bytes == Array("helloworld".utf8))
            pair.close()
        }
    }

    @Test func oneReadTellsAReset() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            pair.client.reset()
            var result = TCPStream.ReadResult.nothingYet
            await loop.until {
                result = pair.server.readAvailable { _ in }
                return result != .nothingYet
            }
            #expect(result == .failed(.connectionReset))
            #expect(UVError.connectionReset.isReset)
            pair.close()
        }
    }

    @Test func aReadBringsAtMostTheLoopsBuffer() async throws {
        let size = 4096
        try await withLoop(readBufferSize: size) { loop in
            let pair = try await Pair(loop)
            let sent = (0..<size * 3 + 17).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(try unsafe pair.client.tryWrite(sent.span.bytes) == sent.count)
            var received: [UInt8] = []
            #expect(pair.server.readAvailable { received.append(copying: $0) } == .bytes(size))
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.until(count: sent.count - size)
            #expect(reader.pieces.allSatisfy { $0 <= size })
            #expect(received + reader.bytes == sent)
            pair.close()
        }
    }

    @Test func whatComesIsHandedOnAndTheEndIsToldOnce() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            let reader = Collector(loop)
            pair.server.startReading(reader)
            pair.server.startReading(reader)
            for (index, piece) in ["one", "two", "three"].enumerated() {
                #expect(try pair.client.tryWrite(piece) == piece.utf8.count)
                await loop.until { reader.pieces.count == index + 1 }
            }
            pair.client.endWriting()
            await reader.untilOver()
            await loop.sleep(for: .milliseconds(10))
            #expect(reader.text == "onetwothree")
            #expect(reader.endCount == 1)
            #expect(reader.error == nil)
            pair.close()
        }
    }

    @Test func whileNobodyReadsBytesWait() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            let first = Collector(loop)
            pair.server.startReading(first)
            #expect(try pair.client.tryWrite("one") == 3)
            await first.until(count: 3)
            pair.server.stopReading()
            pair.server.stopReading()
            #expect(try pair.client.tryWrite("two") == 3)
            await loop.sleep(for: .milliseconds(10))
            #expect(first.text == "one")
            let second = Collector(loop)
            pair.server.startReading(second)
            await second.until(count: 3)
            #expect(second.text == "two")
            #expect(first.text == "one")
            pair.close()
        }
    }

    @Test func aNewReaderTakesOver() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            let first = Collector(loop)
            let second = Collector(loop)
            pair.server.startReading(first)
            pair.server.startReading(second)
            #expect(try pair.client.tryWrite("x") == 1)
            await second.until(count: 1)
            #expect(first.pieces.isEmpty)
            pair.close()
        }
    }

    /// What a reader does to its stream while it is called.
    enum Deed: CaseIterable { case stops, closes, resets }

    @Test(arguments: Deed.allCases)
    func aReaderMayEndTheReadingInItsCall(deed: Deed) async throws {
        try await withLoop(readBufferSize: 1024) { loop in
            let pair = try await Pair(loop)
            let reader = Acting(deed)
            pair.server.startReading(reader)
            // Three times what one read brings.
            _ = try await pair.client.write([UInt8](repeating: 0x61, count: 3072))
            await loop.until { reader.callCount > 0 }
            await loop.sleep(for: .milliseconds(10))
            #expect(reader.callCount == 1)
            pair.close()
        }
    }

    private final class Acting: StreamReader {
        private let deed: Deed
        private(set) var callCount = 0

        init(_ deed: Deed) {
            self.deed = deed
        }

        func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
            callCount += 1
            switch deed {
            case .stops: stream.stopReading()
            case .closes: stream.close()
            case .resets: stream.reset()
            }
        }

        func streamDidEnd(_ stream: TCPStream) { callCount += 1 }
        func stream(_ stream: TCPStream, didFail error: UVError) { callCount += 1 }
    }

    /// A reader that holds its stream, as most do.
    private final class Holding: StreamReader {
        let stream: TCPStream
        private(set) var isOver = false

        init(_ stream: TCPStream) {
            self.stream = stream
        }

        func stream(_ stream: TCPStream, didRead bytes: RawSpan) {}
        func streamDidEnd(_ stream: TCPStream) { isOver = true }
        func stream(_ stream: TCPStream, didFail error: UVError) { isOver = true }
    }

    /// How the reading comes to its end.
    enum Ending: CaseIterable { case stop, close, reset, peerEnds, peerResets, startedAfterClose }

    @Test(arguments: Ending.allCases)
    func theReaderIsLetGoOnceReadingIsOver(ending: Ending) async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            weak var released: Holding?
            do {
                let reader = Holding(pair.server)
                released = reader
                if ending == .startedAfterClose { pair.server.close() }
                pair.server.startReading(reader)
                switch ending {
                case .stop: pair.server.stopReading()
                case .close: pair.server.close()
                case .reset: pair.server.reset()
                case .peerEnds: pair.client.endWriting()
                case .peerResets: pair.client.reset()
                case .startedAfterClose: break
                }
                if ending == .peerEnds || ending == .peerResets { await loop.until { reader.isOver } }
            }
            #expect(released == nil)
            pair.close()
        }
    }

    @Test func aReaderIsKeptWhileItReads() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            weak var kept: Holding?
            do {
                let reader = Holding(pair.server)
                kept = reader
                pair.server.startReading(reader)
            }
            await loop.sleep(for: .milliseconds(5))
            #expect(kept != nil)
            pair.close()
        }
    }
}
