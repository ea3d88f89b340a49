import Glibc
import LibUV
import NetworkAddress
import Testing

@Suite struct TCPStreamWriteTests {
    @Test func twoPiecesLeaveInOneSegment() async throws {
        try await withLoop { loop in
            let peer = try Peer()
            let stream = TCPStream(loop: loop)
            try await stream.connect(to: peer.address)
            let socket = try peer.accept()
            let header = [UInt8]("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".utf8)
            let payload = [UInt8](repeating: 0x61, count: 1000)
            let written = try unsafe stream.tryWrite(header.span.bytes, payload.span.bytes)
            #expect(written == header.count + payload.count)
            #expect(try socket.receive() == header + payload)
            #expect(socket.dataSegmentCount == 1)
            // Either piece may be empty.
            #expect(try unsafe stream.tryWrite(header.span.bytes, RawSpan()) == header.count)
            #expect(try socket.receive() == header)
            #expect(try unsafe stream.tryWrite(RawSpan(), payload.span.bytes) == payload.count)
            #expect(try socket.receive() == payload)
            #expect(try stream.tryWrite(RawSpan(), RawSpan()) == 0)
            #expect(try stream.tryWrite(RawSpan()) == 0)
            #expect(socket.dataSegmentCount == 3)
            stream.close()
            socket.close()
            peer.close()
        }
    }

    @Test func smallPiecesLeaveAtOnce() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
                // With Nagle's algorithm the second one would wait for the first one's acknowledgement, 40 ms.
                for _ in 0..<10 {
                    #expect(try from.tryWrite("x") == 1)
                    #expect(to.readAvailable { _ in } == .bytes(1))
                }
            }
            pair.close()
        }
    }

    @Test func whatThePeerDoesNotTakeIsNotTaken() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            let taken = try pair.client.fill()
            #expect(taken > 0)
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.until(count: taken)
            #expect(reader.bytes.count == taken)
            #expect(try pair.client.tryWrite("x") == 1)
            pair.close()
        }
    }

    @Test func heldBytesGoFirstAndInTheirOrder() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            var order: [String] = []
            let count = pair.client.overfill { error in
                #expect(error == nil)
                order.append("overfill")
            }
            for name in ["first", "second", ""] {
                pair.client.write(held: name) { error in
                    #expect(error == nil)
                    order.append(name)
                }
            }
            // Behind what is held nothing may slip in.
            #expect(try pair.client.tryWrite("overtaker") == 0)
            #expect(order.isEmpty)
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.until(count: count + 11)
            #expect(String(decoding: reader.bytes.suffix(11), as: UTF8.self) == "firstsecond")
            #expect(order == ["overfill", "first", "second", ""])
            #expect(try pair.client.tryWrite("now") == 3)
            pair.close()
        }
    }

    /// What the kernel has room for is not lost by a close right behind it, and nobody is called back from within.
    @Test func whatThereIsRoomForIsSentAtOnce() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            var outcomes: [UVError?] = []
            pair.client.write(held: "bye") { outcomes.append($0) }
            #expect(outcomes.isEmpty)
            #expect(pair.client.unsentBytes == 0)
            pair.client.close()
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.untilOver()
            #expect(reader.text == "bye")
            #expect(reader.endCount == 1)
            #expect(outcomes == [nil])
            pair.close()
        }
    }

    /// 4 MB through a small buffer, to a reader that stops now and then: all of it, once, in order.
    @Test func everythingArrivesThroughAStreamThatIsOftenFull() async throws {
        try await withLoop(readBufferSize: 16 * 1024) { loop in
            let pair = try await Pair(loop)
            let block = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 16) }
            let reader = Collector(loop)
            let task = loop.spawn {
                for _ in 0..<20 { await #expect(throws: Never.self) { try await pair.client.write(block) } }
                pair.client.endWriting()
            }
            while !reader.isOver {
                pair.server.startReading(reader)
                await loop.sleep(for: .milliseconds(2))
                pair.server.stopReading()
                await Task.yield()
            }
            await task.value
            #expect(reader.endCount == 1)
            #expect(reader.bytes.count == 20 * block.count)
            for start in stride(from: 0, to: reader.bytes.count, by: block.count) {
                #expect(reader.bytes[start..<start + block.count].elementsEqual(block))
            }
            pair.close()
        }
    }

    @Test(arguments: [false, true])
    func closingCancelsWhatIsHeld(resets: Bool) async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            var errors: [UVError?] = []
            for _ in 0..<2 { _ = pair.client.overfill { errors.append($0) } }
            if resets { pair.client.reset() } else { pair.client.close() }
            #expect(errors.isEmpty)
            await loop.until { errors.count == 2 }
            #expect(errors == [.canceled, .canceled])
            pair.close()
        }
    }

    @Test func writingToAPeerThatHasResetFails() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            var errors: [UVError?] = []
            _ = pair.client.overfill { errors.append($0) }
            pair.server.reset()
            await loop.until { !errors.isEmpty }
            #expect(errors.count == 1)
            #expect(errors.first??.isReset == true)
            #expect(throws: UVError.brokenPipe) { try pair.client.tryWrite("x") }
            await #expect(throws: UVError.brokenPipe) { try await pair.client.write([1]) }
            pair.close()
        }
    }

    @Test func aCompletionMayCloseTheStream() async throws {
        try await withLoop { loop in
            let pair = try await Pair(loop)
            var count = 0
            pair.client.write(held: "bye") { error in
                #expect(error == nil)
                pair.client.close()
                count += 1
            }
            let reader = Collector(loop)
            pair.server.startReading(reader)
            await reader.untilOver()
            #expect(count == 1)
            #expect(reader.text == "bye")
            #expect(reader.endCount == 1)
            pair.close()
        }
    }
}

/// A plain blocking socket, for what only the kernel can tell.
private struct Peer {
    private let descriptor: Int32
    let address: SocketAddress

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var raw = sockaddr_in()
        raw.sin_family = sa_family_t(AF_INET)
        raw.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // Safe: the kernel reads and writes a sockaddr_in of this length.
        let result = unsafe withUnsafeMutablePointer(to: &raw) { raw in
            unsafe raw.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe bind(descriptor, raw, length) + listen(descriptor, 1) + getsockname(descriptor, raw, &length)
            }
        }
        try #require(result == 0)
        self.descriptor = descriptor
        address = SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: UInt16(bigEndian: raw.sin_port))
    }

    func accept() throws -> Connection {
        let accepted = Glibc.accept(descriptor, nil, nil)
        try #require(accepted >= 0)
        return Connection(descriptor: accepted)
    }

    func close() {
        Glibc.close(descriptor)
    }

    struct Connection {
        let descriptor: Int32

        /// What one call brings.
        func receive() throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
            try #require(count >= 0)
            return Array(bytes[..<count])
        }

        /// `tcpi_data_segs_in` of the kernel's `tcp_info`, which glibc's structure leaves out.
        var dataSegmentCount: UInt32? {
            var words = [UInt32](repeating: 0, count: 64)
            var length = socklen_t(words.count * 4)
            // Safe: the kernel writes at most `length` bytes.
            guard unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &words, &length) == 0, length >= 156
            else { return nil }
            return words[152 / 4]
        }

        func close() {
            Glibc.close(descriptor)
        }
    }
}
