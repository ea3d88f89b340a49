import HeraldCore
import LibUV
import ProxyProtocol

/// Collects the lines of one loop's sessions, and hands them on many at a time. Lives on its loop alone.
final class SessionLog {
    /// Lines are handed on when so much has come together, or after `delay`.
    private static let batchBytes = 32 * 1024
    private static let delay = Duration.milliseconds(50)

    private let journal: Journal
    /// Of the journal, without its lock.
    private var settings: LogSettings
    private let timer: Timer
    private var lines: [UInt8] = []
    private var lineCount = 0

    init(loop: EventLoop, journal: Journal) {
        self.journal = journal
        settings = journal.settings
        timer = Timer(loop: loop)
    }

    /// Writes by other settings from now on.
    func adopt(_ settings: LogSettings) {
        self.settings = settings
    }

    func append(_ record: SessionRecord) {
        if lines.isEmpty { timer.start(after: SessionLog.delay) { [unowned self] in flush() } }
        record.append(to: &lines, as: settings.format)
        lineCount += 1
        if lines.count >= SessionLog.batchBytes { flush() }
    }

    private func flush() {
        guard !lines.isEmpty else { return }
        journal.write(lines, lineCount: lineCount)
        lines.removeAll(keepingCapacity: true)
        lineCount = 0
    }

    func close() {
        flush()
        timer.close()
    }

    /// Whether a session that ends so gets a line.
    func wants(_ ending: SessionEnding) -> Bool {
        settings.level <= .info && ending.isLogged(with: settings.sessions)
    }
}

extension SessionRecord {
    /// What `session` tells at its end.
    init(
        _ session: Session,
        _ ending: SessionEnding,
        frontend: String,
        bind: String,
        backend: String,
        load: SessionRecord.Load
    ) {
        let now = SystemInformation.monotonicNanoseconds
        func since(_ start: UInt64, until end: UInt64) -> Duration { .nanoseconds(Int64(end - start)) }
        self.init(
            time: .now,
            frontend: frontend,
            bind: bind,
            peer: session.peer,
            backend: backend,
            totalDuration: since(session.acceptedAt, until: now),
            ending: ending
        )
        header = session.headerKind
        announcedSource = session.announced?.source
        announcedDestination = session.announced?.destination
        server = session.target.map { Server(name: $0.name, address: $0.address) }
        announcedDetails = session.announcedDetails
        if let attempts = session.attempts {
            retries = attempts.retryCount
            redispatches = attempts.redispatchCount(last: session.target?.slot)
        }
        self.load = load
        self.load.server = session.target?.slot.sessionCount
        bytesFromClient = session.relayState.byteCount(from: .client)
        bytesFromServer = session.relayState.byteCount(from: .server)
        headerDuration = session.headerDoneAt.map { since(session.acceptedAt, until: $0) }
        if let began = session.queuedAt, let ended = session.queuedUntil {
            queueDuration = since(began, until: ended)
            queuedBehind = session.queuedBehind.map { Int($0) }
        }
        if let began = session.connectBeganAt, let connected = session.connectedAt {
            connectDuration = since(began, until: connected)
        }
    }
}

extension SessionRecord.Header {
    init(_ header: ProxyHeader) {
        switch (header.version, header.command) {
        case (.v1, _): self = header.announced == nil ? .version1Unknown : .version1
        case (.v2, .local): self = .version2Local
        case (.v2, .proxy): self = header.announced == nil ? .version2Unknown : .version2
        }
    }
}
