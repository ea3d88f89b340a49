import Glibc
import LibUV
import NetworkAddress
import Testing

/// The kernel tells once what a socket is ready for: nothing that it told of may be forgotten, or told to another one.
@Suite struct TCPStreamNewsTests {
    @Test func whatCameWhileNobodyReadIsReadLater() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            let first = Collector(loop)
            pair.server.startReading(first)
            #expect(try pair.client.tryWrite("one") == 3)
            await first.until(count: 3)
            pair.server.stopReading()
            #expect(try pair.client.tryWrite("two") == 3)
            pair.client.endWriting()
            await loop.sleep(for: .milliseconds(5))
            let second = Collector(loop)
            pair.server.startReading(second)
            await second.untilOver()
            #expect(second.text == "two")
            #expect(second.endCount == 1)
            pair.close()
        }
    }

    /// Each read fills the buffer, and there are more of them than one turn has.
    @Test func oneArrivalIsReadOverManyTurns() async throws {
        try await withLoop(readBufferSize: 1024) { loop in
            let pair = try await Pair(loop)
            let bytes = [UInt8](repeating: 0x61, count: 200 * 1024)
            #expect(try pair.client.tryWrite(bytes.rawSpan) == bytes.count)
            pair.client.endWriting()
            await loop.sleep(for: .milliseconds(5))
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.untilOver()
            #expect(reader.bytes.count == bytes.count)
            #expect(reader.endCount == 1)
            pair.close()
        }
    }

    /// The kernel has had its say before the first read is over.
    @Test func aReaderThatStopsInEachCallGetsAllInTheEnd() async throws {
        try await withLoop(readBufferSize: 1024) { loop in
            let pair = try await Pair(loop)
            let bytes = [UInt8](repeating: 0x61, count: 50 * 1024 + 1)
            #expect(try pair.client.tryWrite(bytes.rawSpan) == bytes.count)
            pair.client.endWriting()
            let reader = Hesitant()
            while !reader.isEnded {
                pair.server.startReading(reader)
                await loop.until { reader.hasStopped || reader.isEnded }
                reader.hasStopped = false
            }
            #expect(reader.byteCount == bytes.count)
            pair.close()
        }
    }

    @Test func whatAReaderLeavesByItselfIsToldOfAgain() async throws {
        try await withLoop(readBufferSize: 1024) { loop in
            let pair = try await Pair(loop)
            let bytes = [UInt8](repeating: 0x61, count: 10 * 1024)
            #expect(try pair.client.tryWrite(bytes.rawSpan) == bytes.count)
            await loop.sleep(for: .milliseconds(5))
            let reader = OneReadAtATime()
            pair.server.leavesReadingToReader = true
            pair.server.startReading(reader)
            await loop.until { reader.byteCount == bytes.count }
            await loop.sleep(for: .milliseconds(5))
            #expect(reader.callCount == 10)
            pair.close()
        }
    }

    /// The poll has told of the FIN; but it is next only where no byte is left before it.
    @Test(arguments: ["ab": [.end], "abcd": [.end], "abcde": [.bytes(1), .end]] as [String: [TCPStream.ReadResult]])
    func whatComesNextIsKnownBeforeItIsRead(text: String, next: [TCPStream.ReadResult]) async throws {
        try await withLoop { loop in
            for hasEndedItself in [false, true] {
                let pair = try await Pair(loop)
                pair.server.readLimit = 4
                if hasEndedItself { pair.server.endWriting() }
                #expect(try pair.client.tryWrite(text) == text.utf8.count)
                pair.client.endWriting()
                await loop.sleep(for: .milliseconds(2))
                let reader = LookingAhead()
                pair.server.startReading(reader)
                await loop.until { reader.isOver }
                #expect(reader.seen == next)
                #expect(reader.text == text)
                pair.close()
            }
        }
    }

    /// An urgent byte, which is not among those that are read, parts them.
    @Test func whatUrgentDataPartsIsNotTakenForTheEnd() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            try send(["ab", "!", "cd"], urgent: "!", to: pair.client)
            pair.client.endWriting()
            await loop.sleep(for: .milliseconds(2))
            let reader = LookingAhead()
            pair.server.startReading(reader)
            await loop.until { reader.isOver }
            #expect(reader.seen == [.nothingYet, .nothingYet])
            #expect(reader.text == "abcd")
            pair.close()
        }
    }

    /// Data that was left unread would make the end a reset.
    @Test func urgentDataBeforeTheEndIsReadPast() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            try send(["ab", "!"], urgent: "!", to: pair.client)
            pair.client.endWriting()
            await loop.sleep(for: .milliseconds(2))
            let reader = LookingAhead()
            pair.server.startReading(reader)
            await loop.until { reader.isOver }
            #expect(reader.seen == [.nothingYet])
            #expect(reader.text == "ab")
            pair.server.close()
            let client = Collector(loop)
            pair.client.startReading(client)
            await client.untilOver()
            #expect(client.error == nil)
            pair.close()
        }
    }

    @Test func theEndIsNotTakenForNextWhereBytesCameBeforeIt() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            let reader = Collector(loop)
            pair.server.startReading(reader)
            #expect(try pair.client.tryWrite("one") == 3)
            await reader.until(count: 3)
            pair.server.stopReading()
            #expect(try pair.client.tryWrite("two") == 3)
            pair.client.endWriting()
            await loop.sleep(for: .milliseconds(2))
            #expect(pair.server.lookAhead() == .bytes(1))
            pair.close()
        }
    }

    @Test(arguments: [false, true])
    func aStreamThatAnotherOneClosesIsToldNothing(resets: Bool) async throws {
        try await withLoop { loop in
            let first = try await Pair(loop)
            let second = try await Pair(loop)
            let readers = [Closing(second.server, resets: resets), Closing(first.server, resets: resets)]
            first.server.startReading(readers[0])
            second.server.startReading(readers[1])
            // Both are told of in one turn.
            #expect(try first.client.tryWrite("x") == 1)
            #expect(try second.client.tryWrite("x") == 1)
            await loop.until { readers.contains { $0.callCount > 0 } }
            await loop.sleep(for: .milliseconds(5))
            #expect(readers.map(\.callCount).reduce(0, +) == 1)
            first.close()
            second.close()
        }
    }

    /// A process that was forked may keep a socket open that is closed here, and the kernel goes on telling of it: that is
    /// not for the stream that has taken the closed one's place.
    @Test func whatIsToldOfAClosedStreamIsForNobody() async throws {
        try await withLoop { loop in
            let old = try await Pair(loop)
            old.server.startReading(Collector(loop))
            #expect(try old.client.tryWrite("x") == 1)
            await loop.sleep(for: .milliseconds(2))
            let copy = try #require(duplicate(of: old.server))
            old.server.close()
            let new = try await Pair(loop)
            let reader = Collector(loop)
            new.server.startReading(reader)
            #expect(try old.client.tryWrite("not for you") == 11)
            old.client.endWriting()
            await loop.sleep(for: .milliseconds(5))
            #expect(reader.pieces.isEmpty && !reader.isOver)
            #expect(try new.client.tryWrite("for you") == 7)
            await reader.until(count: 7)
            #expect(reader.text == "for you")
            Glibc.close(copy)
            old.close()
            new.close()
        }
    }

    /// Sends each of `texts` as it is, and the urgent one as urgent data.
    private func send(_ texts: [String], urgent: String, to stream: TCPStream) throws {
        let sender = try #require(duplicate(of: stream))
        defer { Glibc.close(sender) }
        for text in texts {
            let flags = text == urgent ? Int32(MSG_OOB) : 0
            let sent = unsafe text.withCString { unsafe Glibc.send(sender, $0, text.utf8.count, flags) }
            #expect(sent == text.utf8.count)
        }
    }

    /// As a forked process has it.
    private func duplicate(of stream: TCPStream) -> Int32? {
        (3..<4096).first { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            // Safe: the kernel writes a sockaddr_in of this length at most.
            let result = unsafe withUnsafeMutablePointer(to: &address) { raw in
                unsafe raw.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe getpeername(descriptor, $0, &length)
                }
            }
            return result == 0 && UInt16(bigEndian: address.sin_port) == stream.peerAddress?.port
        }.map { dup($0) }
    }

    @Test func aFinWaitsForWhatIsHeld() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            var isDone = false
            let count = pair.client.overfill { error in
                #expect(error == nil)
                isDone = true
            }
            pair.client.endWriting()
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.untilOver()
            #expect(isDone)
            #expect(reader.bytes.count == count)
            #expect(reader.endCount == 1)
            #expect(throws: UVError.brokenPipe) { try pair.client.tryWrite("x") }
            pair.close()
        }
    }
}

/// Stops reading in each call.
private final class Hesitant: StreamReader {
    private(set) var byteCount = 0
    private(set) var isEnded = false
    var hasStopped = false

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        byteCount += bytes.byteCount
        stream.stopReading()
        hasStopped = true
    }

    func streamDidEnd(_ stream: TCPStream) {
        isEnded = true
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        isEnded = true
    }
}

/// Looks at what comes next while it is handed what came.
private final class LookingAhead: StreamReader {
    private(set) var seen: [TCPStream.ReadResult] = []
    private(set) var text = ""
    private(set) var isOver = false

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        var copy: [UInt8] = []
        copy.append(copying: bytes)
        text += String(decoding: copy, as: UTF8.self)
        seen.append(stream.lookAhead())
        if seen.last == .end { streamDidEnd(stream) }
    }

    func streamDidEnd(_ stream: TCPStream) {
        stream.stopReading()
        isOver = true
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        isOver = true
    }
}

/// Reads by itself, once in each call.
private final class OneReadAtATime: StreamReader {
    private(set) var byteCount = 0
    private(set) var callCount = 0

    func streamIsReadable(_ stream: TCPStream) -> Bool {
        callCount += 1
        guard case .bytes(let count) = stream.readAvailable({ _ in }) else { return true }
        byteCount += count
        return false
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {}

    func streamDidEnd(_ stream: TCPStream) {}

    func stream(_ stream: TCPStream, didFail error: UVError) {}
}

/// Closes another stream when it is called.
private final class Closing: StreamReader {
    private let other: TCPStream
    private let resets: Bool
    private(set) var callCount = 0

    init(_ other: TCPStream, resets: Bool) {
        self.other = other
        self.resets = resets
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        callCount += 1
        if resets { other.reset() } else { other.close() }
    }

    func streamDidEnd(_ stream: TCPStream) {}

    func stream(_ stream: TCPStream, didFail error: UVError) {}
}
