import CLibUV
import Glibc

extension TCPStream {
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
    static let allocate: uv_alloc_cb = { _, _, buffer in
        unsafe buffer?.pointee = uv_buf_t(base: nil, len: 0)
    }

    static let read: uv_read_cb = { handle, count, _ in
        guard let stream: TCPStream = unsafe Handle.object(handle) else { return }
        if count == Int(UV_ENOBUFS.rawValue) {
            stream.readWhatIsThere()
        } else if count < 0 {
            stream.didFail(UVError(code: Int32(count)))
        }
        stream.loop.finishCallback()
    }

    private func readWhatIsThere() {
        if leavesReadingToReader, let reader { return reader.streamIsReadable(self) }
        readOn()
    }

    /// Reads what is there for a reader that was left to do it by itself, and can't; it reads no more by itself then.
    package func readInPlaceOfReader() {
        loop.checkThread()
        leavesReadingToReader = false
        readOn()
    }

    /// Reads on while a read fills the buffer, but not for ever: others are waiting.
    private func readOn() {
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
