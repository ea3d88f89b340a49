import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// One connection of a check: does what a `CheckExchange` says, and reports what came of it.
///
/// It ends with a FIN, so that the server's log stays quiet. Lives on the control loop, kept by its stream and its deadline
/// until it is closed.
final class Probe: StreamReader, DeadlineTarget {
    private enum Phase {
        case connecting
        case talking
        /// The outcome is reported.
        case farewell
        case closed
    }

    var deadline: DeadlineWheel.Token?
    /// Once the continuation has been resumed: why the server does not pass, nil where it does.
    private(set) var failure: ServerFailure?

    private let address: SocketAddress
    private let announcement: Announcement
    private let timeout: Duration
    private let farewells: Farewells
    private let stream: TCPStream
    private var exchange: CheckExchange
    private var phase = Phase.connecting
    /// In the loop's milliseconds.
    private var began: UInt64 = 0
    private var continuation: LoopContinuation?
    private var farewellBytes = 0
    /// The FIN is sent already.
    private var isHeardOut = false

    init(_ settings: HealthCheckSettings, address: SocketAddress, timeout: Duration, farewells: Farewells) {
        self.address = address
        self.timeout = timeout
        self.farewells = farewells
        announcement = settings.announcement
        exchange = CheckExchange(settings.kind, hasHeader: announcement != .none, server: address)
        stream = TCPStream(loop: farewells.loop)
    }

    /// Begins the check, and resumes the continuation at its outcome.
    func start(_ continuation: LoopContinuation) {
        self.continuation = continuation
        began = farewells.loop.now
        farewells.deadlines.schedule(self, after: timeout)
        stream.connect(to: address, sendsAtOnce: false, speaksFirst: announcement != .none) { [self] error in
            guard phase == .connecting else { return }
            if let error { finish(ServerFailure(connecting: error)) } else { connected() }
        }
    }

    // MARK: Talk

    private func connected() {
        phase = .talking
        let move = exchange.begin()
        let words: [UInt8] =
            switch move {
            case .goOn(let bytes), .passed(let bytes): bytes
            case .hearOut, .failed: []
            }
        do throws(UVError) {
            try send(words)
        } catch {
            return finish(error.isReset ? .reset : .local(error.description))
        }
        switch move {
        case .goOn: stream.startReading(self)
        case .hearOut: hearOut()
        case .passed: finish(nil)
        case .failed(let failure): finish(failure)
        }
    }

    /// The header and the first words leave in one segment.
    private func send(_ words: [UInt8]) throws(UVError) {
        guard announcement != .none else { return try write(words) }
        guard let source = stream.localAddress, let destination = stream.peerAddress else { throw .connectionReset }
        let header = HeaderAnnouncement.check(announcement, endpoints: (source, destination))
        var message: [UInt8] = []
        stream.loop.withScratch(
            byteCount: header.length,
            fill: { header.write(to: &$0) },
            use: { message.append(contentsOf: $0) }
        )
        try write(message + words)
    }

    private func write(_ message: [UInt8]) throws(UVError) {
        guard !message.isEmpty else { return }
        let sent = try stream.tryWrite(message.rawSpan)
        // The server takes nothing: what is left goes as soon as it does.
        if sent < message.count {
            stream.write(held: message.rawSpan.extracting(sent...)) { [self] error in
                if error != nil && phase == .talking { broken() }
            }
        }
    }

    private func follow(_ move: CheckExchange.Move) {
        guard phase == .talking else { return }
        do throws(UVError) {
            switch move {
            case .goOn(let words):
                try write(words)
            case .passed(let words):
                try? write(words)
                finish(nil)
            case .failed(let failure):
                finish(failure)
            case .hearOut:
                hearOut()
            }
        } catch {
            broken()
        }
    }

    /// What the server makes of the header shows within a moment, or not at all.
    private func hearOut() {
        isHeardOut = true
        farewells.deadlines.cancel(self)
        let left = timeout - .milliseconds(Int64(farewells.loop.now - began))
        farewells.deadlines.schedule(self, after: max(.zero, min(left, Limits.checkHeaderReplyTimeout)))
        stream.endWriting()
        stream.startReading(self)
    }

    private func broken() {
        follow(exchange.reset())
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        if phase == .farewell {
            farewellBytes += bytes.byteCount
            if farewellBytes > Limits.maximumCheckReplyBytes { close() }
        } else {
            follow(exchange.received(bytes))
        }
    }

    func streamDidEnd(_ stream: TCPStream) {
        let hasEnded = phase == .talking
        if hasEnded { follow(exchange.ended()) }
        close()
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        if phase == .talking { broken() }
        close()
    }

    func deadlineReached(at now: UInt64) -> UInt64? {
        switch phase {
        case .connecting: finish(.timedOut(after: timeout, .connecting))
        case .talking: follow(exchange.timedOut(after: timeout))
        case .farewell, .closed: close()
        }
        return nil
    }

    // MARK: End

    private func finish(_ failure: ServerFailure?) {
        guard let continuation else { return }
        self.continuation = nil
        self.failure = failure
        farewells.deadlines.cancel(self)
        if phase == .talking && failure?.isCut != true && !isHeardOut && !exchange.isAnswerComplete && farewells.begin()
        {
            phase = .farewell
            farewells.deadlines.schedule(self, after: Limits.checkFarewellTimeout)
            stream.endWriting()
            stream.startReading(self)
        } else {
            close()
        }
        continuation.resume()
    }

    private func close() {
        guard phase != .closed else { return }
        if phase == .farewell { farewells.end() }
        phase = .closed
        farewells.deadlines.cancel(self)
        stream.close()
    }
}

/// The connections of checks that are over: the server's FIN is waited for, since a close with unread bytes would be a
/// reset. Lives on the control loop.
final class Farewells {
    let deadlines: Deadlines
    let loop: EventLoop
    private var count = 0

    init(loop: EventLoop) {
        self.loop = loop
        deadlines = Deadlines(loop: loop)
    }

    /// Whether there is room for another one.
    func begin() -> Bool {
        guard count < Limits.maximumCheckFarewells else { return false }
        count += 1
        return true
    }

    func end() {
        count -= 1
    }
}

extension ServerFailure {
    /// Whether there is no connection left to end in order.
    fileprivate var isCut: Bool {
        switch self {
        case .refused, .unreachable, .reset, .closedEarly, .headerNotUnderstood(.reset): true
        default: false
        }
    }
}
