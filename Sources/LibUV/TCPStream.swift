import CLibUV
import Glibc
package import NetworkAddress

/// Whoever reads a stream. Calls come on the loop; the bytes are gone when the call returns.
package protocol StreamReader: AnyObject {
    func stream(_ stream: TCPStream, didRead bytes: RawSpan)
    /// The peer has sent its FIN: nothing more will be read.
    func streamDidEnd(_ stream: TCPStream)
    /// The connection is broken, by a reset or by the network.
    func stream(_ stream: TCPStream, didFail error: UVError)
}

/// One TCP connection.
///
/// Writing is tried at once and never queues by itself: what the kernel does not take is the caller's, who hands it to
/// `write(held:)` and stops reading from the other side. All methods trap off the loop's thread.
package final class TCPStream: Handle, @unchecked Sendable {
    /// Reads in a row while more is there at once.
    private static let maximumReadsPerTurn = 32

    /// Retained while reading goes on.
    private var reader: (any StreamReader)?
    private var isReading = false
    /// Bytes that one read takes at most; no more than the loop's buffer has.
    package var readLimit: Int {
        didSet { readLimit = unsafe min(max(readLimit, 1), loop.readBuffer.count) }
    }

    /// A stream for `connect`.
    package init(loop: EventLoop) {
        readLimit = unsafe loop.readBuffer.count
        super.init(loop: loop, kind: UV_TCP)
        // uv_tcp_init without a socket can't fail.
        _ = unsafe uv_tcp_init(loop.raw, tcp)
        becomeOwned()
    }

    /// Takes over a connected socket; on failure the descriptor stays the caller's.
    init(loop: EventLoop, adopting descriptor: Int32) throws(UVError) {
        readLimit = unsafe loop.readBuffer.count
        super.init(loop: loop, kind: UV_TCP)
        _ = unsafe uv_tcp_init(loop.raw, tcp)
        becomeOwned()
        let result = unsafe uv_tcp_open(tcp, descriptor)
        if result < 0 {
            close()
            throw UVError(code: result)
        }
    }

    private var tcp: UnsafeMutablePointer<uv_tcp_t> {
        unsafe memory.assumingMemoryBound(to: uv_tcp_t.self)
    }

    private var raw: UnsafeMutablePointer<uv_stream_t> {
        unsafe memory.assumingMemoryBound(to: uv_stream_t.self)
    }

    /// -1 before a connect has begun and after the end.
    private var descriptor: Int32 {
        var descriptor: uv_os_fd_t = -1
        return unsafe uv_fileno(base, &descriptor) == 0 ? descriptor : -1
    }

    package override func close() {
        loop.checkThread()
        stopReading()
        super.close()
    }

    /// Ends the connection with a RST, and throws away what was not sent.
    package func reset() {
        loop.checkThread()
        stopReading()
        guard beginClosing() else { return }
        // Fails only for a stream that is shutting down by uv_shutdown, which is never called here, or has no socket.
        if unsafe uv_tcp_close_reset(tcp, Handle.closed) < 0 { unsafe uv_close(base, Handle.closed) }
    }

    /// This end's address; nil once the connection is gone.
    package var localAddress: SocketAddress? {
        loop.checkThread()
        return unsafe SocketAddress.written { unsafe getsockname(descriptor, $0, $1) }
    }

    /// The other end's address; nil once the connection is gone.
    package var peerAddress: SocketAddress? {
        loop.checkThread()
        return unsafe SocketAddress.written { unsafe getpeername(descriptor, $0, $1) }
    }
}

// MARK: - Connecting

extension TCPStream {
    /// Connects, and says how that went on the loop, in a later turn. `close()` ends the attempt with `UVError.canceled`.
    ///
    /// Even where the kernel is done at once, as on loopback, the turn is worth its calls: meanwhile the client's first bytes
    /// arrive, and go out with the header in one segment (tried: connecting at once cost no less).
    ///
    /// - Parameter sendsAtOnce: whether small writes leave at once, even while others are under way.
    package func connect(
        to address: SocketAddress,
        sendsAtOnce: Bool = true,
        completion: @escaping (UVError?) -> Void
    ) {
        loop.checkThread()
        guard !isClosing else { return completion(.canceled) }
        let request = ConnectRequest(completion)
        let result = unsafe address.withSockaddr { raw, _ in
            unsafe uv_tcp_connect(request.memory, tcp, raw) { request, status in
                guard let request = unsafe request, let loop = unsafe EventLoop.of(request.pointee.handle.pointee.loop)
                else { return }
                let stream: TCPStream? = unsafe Handle.object(UnsafeMutableRawPointer(request.pointee.handle))
                unsafe ConnectRequest.take(request).completion(status < 0 ? UVError(code: status) : nil)
                loop.finishCallback()
                // Nobody has taken the reading over.
                if let stream, stream.isReading && stream.reader == nil { stream.stopReading() }
            }
        }
        if result < 0 {
            unsafe ConnectRequest.take(request.memory).completion(UVError(code: result))
        } else {
            // Small writes leave at once: a proxy must not hold back what the sender has sent.
            if sendsAtOnce { _ = unsafe uv_tcp_nodelay(tcp, 1) }
            // Nothing comes before the connection stands; but asked for together, both take one call of the kernel less.
            isReading = unsafe uv_read_start(raw, TCPStream.allocate, TCPStream.read) == 0
        }
    }
}

/// A connect under way: owns itself until libuv has answered.
@safe private final class ConnectRequest {
    let memory: UnsafeMutablePointer<uv_connect_t>
    let completion: (UVError?) -> Void

    init(_ completion: @escaping (UVError?) -> Void) {
        self.completion = completion
        // Safe: freed by `deinit`, which comes after `take`.
        unsafe memory = .allocate(capacity: 1)
        unsafe memory.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Balances the retain of `init`; called once for each request.
    static func take(_ memory: UnsafeMutablePointer<uv_connect_t>) -> ConnectRequest {
        unsafe Unmanaged<ConnectRequest>.fromOpaque(memory.pointee.data).takeRetainedValue()
    }
}

// MARK: - Reading

extension TCPStream {
    /// What one direct read has found.
    package enum ReadResult: Equatable, Sendable {
        case bytes(Int)
        case nothingYet
        case end
        case failed(UVError)
    }

    /// Reads what is there now into the loop's buffer and hands it to `body`; does not wait.
    package func readAvailable(_ body: (RawSpan) -> Void) -> ReadResult {
        loop.checkThread()
        guard !isClosing else { return .failed(.canceled) }
        var count: Int
        repeat {
            count = unsafe recv(descriptor, loop.readBuffer.baseAddress, readLimit, 0)
        } while count < 0 && errno == EINTR
        if count > 0 {
            // Safe: recv has filled `count` bytes, and nobody else reads into the buffer before `body` returns.
            body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count])))
            return .bytes(count)
        }
        if count == 0 { return .end }
        let error = UVError.last
        return error == .wouldBlock ? .nothingYet : .failed(error)
    }

    /// What the next read would find, of which it leaves the bytes; a failure is told once, by this or by a read.
    package func lookAhead() -> ReadResult {
        loop.checkThread()
        guard !isClosing else { return .failed(.canceled) }
        var next: UInt8 = 0
        let count = unsafe recv(descriptor, &next, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        let error = UVError.last
        return error == .wouldBlock || error.code == -EINTR ? .nothingYet : .failed(error)
    }

    /// Hands everything that arrives to `reader`, until `stopReading()`.
    package func startReading(_ reader: any StreamReader) {
        loop.checkThread()
        // A reader holds its stream as a rule: kept by a stream that is closed for good, it would never be let go.
        guard !isClosing else { return }
        self.reader = reader
        guard !isReading else { return }
        isReading = true
        let result = unsafe uv_read_start(raw, TCPStream.allocate, TCPStream.read)
        if result < 0 { didFail(UVError(code: result)) }
    }

    /// Leaves what arrives in the kernel's buffer, which slows the peer down.
    package func stopReading() {
        loop.checkThread()
        if isReading {
            isReading = false
            _ = unsafe uv_read_stop(raw)
        }
        reader = nil
    }

    /// libuv gets no buffer, and so leaves the reading to `read`: recv(2) has no detour by the file system's layer, where
    /// libuv takes read(2), and tells a reset from a FIN, where libuv takes a hang-up behind data for a FIN.
    private static let allocate: uv_alloc_cb = { _, _, buffer in
        unsafe buffer?.pointee = uv_buf_t(base: nil, len: 0)
    }

    private static let read: uv_read_cb = { handle, count, _ in
        guard let stream: TCPStream = unsafe Handle.object(handle) else { return }
        if count == Int(UV_ENOBUFS.rawValue) {
            stream.readWhatIsThere()
        } else if count < 0 {
            stream.didFail(UVError(code: Int32(count)))
        }
        stream.loop.finishCallback()
    }

    /// Reads on while a read fills the buffer, but not for ever: others are waiting.
    private func readWhatIsThere() {
        for _ in 0..<TCPStream.maximumReadsPerTurn {
            guard let reader else { return }
            let limit = readLimit
            switch readAvailable({ reader.stream(self, didRead: $0) }) {
            case .bytes(let count): if count < limit { return }
            case .nothingYet: return
            case .end: return didEnd()
            case .failed(let error): return didFail(error)
            }
        }
    }

    private func didEnd() {
        let reader = reader
        stopReading()
        reader?.streamDidEnd(self)
    }

    private func didFail(_ error: UVError) {
        let reader = reader
        stopReading()
        reader?.stream(self, didFail: error)
    }
}

// MARK: - Writing

extension TCPStream {
    /// Sends what the kernel takes now.
    ///
    /// - Parameter isLast: whether `endWriting()` or `close()` follows at once: the last bytes then leave in one segment with
    ///   the FIN.
    /// - Returns: how many bytes it took, 0 where it takes none yet.
    package func tryWrite(_ bytes: RawSpan, isLast: Bool = false) throws(UVError) -> Int {
        loop.checkThread()
        guard !isClosing else { throw .canceled }
        guard unsafe uv_stream_get_write_queue_size(raw) == 0 else { return 0 }
        // Directly rather than by uv_try_write, which takes write(2): send(2) has no detour by the file system's layer.
        return try TCPStream.written {
            let flags = isLast ? TCPStream.sendFlags | Int32(MSG_MORE) : TCPStream.sendFlags
            return unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, flags) }
        }
    }

    /// Sends two pieces by one call, so that they leave in one segment where they fit.
    ///
    /// - Returns: how many bytes the kernel took of both together, 0 where it takes none yet.
    package func tryWrite(_ first: RawSpan, _ second: RawSpan) throws(UVError) -> Int {
        loop.checkThread()
        guard !isClosing else { throw .canceled }
        guard unsafe uv_stream_get_write_queue_size(raw) == 0 else { return 0 }
        return try TCPStream.written {
            unsafe first.withUnsafeBytes { first in
                unsafe second.withUnsafeBytes { second in
                    // Safe: both spans outlive the call, which keeps neither and writes to neither.
                    var pieces = unsafe (iovec(first), iovec(second))
                    return unsafe withUnsafeMutablePointer(to: &pieces) { pair in
                        unsafe pair.withMemoryRebound(to: iovec.self, capacity: 2) { pieces in
                            var message = unsafe msghdr()
                            unsafe message.msg_iov = pieces
                            unsafe message.msg_iovlen = 2
                            return unsafe sendmsg(descriptor, &message, TCPStream.sendFlags)
                        }
                    }
                }
            }
        }
    }

    private static let sendFlags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)

    private static func written(_ call: () -> Int) throws(UVError) -> Int {
        while true {
            let count = call()
            if count >= 0 { return count }
            let error = UVError.last
            if error == .wouldBlock { return 0 }
            if error.code != -EINTR { throw error }
        }
    }

    /// Sends a copy of `bytes` as the peer takes them, and says when the last one is with the kernel.
    ///
    /// `close()` and `reset()` end it with `UVError.canceled`.
    package func write(
        held bytes: RawSpan,
        completion: @escaping (UVError?) -> Void
    ) {
        loop.checkThread()
        guard !isClosing else { return completion(.canceled) }
        let request = WriteRequest(bytes, completion)
        var buffer = unsafe uv_buf_t(UnsafeRawBufferPointer(request.copy))
        let result = unsafe uv_write(request.memory, raw, &buffer, 1) { request, status in
            guard let request = unsafe request, let loop = unsafe EventLoop.of(request.pointee.handle.pointee.loop)
            else { return }
            unsafe WriteRequest.take(request).completion(status < 0 ? UVError(code: status) : nil)
            loop.finishCallback()
        }
        if result < 0 { unsafe WriteRequest.take(request.memory).completion(UVError(code: result)) }
    }

    /// Bytes of `write(held:)` that the kernel has not taken yet.
    package var unsentBytes: Int {
        loop.checkThread()
        return unsafe uv_stream_get_write_queue_size(raw)
    }

    /// Bytes that the kernel has taken and the peer has not acknowledged.
    package var undeliveredBytes: Int {
        loop.checkThread()
        var count: Int32 = 0
        // Safe: SIOCOUTQ writes one Int32.
        return unsafe ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    /// Whether the connection is gone, by a reset or by the network; also where nothing is read and so nobody was told.
    package var isReset: Bool {
        loop.checkThread()
        guard !isClosing else { return false }
        var state: UInt8 = 0
        var length = socklen_t(1)
        // Safe: the kernel writes as many bytes of its structure as it is told, and the state is the first.
        let result = unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &state, &length)
        return result == 0 && state == UInt8(TCP_CLOSE)
    }

    /// Sends a FIN: nothing will be written any more, reading goes on. Everything written must be with the kernel.
    package func endWriting() {
        loop.checkThread()
        guard !isClosing else { return }
        // Directly rather than by uv_shutdown, which for an empty queue costs a turn and two changes of the poll set.
        Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }
}

/// A write under way: owns itself and the bytes until libuv has answered.
@safe private final class WriteRequest {
    let memory: UnsafeMutablePointer<uv_write_t>
    let copy: UnsafeMutableRawBufferPointer
    let completion: (UVError?) -> Void

    init(_ bytes: RawSpan, _ completion: @escaping (UVError?) -> Void) {
        self.completion = completion
        // Safe: both freed by `deinit`, which comes after `take`.
        unsafe memory = .allocate(capacity: 1)
        unsafe copy = .allocate(byteCount: bytes.byteCount, alignment: 1)
        unsafe bytes.withUnsafeBytes { unsafe copy.copyMemory(from: $0) }
        unsafe memory.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    deinit {
        unsafe memory.deallocate()
        unsafe copy.deallocate()
    }

    /// Balances the retain of `init`; called once for each request.
    static func take(_ memory: UnsafeMutablePointer<uv_write_t>) -> WriteRequest {
        unsafe Unmanaged<WriteRequest>.fromOpaque(memory.pointee.data).takeRetainedValue()
    }
}

extension iovec {
    /// The kernel takes mutable pointers for sending, too, and does not write to them.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}

extension uv_buf_t {
    /// libuv takes mutable pointers for writing, too, and does not write to them.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.init(
            base: UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: CChar.self)),
            len: bytes.count
        )
    }
}
