import CLibUV
import Glibc

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
        defer { acknowledgeAtOnce() }
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
        defer { acknowledgeAtOnce() }
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
