import CLibUV
import Glibc

extension TCPStream {
    /// What one splice has come to.
    package enum SpliceResult: Equatable, Sendable {
        /// So many were there, and the other stream has taken them, or `rest` got what it did not take.
        case bytes(Int)
        case nothingYet
        /// The peer has sent its FIN, or urgent data, with more behind it that can't be spliced.
        case end
        /// Reading failed.
        case failed(UVError)
        /// Writing did, and what was read is lost.
        case sinkFailed(UVError)
        /// It can't be done here: bytes must be read and written.
        case unavailable
    }

    /// Hands what is there now, up to `readLimit`, to `sink` without copying it; does not wait.
    ///
    /// - Parameter rest: called with what `sink` does not take yet, behind a number that says how many it took.
    package func splice(to sink: TCPStream, rest: (Int, RawSpan) -> Void) -> SpliceResult {
        loop.checkThread()
        guard !isClosed else { return .failed(.canceled) }
        guard let pipe = loop.splicePipe, sink.unsent == nil else { return .unavailable }
        let count: Int
        do throws(UVError) {
            count = try pipe.fill(from: descriptor, atMost: readLimit)
        } catch {
            if error == .wouldBlock { return .nothingYet }
            // Later it is the connection's own, as a firewall's refusal may be.
            guard !loop.hasSpliced && error.meansUnsupported else { return .failed(error) }
            loop.refuseSplicing()
            return .unavailable
        }
        guard count > 0 else { return .end }
        loop.hasSpliced = true
        sink.sendAtOnce()
        do throws(UVError) {
            let taken = try pipe.empty(into: sink.descriptor, count)
            if taken < count {
                let drained = unsafe pipe.drain(into: loop.readBuffer)
                // Safe: so many bytes were filled in, and nobody reads into the buffer before `rest` returns.
                rest(taken, unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<drained])))
            }
            return .bytes(count)
        } catch {
            _ = unsafe pipe.drain(into: loop.readBuffer)
            return .sinkFailed(error)
        }
    }
}

extension UVError {
    /// The system has no such call, or does not allow it.
    fileprivate var meansUnsupported: Bool {
        [ENOSYS, EINVAL, EPERM, EACCES, EOPNOTSUPP].contains(-code)
    }
}
