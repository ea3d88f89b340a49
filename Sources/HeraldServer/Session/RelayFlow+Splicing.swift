import HeraldCore
import LibUV

/// Long flows go from socket to socket, without being copied.
extension RelayFlow {
    /// A long flow goes on.
    func streamIsReadable(_ stream: TCPStream) -> Bool {
        let source = side(of: stream)
        for _ in 0..<Limits.splicesPerTurn where isRead(source) {
            if !spliceOn(stream, from: source) { return isRead(source) }
        }
        return false
    }

    /// - Returns: whether there may be more to splice.
    private func spliceOn(_ stream: TCPStream, from source: SessionSide) -> Bool {
        var isHeld = false
        let result = stream.splice(to: self.stream(of: source.other)) { taken, rest in
            isHeld = true
            spliced(taken + rest.byteCount, from: source, hasRemainder: true)
            hold(rest, from: source)
        }
        switch result {
        case .bytes(let count):
            if !isHeld { spliced(count, from: source, hasRemainder: false) }
            return true
        case .nothingYet: break
        case .end, .unavailable: stream.readInPlaceOfReader()
        case .failed(let error):
            stream.stopReading()
            self.stream(stream, didFail: error)
        case .sinkFailed(let error): writeFailed(to: source.other, error)
        }
        return false
    }

    private func spliced(_ count: Int, from source: SessionSide, hasRemainder: Bool) {
        lastActivity = client.loop.now
        _ = session.relay { $0.received(count, from: source, hasRemainder: hasRemainder) }
        adaptReads(of: stream(of: source), count: count, hasRemainder: hasRemainder)
    }
}
