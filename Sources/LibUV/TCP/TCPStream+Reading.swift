import CLibUV
import Glibc

struct ReadMode {
    var limit: Int
    var isLate = false
    var isLeftToReader = false
}

extension TCPStream {
    /// Bytes that one read takes at most; no more than the loop's buffer has.
    package var readLimit: Int {
        get { readMode.limit }
        set { readMode.limit = unsafe min(max(newValue, 1), loop.readBuffer.count) }
    }

    /// What comes is read at the end of the turn in which the poll tells of it: by then there may be more, or the end.
    package var readsLate: Bool {
        get { readMode.isLate }
        set { readMode.isLate = newValue }
    }

    /// The reader is told that there is something to read, and takes it by itself.
    package var leavesReadingToReader: Bool {
        get { readMode.isLeftToReader }
        set { readMode.isLeftToReader = newValue }
    }

    /// Reads in a row while more is there at once.
    private static let maximumReadsPerTurn = 32

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
        guard !isClosed else { return .failed(.canceled) }
        var count: Int
        repeat {
            count = unsafe direct_recv(descriptor, loop.readBuffer.baseAddress, readLimit, 0)
        } while count < 0 && errno == EINTR
        if count > 0 {
            hasReadAll = count < readLimit
            // Safe: recv has filled `count` bytes, and nobody else reads into the buffer before `body` returns.
            body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count])))
            return .bytes(count)
        }
        if count == 0 { return .end }
        let error = UVError.last
        return error == .wouldBlock ? .nothingYet : .failed(error)
    }

    /// What the next read would find, of which it leaves the bytes; a failure is told once, by this or by a read.
    ///
    /// Nothing yet where urgent data may be next: only a read gets past it.
    package func lookAhead() -> ReadResult {
        loop.checkThread()
        guard !isClosed else { return .failed(.canceled) }
        // A look steps over the urgent byte and leaves it: it would be unread data when the socket is closed, and so a reset.
        guard !news.contains(.urgent) else { return .nothingYet }
        // The poll has told of the end, and nothing is left before it.
        if hasReadAll && news.contains(.ended) && news.isDisjoint(with: [.failed, .hungUp]) { return .end }
        var next: UInt8 = 0
        let count = unsafe direct_recv(descriptor, &next, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        let error = UVError.last
        return error == .wouldBlock || error.code == -EINTR ? .nothingYet : .failed(error)
    }

    /// Hands everything that arrives to `reader`, until `stopReading()`.
    package func startReading(_ reader: any StreamReader) {
        loop.checkThread()
        // A reader holds its stream as a rule: kept by a stream that is closed for good, it would never be let go.
        guard !isClosed else { return }
        let wasReading = isReading
        self.reader = reader
        if !wasReading && (!news.isEmpty || !isPolled(for: .reading)) { askForMore() }
    }

    /// Leaves what arrives in the kernel's buffer, which slows the peer down.
    package func stopReading() {
        loop.checkThread()
        reader = nil
    }

    var isReading: Bool { reader != nil }

    /// Has what is there, or is still to come, told of in a later turn.
    private func askForMore() {
        do throws(UVError) {
            try poll(alsoFor: [.reading, .newsOnly])
        } catch {
            didFail(error)
        }
    }

    func readWhatIsThere() {
        // Urgent data is for who copies: splice(2) does not get past it.
        if leavesReadingToReader, let reader, !news.contains(.urgent) {
            if reader.streamIsReadable(self) {
                news = []
            } else if isReading {
                askForMore()
            }
        } else {
            readOn(isShortReadTheLast: news.isDisjoint(with: .behindTheBytes))
        }
    }

    /// Reads what is there for a reader that was left to do it by itself, and can't; it reads no more by itself then.
    package func readInPlaceOfReader() {
        loop.checkThread()
        leavesReadingToReader = false
        readOn(isShortReadTheLast: false)
    }

    /// Reads on until nothing is left, but not for ever: others are waiting.
    ///
    /// - Parameter isShortReadTheLast: whether nothing is left behind a read that does not fill the buffer, of which the
    ///   poll would not tell.
    private func readOn(isShortReadTheLast: Bool) {
        for _ in 0..<TCPStream.maximumReadsPerTurn {
            guard let reader else { return }
            let limit = readLimit
            switch readAvailable({ reader.stream(self, didRead: $0) }) {
            case .bytes(let count):
                guard count < limit && isShortReadTheLast else { continue }
                news = []
                return
            case .nothingYet:
                news = []
                return
            case .end: return didEnd()
            case .failed(let error): return didFail(error)
            }
        }
        if isReading { askForMore() }
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
