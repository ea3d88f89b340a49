import LibUV
import NetworkAddress
import Testing

extension SocketAddress {
    /// A free port, chosen by the kernel.
    static let anyPort = SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: 0)
    static let anyPortIPv6 = SocketAddress(.v6(IPv6Address(high: 0, low: 1)), port: 0)
}

/// Keeps what a stream brings.
// Unchecked: touched on its stream's loop alone.
final class Collector: StreamReader, @unchecked Sendable {
    private let loop: EventLoop
    private(set) var bytes: [UInt8] = []
    private(set) var pieces: [Int] = []
    private(set) var endCount = 0
    private(set) var error: UVError?

    init(_ loop: EventLoop) {
        self.loop = loop
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var isOver: Bool { endCount > 0 || error != nil }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        #expect(loop.isOnThread)
        pieces.append(bytes.byteCount)
        self.bytes.append(copying: bytes)
    }

    func streamDidEnd(_ stream: TCPStream) {
        #expect(loop.isOnThread)
        endCount += 1
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        #expect(loop.isOnThread)
        self.error = error
    }

    /// Waits for so many bytes, or the end.
    func until(count: Int) async {
        await loop.until { self.bytes.count >= count || self.isOver }
    }

    func untilOver() async {
        await loop.until { self.isOver }
    }
}

/// A listener, and the connections that it has taken.
// Unchecked: touched on its loop alone.
final class Acceptor: @unchecked Sendable {
    private let loop: EventLoop
    private(set) var accepted: [(stream: TCPStream, peer: SocketAddress)] = []
    private(set) var errors: [UVError] = []
    private var opened: TCPListener?

    init(
        _ loop: EventLoop,
        _ address: SocketAddress = .anyPort,
        options: TCPListener.Options = TCPListener.Options()
    ) throws(UVError) {
        self.loop = loop
        opened = try TCPListener(
            loop: loop,
            address: address,
            options: options,
            onAccept: { [unowned self] in accepted.append(($0, $1)) },
            onError: { [unowned self] in errors.append($0) }
        )
        opened?.resume()
    }

    var listener: TCPListener {
        get throws { try #require(opened) }
    }

    var address: SocketAddress {
        get throws { try #require(listener.localAddress) }
    }

    /// Waits for so many connections in all, and gives the last one.
    func accepted(count: Int = 1) async throws -> TCPStream {
        await loop.until { self.accepted.count >= count }
        return try #require(accepted.last?.stream)
    }

    /// Closes everything.
    func close() {
        opened?.close()
        for (stream, _) in accepted { stream.close() }
    }
}

/// Two connected streams of one loop.
struct Pair: Sendable {
    let client: TCPStream
    let server: TCPStream

    init(_ loop: EventLoop) async throws {
        let acceptor = try Acceptor(loop)
        client = TCPStream(loop: loop)
        try await client.connect(to: acceptor.address)
        server = try await acceptor.accepted()
        try acceptor.listener.close()
    }

    func close() {
        client.close()
        server.close()
    }
}

extension TCPStream {
    func connect(to address: SocketAddress) async throws {
        let error = await withCheckedContinuation { continuation in
            connect(to: address) { continuation.resume(returning: $0) }
        }
        if let error { throw error }
    }

    func tryWrite(_ text: String) throws(UVError) -> Int {
        let bytes = Array(text.utf8)
        return try unsafe tryWrite(bytes.span.bytes)
    }

    func write(held text: String, completion: @escaping (UVError?) -> Void) {
        let bytes = Array(text.utf8)
        unsafe write(held: bytes.span.bytes, completion: completion)
    }

    /// Writes all of `bytes`, as the peer takes them.
    func write(_ bytes: [UInt8]) async throws {
        let error = await withCheckedContinuation { continuation in
            unsafe write(held: bytes.span.bytes) { continuation.resume(returning: $0) }
        }
        if let error { throw error }
    }

    /// Writes until the kernel takes no more, and gives back how much that was.
    func fill() throws(UVError) -> Int {
        let block = [UInt8](repeating: 0x61, count: 64 * 1024)
        var total = 0
        while case let taken = try unsafe tryWrite(block.span.bytes), taken > 0 { total += taken }
        return total
    }

    /// Holds more than any kernel takes for a peer that does not read, and gives back how much that is.
    ///
    /// To `fill()` is not enough where something must stay held: an acknowledgement makes room as late as 40 ms after.
    func overfill(completion: @escaping (UVError?) -> Void) -> Int {
        let bytes = [UInt8](repeating: 0x61, count: 64 << 20)
        unsafe write(held: bytes.span.bytes, completion: completion)
        return bytes.count
    }
}

extension [UInt8] {
    mutating func append(copying bytes: RawSpan) {
        // Safe: the bytes are read before the call returns.
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }
}
