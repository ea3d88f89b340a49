import CLibUV
import Glibc
package import NetworkAddress

/// Whoever reads a stream. Calls come on the loop; the bytes are gone when the call returns.
package protocol StreamReader: AnyObject {
    func stream(_ stream: TCPStream, didRead bytes: RawSpan)
    /// In place of the former, where `leavesReadingToReader` is set: something is there, or the end.
    func streamIsReadable(_ stream: TCPStream)
    /// The peer has sent its FIN: nothing more will be read.
    func streamDidEnd(_ stream: TCPStream)
    /// The connection is broken, by a reset or by the network.
    func stream(_ stream: TCPStream, didFail error: UVError)
}

extension StreamReader {
    package func streamIsReadable(_ stream: TCPStream) {
        preconditionFailure("only who has asked for it is told")
    }
}

/// One TCP connection.
///
/// Writing is tried at once and never queues by itself: what the kernel does not take is the caller's, who hands it to
/// `write(held:)` and stops reading from the other side. All methods trap off the loop's thread.
package final class TCPStream: Handle, @unchecked Sendable {
    /// Retained while reading goes on.
    var reader: (any StreamReader)?
    var isReading = false
    /// The reader is told that there is something to read, and takes it by itself.
    package var leavesReadingToReader = false
    var delaysAcknowledgement = false
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

    var tcp: UnsafeMutablePointer<uv_tcp_t> {
        unsafe memory.assumingMemoryBound(to: uv_tcp_t.self)
    }

    var raw: UnsafeMutablePointer<uv_stream_t> {
        unsafe memory.assumingMemoryBound(to: uv_stream_t.self)
    }

    /// -1 before a connect has begun and after the end.
    var descriptor: Int32 {
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
