import HeraldCore
import LibUV

/// Moves the bytes of one session, both ways, until both sides are done: `RelayState` decides, this acts.
///
/// Runs in the loop's callbacks. Holds no bytes while both sides take what comes.
final class RelayFlow: SessionWait, StreamReader {
    private let client: TCPStream
    private let server: TCPStream
    private let limits: SilenceLimits
    private var signatureGuard: SignatureGuard?
    /// The loop's milliseconds when something last happened on either side.
    private var lastActivity: UInt64
    private var unsentAtLastLook = 0

    init(
        _ session: Session,
        server: TCPStream,
        limits: SilenceLimits,
        deadlines: Deadlines,
        continuation: LoopContinuation
    ) {
        self.server = server
        self.limits = limits
        client = session.client
        lastActivity = client.loop.now
        if session.isGuarded { signatureGuard = SignatureGuard() }
        super.init(session, deadlines: deadlines, continuation: continuation)
    }

    override func deadlineReached(at now: UInt64) -> UInt64? {
        guard let shortest = limits.shortest else { return nil }
        // A remainder that shrinks is activity, too: the reader is slow, not silent.
        let unsent = client.unsentBytes &+ server.unsentBytes
        if unsent != unsentAtLastLook {
            unsentAtLastLook = unsent
            lastActivity = now
        }
        // A FIN may put a shorter limit in force at any time.
        let nextLook = now + shortest.wholeMilliseconds
        guard let current = limits.current(session.relayState) else { return nextLook }
        let end = lastActivity + current.limit.wholeMilliseconds
        if now < end { return min(end, nextLook) }
        finish(current.ending)
        return nil
    }

    override func cleanUp() {
        client.stopReading()
        server.stopReading()
    }

    private func stream(of side: SessionSide) -> TCPStream {
        side == .client ? client : server
    }

    private func side(of stream: TCPStream) -> SessionSide {
        stream === client ? .client : .server
    }
}

// MARK: - Start

extension RelayFlow {
    /// Sends `header`, together with what the client has sent so far, and lets both sides talk.
    func start(header: RawSpan) {
        guard begin(limit: limits.shortest) else { return }
        if !session.payload.isEmpty {
            let payload = session.payload
            session.payload = []
            sendFirst(header, payload.rawSpan)
        } else if signatureGuard == nil {
            startWithWhatIsThere(header)
        } else {
            sendFirst(header, RawSpan())
        }
        guard !isOver else { return }
        if !session.relayState.isHeld(.client) && !session.relayState.isEnded(.client) { client.startReading(self) }
        server.startReading(self)
    }

    /// The client's first bytes are mostly there when the server is: one read and one write carry them with the header.
    private func startWithWhatIsThere(_ header: RawSpan) {
        var isSent = false
        let result = client.readAvailable { bytes in
            isSent = true
            sendFirst(header, bytes)
        }
        // A server that speaks first waits for the header, not for the client.
        if !isSent { sendFirst(header, RawSpan()) }
        guard !isOver else { return }
        switch result {
        case .bytes, .nothingYet: break
        case .end: streamDidEnd(client)
        case .failed(let error): stream(client, didFail: error)
        }
    }

    private func sendFirst(_ header: RawSpan, _ payload: RawSpan) {
        guard header.byteCount + payload.byteCount > 0 else { return }
        do throws(UVError) {
            let taken = try server.tryWrite(header, payload)
            // A new connection takes all of it; what one does not take is held like any other remainder.
            let hasRemainder = taken < header.byteCount + payload.byteCount
            let action = session.relayState.received(payload.byteCount, from: .client, hasRemainder: hasRemainder)
            guard action == .hold else { return }
            var rest = [UInt8](copying: header)
            rest.append(contentsOf: payload)
            hold(rest.rawSpan.extracting(taken...), from: .client)
        } catch {
            stream(server, didFail: error)
        }
    }
}

// MARK: - Bytes

extension RelayFlow {
    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        if stream === client && signatureGuard != nil {
            passGuard(bytes)
        } else {
            forward(bytes, from: side(of: stream))
        }
    }

    private func forward(_ bytes: RawSpan, from source: SessionSide) {
        lastActivity = client.loop.now
        let sink = stream(of: source.other)
        do throws(UVError) {
            let taken = try sink.tryWrite(bytes)
            let hasRemainder = taken < bytes.byteCount
            switch session.relayState.received(bytes.byteCount, from: source, hasRemainder: hasRemainder) {
            case .readOn: break
            case .hold: hold(bytes.extracting(taken...), from: source)
            }
        } catch {
            stream(sink, didFail: error)
        }
    }

    private func hold(_ rest: RawSpan, from source: SessionSide) {
        let reading = stream(of: source)
        reading.stopReading()
        stream(of: source.other).write(held: rest) { [self] error in
            if let error {
                stream(stream(of: source.other), didFail: error)
            } else {
                flushed(source)
            }
        }
    }

    private func flushed(_ source: SessionSide) {
        guard !isOver else { return }
        lastActivity = client.loop.now
        switch session.relayState.flushed(source) {
        case .readOn: stream(of: source).startReading(self)
        case .sendFin: stream(of: source.other).endWriting()
        case .finish: finish(.completed)
        }
    }

    /// The first bytes of a client that is not trusted: held until they can't be a header any more, refused where they are.
    private func passGuard(_ bytes: RawSpan) {
        switch signatureGuard?.received(bytes) {
        case .needMore: break
        case .refuse: finish(.headerFromUntrusted)
        case .forward(let held):
            signatureGuard = nil
            forward(held.rawSpan, from: .client)
        case nil: forward(bytes, from: .client)
        }
    }
}

// MARK: - Ends

extension RelayFlow {
    func streamDidEnd(_ stream: TCPStream) {
        guard !isOver else { return }
        lastActivity = client.loop.now
        let side = side(of: stream)
        if side == .client, let held = signatureGuard?.ended() {
            signatureGuard = nil
            if !held.isEmpty { forward(held.rawSpan, from: .client) }
            guard !isOver else { return }
        }
        switch session.relayState.ended(side) {
        case .sendFin: self.stream(of: side.other).endWriting()
        case .wait: break
        case .finish: finish(.completed)
        }
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        finish(side(of: stream) == .client ? .clientReset : .serverReset)
    }
}
