import HeraldCore
import LibUV
import ProxyProtocol

/// Moves the bytes of one session, both ways, until both sides are done: `RelayState` decides, this acts.
///
/// Runs in the loop's callbacks. Holds no bytes while both sides take what comes.
final class RelayFlow: SessionWait, StreamReader {
    let client: TCPStream
    let server: TCPStream
    private var signatureGuard: SignatureGuard?
    /// The client's first bytes are yet to be looked at, for `signatureGuard` or for a diagnosis.
    private var looksAtFirstBytes: Bool
    /// The server's first bytes are yet to be looked at: nobody knows whether it understands the header.
    private var looksAtAnswer: Bool
    /// The server has yet to say something: many a server says one thing, and ends.
    private var mayEndAtOnce = true
    /// The loop's milliseconds when something last happened on either side.
    var lastActivity: UInt64
    private var unsentAtLastLook = 0
    /// A write to this side has failed; what it had said before still goes to the other one.
    var brokenSide: SessionSide?
    /// It had sent its FIN by then. Otherwise reading from it ends as if it had: the write has taken the error away.
    var hasBrokenSideEnded = false
    /// The ending, while the kernel delivers the last bytes to the side that is left.
    var farewell: Farewell?

    struct Farewell {
        var ending: SessionEnding
        var survivor: TCPStream
        var undeliveredBytes: Int
        var until: UInt64
    }

    init(
        _ session: Session,
        server: TCPStream,
        deadlines: Deadlines
    ) {
        self.server = server
        client = session.client
        server.readLimit = Limits.smallestReadBytes
        server.readsLate = true
        lastActivity = client.loop.now
        if session.isGuarded { signatureGuard = SignatureGuard() }
        looksAtFirstBytes = session.isGuarded || session.looksForHeader
        looksAtAnswer = session.target.map { $0.announcement != .none && !$0.slot.hasAnsweredWell } ?? false
        super.init(session, deadlines: deadlines)
    }

    private var limits: SilenceLimits { session.frontend.limits }

    /// How often it is looked at: as its state may put a shorter limit in force in between, or a side that is not read may
    /// have been reset.
    private var lookInterval: Duration {
        min(limits.shortest ?? Limits.relayLookInterval, Limits.relayLookInterval)
    }

    override func deadlineReached(at now: UInt64) -> UInt64? {
        if let farewell { return lookAtFarewell(farewell, at: now) }
        if let side = resetUnread {
            end(brokenBy: side)
            return nil
        }
        // A remainder that shrinks is activity, too: the reader is slow, not silent.
        let unsent = client.unsentBytes &+ server.unsentBytes
        if unsent != unsentAtLastLook {
            unsentAtLastLook = unsent
            lastActivity = now
        }
        let nextLook = now + lookInterval.wholeMilliseconds
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

    func stream(of side: SessionSide) -> TCPStream {
        // Not by `==`, which in another module is a call.
        switch side {
        case .client: client
        case .server: server
        }
    }

    func side(of stream: TCPStream) -> SessionSide {
        stream === client ? .client : .server
    }
}

// MARK: - Start

extension RelayFlow {
    /// Sends `header`, together with what the client has sent so far, and lets both sides talk.
    func start(header: RawSpan) {
        guard begin(limit: lookInterval) else { return }
        let payload = session.payload
        session.payload = []
        if signatureGuard != nil {
            let passed = passGuard(payload.rawSpan) ?? []
            if !isOver { sendFirst(header, passed.rawSpan) }
        } else if payload.isEmpty {
            startWithWhatIsThere(header)
        } else {
            sendFirst(header, payload.rawSpan)
        }
        for side in [SessionSide.client, .server] where isRead(side) { stream(of: side).startReading(self) }
    }

    /// Whether more is to come of `side`, and can be passed on now.
    func isRead(_ side: SessionSide) -> Bool {
        let state = session.relayState
        return !isOver && farewell == nil && brokenSide == nil && !state.isHeld(side) && !state.isEnded(side)
    }

    /// The client's first bytes are mostly there when the server is: one read and one write carry them with the header.
    private func startWithWhatIsThere(_ header: RawSpan) {
        var isSent = false
        let result = client.readAvailable { bytes in
            isSent = true
            if looksAtFirstBytes { look(at: bytes) }
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
            let action = session.relay { $0.received(payload.byteCount, from: .client, hasRemainder: hasRemainder) }
            guard action == .hold else { return }
            var rest = [UInt8](copying: header)
            rest.append(contentsOf: payload)
            hold(rest.rawSpan.extracting(taken...), from: .client)
        } catch {
            writeFailed(to: .server, error)
        }
    }
}

// MARK: - Bytes

extension RelayFlow {
    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        if stream === client {
            if looksAtFirstBytes {
                if signatureGuard != nil { return passOn(bytes, from: .client) }
                look(at: bytes)
            }
            forward(bytes, from: .client)
        } else {
            if looksAtAnswer { look(atAnswer: bytes) }
            if mayEndAtOnce { return forwardFirst(bytes) }
            forward(bytes, from: .server)
        }
    }

    /// The first bytes of a client from whom no header is read: they are passed on, whatever they are.
    @inline(never)
    private func look(at bytes: RawSpan) {
        looksAtFirstBytes = false
        if HeaderPrefix.of(bytes) == .certain { tellFrontend { $0.headerCame(in: $1) } }
    }

    @inline(never)
    private func look(atAnswer bytes: RawSpan) {
        looksAtAnswer = false
        if FirstAnswer.isBadRequest(bytes) {
            tellFrontend { $0.headerWasRefused(in: $1, .badRequest) }
        } else {
            session.target?.slot.setAnsweredWell(true)
        }
    }

    /// The server's first bytes leave with its FIN, where that is there already.
    @inline(never)
    private func forwardFirst(_ bytes: RawSpan) {
        mayEndAtOnce = false
        server.readsLate = false
        let next = server.lookAhead()
        forward(bytes, from: .server, isLast: next == .end)
        switch next {
        case .bytes, .nothingYet: break
        case .end:
            server.stopReading()
            streamDidEnd(server)
        case .failed(let error):
            server.stopReading()
            stream(server, didFail: error)
        }
    }

    /// - Parameter isLast: whether the end of `source` is told right after.
    private func forward(_ bytes: RawSpan, from source: SessionSide, isLast: Bool = false) {
        lastActivity = client.loop.now
        let sink = stream(of: source.other)
        do throws(UVError) {
            let taken = try sink.tryWrite(bytes, isLast: isLast)
            let hasRemainder = taken < bytes.byteCount
            adaptReads(of: stream(of: source), count: bytes.byteCount, hasRemainder: hasRemainder)
            switch session.relay({ $0.received(bytes.byteCount, from: source, hasRemainder: hasRemainder) }) {
            case .readOn: break
            case .hold: hold(bytes.extracting(taken...), from: source)
            }
        } catch {
            writeFailed(to: source.other, error)
        }
    }

    /// Large reads are for who keeps up with them: what is read may have to be held. A flow whose largest reads are filled
    /// has proved to be long, and need not be copied any more.
    func adaptReads(of stream: TCPStream, count: Int, hasRemainder: Bool) {
        if hasRemainder {
            let isLong = stream.leavesReadingToReader
            stream.readLimit = isLong ? max(stream.readLimit / 2, Limits.smallestReadBytes) : Limits.smallestReadBytes
        } else if count == stream.readLimit {
            if count == Limits.readBufferBytes && session.frontend.splices && stream.loop.maySplice {
                stream.leavesReadingToReader = true
            }
            stream.readLimit = count * 2
        }
    }

    func hold(_ rest: RawSpan, from source: SessionSide) {
        stream(of: source).stopReading()
        stream(of: source.other).write(held: rest) { [self] error in
            if let error { writeFailed(to: source.other, error) } else { flushed(source) }
        }
        unsentAtLastLook = client.unsentBytes &+ server.unsentBytes
    }

    private func flushed(_ source: SessionSide) {
        guard !isOver && farewell == nil else { return }
        lastActivity = client.loop.now
        switch session.relay({ $0.flushed(source) }) {
        case .readOn:
            if brokenSide == source { drain(source) }
            if isRead(source) { stream(of: source).startReading(self) }
        case .sendFin,
            .finish where brokenSide != nil:
            passOnEnd(of: source)
        case .finish: finish(.completed)
        }
    }

    func passOn(_ bytes: RawSpan, from side: SessionSide) {
        if side == .client && signatureGuard != nil {
            if let passed = passGuard(bytes) { forward(passed.rawSpan, from: side) }
        } else {
            forward(bytes, from: side)
        }
    }

    /// The first bytes of a client that is not trusted: held until they can't be a header any more, refused where they are.
    ///
    /// - Returns: all of them, once they may go.
    private func passGuard(_ bytes: RawSpan) -> [UInt8]? {
        switch signatureGuard?.received(bytes) {
        case .needMore, nil: return nil
        case .refuse:
            finish(.headerFromUntrusted)
            return nil
        case .forward(let held):
            signatureGuard = nil
            looksAtFirstBytes = false
            return held
        }
    }
}

// MARK: - Ends

extension RelayFlow {
    func streamDidEnd(_ stream: TCPStream) {
        guard !isOver && farewell == nil else { return }
        lastActivity = client.loop.now
        let side = side(of: stream)
        if side == .client, let held = signatureGuard?.ended() {
            signatureGuard = nil
            if !held.isEmpty { forward(held.rawSpan, from: .client) }
            guard !isOver else { return }
        }
        switch session.relay({ $0.ended(side) }) {
        case .sendFin,
            .finish where brokenSide != nil:
            passOnEnd(of: side)
        case .wait: break
        case .finish: finish(.completed)
        }
    }

    private func passOnEnd(of side: SessionSide) {
        stream(of: side.other).endWriting()
        if let brokenSide { end(brokenBy: brokenSide) }
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        error.isLocalShortage ? finish(.localResources) : end(brokenBy: side(of: stream))
    }
}
