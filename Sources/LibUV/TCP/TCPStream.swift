import CLibUV
import Glibc
package import NetworkAddress

/// Whoever reads a stream. Calls come on the loop; the bytes are gone when the call returns.
package protocol StreamReader: AnyObject {
    func stream(_ stream: TCPStream, didRead bytes: RawSpan)
    /// In place of the former, where `leavesReadingToReader` is set: something is there, or the end.
    ///
    /// - Returns: whether all of it was taken; what was left is told of again.
    func streamIsReadable(_ stream: TCPStream) -> Bool
    /// The peer has sent its FIN: nothing more will be read.
    func streamDidEnd(_ stream: TCPStream)
    /// The connection is broken, by a reset or by the network.
    func stream(_ stream: TCPStream, didFail error: UVError)
}

extension StreamReader {
    package func streamIsReadable(_ stream: TCPStream) -> Bool {
        preconditionFailure("only who has asked for it is told")
    }
}

/// One TCP connection.
///
/// Writing is tried at once and never queues by itself: what the kernel does not take is the caller's, who hands it to
/// `write(held:)` and stops reading from the other side. All methods trap off the loop's thread.
///
/// What the socket is ready for is told once, as news: nothing is asked of the kernel between the first read and the end,
/// unless reading was stopped.
package final class TCPStream: PolledSocket, @unchecked Sendable {
    /// Who is called when the connect that is under way is over.
    var connecting: ((UVError?) -> Void)?
    /// Nil unless `write(held:)` has something left to write.
    var unsent: WriteQueue?
    /// Retained while reading goes on.
    var reader: (any StreamReader)?
    /// What the poll has told of, and does not tell again by itself; empty once it was taken.
    var news: SocketEvents = []
    /// How it reads. Other modules get at it by functions: stored properties that only this module sees need no look at run
    /// time whether accesses overlap, which would be a fifth of what a chunk takes.
    var readMode: ReadMode
    /// The last read took all that there was when `news` came.
    var hasReadAll = false
    /// Until `acknowledgeAtOnce` and `sendAtOnce`.
    var delaysAcknowledgement = false
    var needsNoDelay = false
    var hasWritten = false

    /// A stream for `connect`.
    package convenience init(loop: EventLoop) {
        self.init(loop: loop, adopting: -1)
    }

    /// Takes over a connected socket, which does not block.
    init(loop: EventLoop, adopting descriptor: Int32) {
        readMode = unsafe ReadMode(limit: loop.readBuffer.count)
        super.init(loop: loop, descriptor: descriptor)
    }

    /// Ends the connection with a FIN, or, where bytes were left unread, with a RST.
    package override func close() {
        loop.checkThread()
        guard !isClosed else { return }
        stopReading()
        if connecting != nil || unsent != nil { cancelWhatIsUnderWay() }
        super.close()
    }

    /// Ends the connection with a RST, and throws away what was not sent.
    package func reset() {
        loop.checkThread()
        if descriptor >= 0 {
            var noTime = linger(l_onoff: 1, l_linger: 0)
            // Safe: the kernel reads a `linger` of this length. Where it refuses, the end is a FIN.
            _ = unsafe setsockopt(
                descriptor,
                SOL_SOCKET,
                SO_LINGER,
                &noTime,
                socklen_t(MemoryLayout<linger>.size)
            )
        }
        close()
    }

    /// Whoever closes is not called back meanwhile.
    private func cancelWhatIsUnderWay() {
        let completions = [connecting].compactMap(\.self) + (unsent?.takeCompletions() ?? [])
        loop.resumeLater(Outcome(.canceled, completions))
        connecting = nil
        unsent = nil
    }

    override func becameReady(_ events: SocketEvents) {
        if events != .writable {
            news = events
            hasReadAll = false
        }
        if connecting != nil { didConnect(events) }
        if isReading && !news.isEmpty {
            if readMode.isLate { loop.resumeLater(self) } else { readWhatIsThere() }
        }
        if unsent != nil { writeOn() }
    }

    /// The other end's address; nil once the connection is gone.
    package var peerAddress: SocketAddress? {
        loop.checkThread()
        return unsafe SocketAddress.written { unsafe getpeername(descriptor, $0, $1) }
    }
}

extension TCPStream: Resumable {
    /// The turn is over for a stream that reads late.
    package func resume() {
        if isReading && !news.isEmpty { readWhatIsThere() }
    }
}

/// Tells how something ended, once the callback that is under way is over.
final class Outcome: Resumable {
    private let error: UVError?
    private let completions: [(UVError?) -> Void]

    init(_ error: UVError?, _ completions: [(UVError?) -> Void]) {
        self.error = error
        self.completions = completions
    }

    func resume() {
        for completion in completions { completion(error) }
    }
}
