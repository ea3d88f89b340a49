import Glibc
import LibUV
import NetworkAddress
import Testing

@Suite struct TCPStreamConnectTests {
    /// A socket with a port of loopback that does not listen.
    private func boundSocket() -> (descriptor: Int32, port: UInt16)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // Safe: the kernel reads and writes a sockaddr_in of this length at most.
        let result = unsafe withUnsafeMutablePointer(to: &address) { raw in
            unsafe raw.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe bind(descriptor, raw, length) | getsockname(descriptor, raw, &length)
            }
        }
        return result == 0 ? (descriptor, UInt16(bigEndian: address.sin_port)) : nil
    }

    @Test func nobodyListeningIsARefusal() async throws {
        try await withLoop { loop in
            // Bound for as long as it takes: nobody else comes to listen there.
            let (holder, port) = try #require(boundSocket())
            let stream = TCPStream(loop: loop)
            let address = SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: port)
            await #expect(throws: UVError.connectionRefused) { try await stream.connect(to: address) }
            stream.close()
            Glibc.close(holder)
        }
    }

    /// The kernel answers at once, so that libuv never calls back.
    @Test(arguments: ["255.255.255.255:1", "[ff02::1]:1"])
    func whatTheKernelRefusesAtOnceIsToldOnce(text: String) async throws {
        let address = try #require(SocketAddress(text))
        try await withLoop { loop in
            let stream = TCPStream(loop: loop)
            var errors: [UVError?] = []
            stream.connect(to: address) { errors.append($0) }
            await loop.sleep(for: .milliseconds(20))
            #expect(errors.count == 1)
            #expect(errors.first??.code ?? 0 < 0)
            stream.close()
        }
    }

    @Test(arguments: [false, true])
    func closingCancelsAnAttemptThatIsUnderWay(resets: Bool) async throws {
        try await withLoop { loop in
            let silent = try Silent(loop)
            let stream = TCPStream(loop: loop)
            var errors: [UVError?] = []
            stream.connect(to: try silent.address) { errors.append($0) }
            await loop.sleep(for: .milliseconds(20))
            #expect(errors.isEmpty)
            if resets { stream.reset() } else { stream.close() }
            // Not from within: who closes is not called back meanwhile.
            #expect(errors.isEmpty)
            await loop.until { !errors.isEmpty }
            await loop.sleep(for: .milliseconds(5))
            #expect(errors == [.canceled])
            silent.close()
        }
    }

    @Test func closingAtOnceCancels() async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop)
            var errors: [UVError?] = []
            let stream = TCPStream(loop: loop)
            stream.connect(to: try acceptor.address) { errors.append($0) }
            stream.close()
            await loop.until { !errors.isEmpty }
            #expect(errors == [.canceled])
            acceptor.close()
        }
    }

    @Test func aClosedStreamDoesNotConnect() async throws {
        try await withLoop { loop in
            let stream = TCPStream(loop: loop)
            stream.close()
            await #expect(throws: UVError.canceled) { try await stream.connect(to: .anyPort) }
        }
    }

    @Test func aStreamConnectsOnceAtATime() async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop)
            let stream = TCPStream(loop: loop)
            var errors: [UVError?] = []
            stream.connect(to: try acceptor.address) { errors.append($0) }
            await #expect(throws: UVError.self) { try await stream.connect(to: acceptor.address) }
            // The first one is none the worse.
            await loop.until { !errors.isEmpty }
            #expect(errors == [nil])
            #expect(try stream.tryWrite("hello") == 5)
            let reader = Collector(loop)
            try await acceptor.accepted().startReading(reader)
            await reader.until(count: 5)
            #expect(reader.text == "hello")
            stream.close()
            acceptor.close()
        }
    }

    @Test func aStreamMayBeClosedInTheCallback() async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop)
            let stream = TCPStream(loop: loop)
            var isDone = false
            stream.connect(to: try acceptor.address) { error in
                #expect(error == nil)
                stream.close()
                isDone = true
            }
            await loop.until { isDone }
            acceptor.close()
        }
    }

    @Test func withoutAConnectionNothingTrapsAndNothingWorks() async throws {
        try await withLoop { loop in
            let stream = TCPStream(loop: loop)
            let reader = Collector(loop)
            #expect(stream.localAddress == nil)
            #expect(stream.peerAddress == nil)
            stream.endWriting()
            stream.stopReading()
            #expect(throws: UVError.self) { try stream.tryWrite("x") }
            await #expect(throws: UVError.self) { try await stream.write([1]) }
            guard case .failed = stream.readAvailable({ _ in }) else {
                Issue.record("read from nobody")
                return
            }
            stream.startReading(reader)
            await reader.untilOver()
            #expect(reader.error != nil)
            stream.close()
        }
    }

    @Test func aClosedStreamTakesEveryCallAndDoesNothing() async throws {
        try await withLoop { loop in
            for resets in [false, true] {
                let pair = try await Pair(loop)
                let stream = pair.client
                if resets { stream.reset() } else { stream.close() }
                for _ in 0..<2 {
                    let reader = Collector(loop)
                    stream.close()
                    stream.reset()
                    stream.startReading(reader)
                    stream.stopReading()
                    stream.endWriting()
                    #expect(stream.readAvailable { _ in } == .failed(.canceled))
                    #expect(throws: UVError.canceled) { try stream.tryWrite("x") }
                    await #expect(throws: UVError.canceled) { try await stream.write([1]) }
                    #expect(stream.localAddress == nil)
                    #expect(stream.peerAddress == nil)
                    #expect(reader.pieces.isEmpty && !reader.isOver)
                    // The second time, libuv is done with it.
                    await loop.sleep(for: .milliseconds(2))
                }
                pair.close()
            }
        }
    }
}

/// A listener whose backlog is full, so that the kernel lets who connects wait.
// Unchecked: touched on its loop alone.
private final class Silent: @unchecked Sendable {
    private let acceptor: Acceptor
    private var fillers: [TCPStream] = []

    init(_ loop: EventLoop) throws {
        var options = TCPListener.Options()
        options.backlog = 0
        acceptor = try Acceptor(loop, options: options)
        try acceptor.listener.pause()
        for _ in 0..<3 {
            let filler = TCPStream(loop: loop)
            filler.connect(to: try acceptor.address) { _ in }
            fillers.append(filler)
        }
    }

    var address: SocketAddress {
        get throws { try acceptor.address }
    }

    func close() {
        for filler in fillers { filler.close() }
        acceptor.close()
    }
}
