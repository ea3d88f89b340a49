import HeraldCore
import LibUV

/// One connection to the admin endpoint: one request, one answer, and a farewell.
///
/// Lives on the control loop, and keeps itself until it is closed.
final class AdminConnection: StreamReader {
    private enum Phase {
        /// The request's head is not whole.
        case head
        /// The page is at work.
        case answering
        /// The reply is on its way.
        case replying
        /// The reply and the FIN behind it are with the kernel: the client's FIN is waited for.
        case farewell
        case closed
    }

    private let stream: TCPStream
    private let endpoint: AdminEndpoint
    private let timer: Timer
    private let timeouts: AdminTimeouts
    private var phase = Phase.head
    private var reader = HTTPHeadReader()
    private var method = HTTPRequest.Method.get
    private var excessBytes = 0
    private var hasClientEnded = false
    /// Of which some is not with the kernel yet.
    private(set) var heldBody: AdminBody?
    /// Bytes of it that have been written.
    private var writtenBytes = 0

    init(_ stream: TCPStream, endpoint: AdminEndpoint, timeouts: AdminTimeouts) {
        self.stream = stream
        self.endpoint = endpoint
        self.timeouts = timeouts
        timer = Timer(loop: stream.loop)
    }

    func start() {
        timer.start(after: timeouts.head) { [self] in headTimedOut() }
        // What has come by now is read before others are accepted, who might take this connection's place.
        switch stream.readAvailable({ received($0) }) {
        case .bytes, .nothingYet: break
        case .end: return streamDidEnd(stream)
        case .failed: return close()
        }
        if phase != .closed { stream.startReading(self) }
    }

    /// Answers the request; a connection that is gone by now stays so.
    func answer(_ answer: AdminAnswer) {
        if phase == .answering { send(answer) }
    }

    /// Makes room for another connection.
    ///
    /// - Returns: whether it did; a connection whose page is at work stays.
    func yieldPlace() -> Bool {
        switch phase {
        case .answering: return false
        case .head: stream.reset()
        case .replying, .farewell, .closed: break
        }
        close()
        return true
    }

    func holds(otherThan body: AdminBody?) -> Bool {
        heldBody != nil && heldBody !== body
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        heldBody = nil
        timer.close()
        stream.close()
        let connection = bound
        endpoint.assumeIsolated { $0.closed(connection) }
    }

    private var bound: LoopBound<AdminConnection> { LoopBound(self, loop: stream.loop) }

    // MARK: Request

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        received(bytes)
    }

    private func received(_ bytes: RawSpan) {
        guard phase == .head else {
            excessBytes += bytes.byteCount
            if excessBytes > Limits.maximumAdminExcessBytes { close() }
            return
        }
        switch reader.received(bytes) {
        case .needMore: break
        case .malformed: refuse(.badRequest)
        case .tooLong: refuse(.headTooLarge)
        case .head(let head, _):
            do throws(HTTPStatus) {
                let request = try HTTPRequest(head)
                method = request.method
                phase = .answering
                timer.start(after: timeouts.reply) { [self] in close() }
                let connection = bound
                endpoint.assumeIsolated { $0.received(request, on: connection) }
            } catch {
                refuse(error)
            }
        }
    }

    func streamDidEnd(_ stream: TCPStream) {
        hasClientEnded = true
        switch phase {
        case .head where reader.byteCount == 0, .farewell: close()
        case .head: refuse(.badRequest)
        case .answering, .replying, .closed: break
        }
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        close()
    }

    /// Who has said nothing, such as a check by connecting alone, expects no word either.
    private func headTimedOut() {
        if reader.byteCount == 0 { close() } else { refuse(.requestTimeout) }
    }

    // MARK: Reply

    private func refuse(_ status: HTTPStatus) {
        send(.refusal(status))
    }

    private func send(_ answer: AdminAnswer) {
        phase = .replying
        timer.start(after: timeouts.reply) { [self] in close() }
        let now = Timestamp(microsecondsSince1970: SystemInformation.wallClockMicroseconds)
        var first = answer.head(at: now)
        if method == .get {
            writtenBytes = min(answer.body.bytes.count, Limits.adminWriteBytes)
            first += answer.body.bytes[..<writtenBytes]
            if writtenBytes < answer.body.bytes.count { hold(answer.body) }
        }
        stream.write(held: first.rawSpan) { [self] in pieceSent($0) }
    }

    private func hold(_ body: AdminBody) {
        heldBody = body
        let connection = bound
        endpoint.assumeIsolated { $0.holdsBody(connection) }
    }

    /// The next piece goes out once the one before is with the kernel: what a reader does not take is not copied.
    private func pieceSent(_ error: UVError?) {
        guard error == nil, phase == .replying, let body = heldBody else { return replySent(error) }
        let piece = writtenBytes..<min(body.bytes.count, writtenBytes + Limits.adminWriteBytes)
        writtenBytes = piece.upperBound
        if writtenBytes == body.bytes.count { heldBody = nil }
        let bytes = body.bytes
        stream.write(held: bytes.rawSpan.extracting(piece)) { [self] in pieceSent($0) }
    }

    /// A close with unread bytes would be a reset, and might overtake the reply: so the client's FIN is waited for.
    private func replySent(_ error: UVError?) {
        guard error == nil, phase == .replying else { return close() }
        phase = .farewell
        stream.endWriting()
        if hasClientEnded { return close() }
        timer.start(after: timeouts.farewell) { [self] in close() }
    }
}
