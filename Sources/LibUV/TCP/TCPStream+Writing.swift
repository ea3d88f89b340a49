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
        guard !isClosed else { throw .canceled }
        guard unsent == nil else { return 0 }
        return try send(bytes, isLast: isLast)
    }

    private func send(_ bytes: RawSpan, isLast: Bool = false) throws(UVError) -> Int {
        sendAtOnce()
        defer { acknowledgeAtOnce() }
        return try TCPStream.written {
            let flags = isLast ? TCPStream.sendFlags | Int32(MSG_MORE) : TCPStream.sendFlags
            return unsafe bytes.withUnsafeBytes { unsafe direct_send(descriptor, $0.baseAddress, $0.count, flags) }
        }
    }

    /// Sends two pieces by one call, so that they leave in one segment where they fit.
    ///
    /// - Returns: how many bytes the kernel took of both together, 0 where it takes none yet.
    package func tryWrite(_ first: RawSpan, _ second: RawSpan) throws(UVError) -> Int {
        loop.checkThread()
        guard !isClosed else { throw .canceled }
        guard unsent == nil else { return 0 }
        sendAtOnce()
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
                            return unsafe direct_sendmsg(descriptor, &message, TCPStream.sendFlags)
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

    /// Sends `bytes`, of which it keeps a copy of what the peer does not take yet, and says afterwards, but not from within,
    /// when the last one is with the kernel.
    ///
    /// `close()` and `reset()` end it with `UVError.canceled`.
    package func write(
        held bytes: RawSpan,
        completion: @escaping (UVError?) -> Void
    ) {
        loop.checkThread()
        guard !isClosed else { return loop.resumeLater(Outcome(.canceled, [completion])) }
        do throws(UVError) {
            if let unsent { return unsent.append(bytes, completion) }
            let taken = try send(bytes)
            guard taken < bytes.byteCount else { return loop.resumeLater(Outcome(nil, [completion])) }
            try poll(alsoFor: [.writable, .newsOnly])
            unsent = WriteQueue()
            unsent?.append(bytes.extracting(taken...), completion)
        } catch {
            loop.resumeLater(Outcome(error, [completion]))
        }
    }

    /// The peer takes more of what was held.
    func writeOn() {
        guard let queue = unsent else { return }
        while let next = queue.next {
            do throws(UVError) {
                guard let completion = queue.took(try send(unsafe next.span.bytes)) else { return }
                if queue.isEmpty {
                    unsent = nil
                    if queue.endsWriting { endWriting() }
                }
                completion(nil)
                // What a completion hands over waits for its turn.
                guard unsent === queue else { return }
            } catch {
                unsent = nil
                for completion in queue.takeCompletions() { completion(error) }
            }
        }
    }

    /// Bytes of `write(held:)` that the kernel has not taken yet.
    package var unsentBytes: Int {
        loop.checkThread()
        return unsent?.byteCount ?? 0
    }

    /// Bytes that the kernel has taken and the peer has not acknowledged.
    package var undeliveredBytes: Int {
        loop.checkThread()
        var count: Int32 = 0
        // Safe: SIOCOUTQ writes one Int32.
        return unsafe ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    /// Whether the connection is gone, by a reset or by the network, and no read or write has told of it yet.
    ///
    /// One that both sides have ended is gone for the kernel, too, but what it has of the peer can still be read.
    package var isReset: Bool {
        loop.checkThread()
        guard !isClosed else { return false }
        var query = pollfd(fd: descriptor, events: 0, revents: 0)
        // Safe: poll reads and writes one pollfd.
        return unsafe Glibc.poll(&query, 1, 0) == 1 && Int32(query.revents) & POLLERR != 0
    }

    /// Sends a FIN behind what is held: nothing will be written any more, reading goes on.
    package func endWriting() {
        loop.checkThread()
        guard !isClosed else { return }
        if let unsent {
            unsent.endsWriting = true
        } else {
            Glibc.shutdown(descriptor, Int32(SHUT_WR))
        }
    }
}

/// What a stream was given to hold, in order.
final class WriteQueue {
    private typealias Piece = (bytes: [UInt8], completion: (UVError?) -> Void)

    private var pieces: [Piece] = []
    /// Of the first piece.
    private var takenBytes = 0
    private(set) var byteCount = 0
    /// A FIN follows.
    var endsWriting = false

    var isEmpty: Bool { pieces.isEmpty }

    /// What is left of the first piece.
    var next: ArraySlice<UInt8>? { pieces.first.map { $0.bytes[takenBytes...] } }

    func append(_ bytes: RawSpan, _ completion: @escaping (UVError?) -> Void) {
        pieces.append((unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }, completion))
        byteCount += bytes.byteCount
    }

    /// The kernel has taken so many bytes of the first piece.
    ///
    /// - Returns: who is told, where those were the last ones.
    func took(_ count: Int) -> ((UVError?) -> Void)? {
        takenBytes += count
        byteCount -= count
        guard takenBytes == pieces[0].bytes.count else { return nil }
        takenBytes = 0
        return pieces.removeFirst().completion
    }

    /// Whom to tell that nothing more is taken.
    func takeCompletions() -> [(UVError?) -> Void] {
        defer { pieces = [] }
        byteCount = 0
        return pieces.map(\.completion)
    }
}

extension iovec {
    /// The kernel takes mutable pointers for sending, too, and does not write to them.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
