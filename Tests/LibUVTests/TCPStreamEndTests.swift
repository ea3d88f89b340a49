import LibUV
import Testing

@Suite struct TCPStreamEndTests {
    @Test func aHalfClosedConnectionGoesOnTheOtherWay() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            let server = Collector(loop)
            let client = Collector(loop)
            pair.server.startReading(server)
            pair.client.startReading(client)
            #expect(try pair.client.tryWrite("question") == 8)
            pair.client.endWriting()
            pair.client.endWriting()
            await server.untilOver()
            #expect(server.text == "question")
            #expect(server.endCount == 1)
            #expect(throws: UVError.brokenPipe) { try pair.client.tryWrite("x") }
            for _ in 0..<3 {
                #expect(try pair.server.tryWrite("answer") == 6)
                await loop.sleep(for: .milliseconds(2))
            }
            pair.server.endWriting()
            await client.untilOver()
            #expect(client.text == "answeransweranswer")
            #expect(client.endCount == 1)
            pair.close()
        }
    }

    @Test func closeIsAFinBehindTheLastByte() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            #expect(try pair.client.tryWrite("bye") == 3)
            pair.client.close()
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.untilOver()
            #expect(reader.text == "bye")
            #expect(reader.endCount == 1)
            #expect(reader.error == nil)
            pair.close()
        }
    }

    @Test func resetIsARst() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            pair.client.reset()
            await loop.sleep(for: .milliseconds(5))
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.untilOver()
            #expect(reader.error == .connectionReset)
            #expect(reader.endCount == 0)
            pair.close()
        }
    }

    /// The kernel tells a reader of the FIN alone, and only a writer of what came behind it.
    @Test func aResetBehindAFinIsToldToWhoWrites() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            let reader = Collector(loop)
            pair.server.startReading(reader)
            pair.client.endWriting()
            await reader.untilOver()
            pair.client.reset()
            await loop.sleep(for: .milliseconds(5))
            #expect(reader.endCount == 1)
            #expect(throws: UVError.brokenPipe) { try pair.server.tryWrite("x") }
            pair.close()
        }
    }

    @Test(arguments: [false, true])
    func aResetIsKnownWhereNobodyReads(isBehindFin: Bool) async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            #expect(try pair.client.tryWrite("unread") == 6)
            if isBehindFin { pair.client.endWriting() }
            #expect(!pair.server.isReset)
            pair.client.reset()
            await loop.until { pair.server.isReset }
            pair.close()
        }
    }

    /// Whichever FIN came first, the connection is over for the kernel, and still has what the peer has said.
    @Test(arguments: [false, true])
    func aConnectionThatBothSidesHaveEndedIsNotReset(peerEndsFirst: Bool) async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            let client = Collector(loop)
            pair.client.startReading(client)
            #expect(try pair.client.tryWrite("unread") == 6)
            if peerEndsFirst { pair.client.endWriting() }
            pair.server.endWriting()
            await client.untilOver()
            pair.client.endWriting()
            await loop.until { pair.client.undeliveredBytes == 0 }
            await loop.sleep(for: .milliseconds(5))
            #expect(!pair.server.isReset)
            let server = Collector(loop)
            pair.server.startReading(server)
            await server.untilOver()
            #expect(server.text == "unread")
            #expect(server.endCount == 1)
            pair.close()
        }
    }

    /// Bytes, and a reset right behind them: whoever took that for a FIN would take a part for the whole.
    @Test(arguments: [1, 1000, 64 * 1024, 64 * 1024 + 1])
    func aResetBehindBytesIsNoFin(count: Int) async throws {
        try await withLoop(readBufferSize: 64 * 1024) { loop in
            let pair = try await Pair(loop)
            let bytes = [UInt8](repeating: 0x61, count: count)
            #expect(try unsafe pair.client.tryWrite(bytes.span.bytes) == count)
            pair.client.reset()
            await loop.sleep(for: .milliseconds(5))
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.untilOver()
            #expect(reader.error == .connectionReset)
            #expect(reader.endCount == 0)
            pair.close()
        }
    }

    /// Both sides are done, which polls as a hang-up, too.
    @Test(arguments: [1, 64 * 1024])
    func aFinBehindBytesIsNoReset(count: Int) async throws {
        try await withLoop(readBufferSize: 64 * 1024) { loop in
            let pair = try await Pair(loop)
            pair.server.endWriting()
            let bytes = [UInt8](repeating: 0x61, count: count)
            #expect(try unsafe pair.client.tryWrite(bytes.span.bytes) == count)
            pair.client.endWriting()
            await loop.sleep(for: .milliseconds(5))
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.untilOver()
            #expect(reader.bytes.count == count)
            #expect(reader.endCount == 1)
            #expect(reader.error == nil)
            pair.close()
        }
    }

    /// What was not sent yet is thrown away with it.
    @Test func resetDoesNotWaitForAFullPeer() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            _ = pair.client.overfill { #expect($0 == .canceled) }
            pair.client.reset()
            await loop.sleep(for: .milliseconds(5))
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.untilOver()
            #expect(reader.error == .connectionReset)
            pair.close()
        }
    }

    /// The kernel's own rule, which a proxy must know: unread bytes turn a close into a reset.
    @Test func closeWithUnreadBytesIsARst() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            #expect(try pair.server.tryWrite("unread") == 6)
            let reader = Collector(loop)
            pair.server.startReading(reader)
            pair.client.close()
            await reader.untilOver()
            #expect(reader.error == .connectionReset)
            pair.close()
        }
    }

    @Test func resetIsToldFromFinWhileWaiting() async throws {
        try await withLoop { loop in
            let first = try await Pair(loop)
            let second = try await Pair(loop)
            let afterReset = Collector(loop)
            let afterClose = Collector(loop)
            first.server.startReading(afterReset)
            second.server.startReading(afterClose)
            first.client.reset()
            second.client.close()
            await afterReset.untilOver()
            await afterClose.untilOver()
            #expect(afterReset.error == .connectionReset)
            #expect(afterClose.error == nil)
            first.close()
            second.close()
        }
    }

    @Test func aStreamIsFreedOnceItIsClosedWhateverWasUnderWay() async throws {
        try await withLoop { loop in
            weak var released: TCPStream?
            do {
                let pair = try await Pair(loop)
                let stream = pair.client
                released = stream
                // Cycles, as long as the stream is open.
                _ = stream.overfill { _ in _ = stream.localAddress }
                stream.startReading(Collector(loop))
                pair.close()
            }
            await loop.until { released == nil }
        }
    }
}
