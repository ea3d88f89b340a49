import LibUV

/// One end of a connection: counts and checks what comes, sends what is asked for, and knows how it ended.
///
/// What both ends send is one pattern, so that a byte that is lost, doubled or another connection's is found. Lives on its
/// stream's loop.
// Unchecked: touched by tasks and callbacks of the one loop alone, which its stream checks with every call.
final class Channel: StreamReader, @unchecked Sendable {
    /// 251 is prime: no length of a read or a write hides a shift of the pattern.
    private static let pattern: [UInt8] = (0..<65_536 + 251).map { UInt8($0 % 251) }
    private static let largestPiece = 65_536

    let stream: TCPStream
    private(set) var firstByte: UInt8?
    private(set) var receivedCount = 0
    private(set) var isMangled = false
    private(set) var isEnded = false
    private(set) var error: UVError?
    private var echoes = false
    private var sentCount = 0
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    init(_ stream: TCPStream) {
        self.stream = stream
    }

    var isOver: Bool { isEnded || error != nil }

    func start() {
        stream.startReading(self)
    }

    // MARK: Receiving

    /// Waits until so many bytes have come in all, or the end.
    func receive(_ count: Int) async {
        guard receivedCount < count && !isOver else { return }
        await withCheckedContinuation { waiting = (count, $0) }
    }

    func receiveEverything() async {
        await receive(.max)
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        var bytes = bytes
        if firstByte == nil {
            firstByte = Span<UInt8>(_bytes: bytes)[0]
            bytes = bytes.extracting(1...)
            receivedCount += 1
        }
        check(bytes)
        receivedCount += bytes.byteCount
        if echoes { echo(bytes) }
        wake()
    }

    func streamDidEnd(_ stream: TCPStream) {
        isEnded = true
        wake()
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        self.error = error
        wake()
    }

    private func wake() {
        guard let waiting, receivedCount >= waiting.count || isOver else { return }
        self.waiting = nil
        waiting.continuation.resume()
    }

    /// A few bytes of each piece: enough for a shift, and cheap enough for the sanitizers.
    private func check(_ bytes: RawSpan) {
        let bytes = Span<UInt8>(_bytes: bytes)
        guard !bytes.isEmpty else { return }
        for index in [0, bytes.count / 2, bytes.count - 1] where bytes[index] != (receivedCount + index) % 251 {
            isMangled = true
        }
    }

    // MARK: Sending

    /// Sends `plan`'s number where it is given, and the pattern up to `count` bytes in all; false where the peer is gone.
    func send(_ plan: Plan? = nil, upTo count: Int) async -> Bool {
        if let plan {
            guard await send([plan.rawValue][...]) else { return false }
        }
        while sentCount < count {
            let start = sentCount % 251
            let piece = min(count - sentCount, Channel.largestPiece)
            guard await send(Channel.pattern[start..<start + piece]) else { return false }
        }
        return true
    }

    private func send(_ bytes: ArraySlice<UInt8>) async -> Bool {
        sentCount += bytes.count
        do throws(UVError) {
            let taken = try unsafe stream.tryWrite(bytes.span.bytes)
            guard taken < bytes.count else { return true }
            let rest = bytes.dropFirst(taken)
            let error = await withCheckedContinuation { continuation in
                unsafe stream.write(held: rest.span.bytes) { continuation.resume(returning: $0) }
            }
            return error == nil
        } catch {
            return false
        }
    }

    /// Sends back what has come and what comes from now on, in the callbacks, as a relay does.
    func startEcho() {
        guard let firstByte else { return }
        echoes = true
        let early = [firstByte] + Channel.pattern[1..<receivedCount]
        unsafe echo(early.span.bytes)
    }

    private func echo(_ bytes: RawSpan) {
        guard error == nil else { return }
        do throws(UVError) {
            let taken = try stream.tryWrite(bytes)
            guard taken < bytes.byteCount else { return }
            stream.stopReading()
            stream.write(held: bytes.extracting(taken...)) { [self] error in
                if let error { stream(stream, didFail: error) } else { stream.startReading(self) }
            }
        } catch {
            stream(stream, didFail: error)
        }
    }
}
