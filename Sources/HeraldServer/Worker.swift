package import HeraldCore
package import LibUV

/// All that the sessions of one loop share. Lives on its loop alone; carried between its actors as `LoopBound`.
package final class Worker {
    package let loop: EventLoop
    let deadlines: Deadlines
    let log: SessionLog
    let binds: BindTable
    private var sessions: [Session] = []
    /// The most sessions since memory was given back, and when that may be done again.
    private var peak = 0
    private var nextGivingBack: UInt64 = 0
    /// Of every frontend that there was, by name.
    private var tallies: [String: FrontendTally] = [:]
    /// How late a timer of this loop comes, looked at once a second.
    private var lag = Histogram()
    private let lagTimer: Timer

    package init(loop: EventLoop, journal: Journal) {
        self.loop = loop
        binds = BindTable(loop: loop)
        lagTimer = Timer(loop: loop)
        deadlines = Deadlines(loop: loop)
        log = SessionLog(loop: loop, journal: journal)
        watchLag()
    }

    private func watchLag() {
        let due = SystemInformation.monotonicNanoseconds + 1_000_000_000
        lagTimer.start(after: .seconds(1)) { [unowned self] in
            let now = SystemInformation.monotonicNanoseconds
            lag.record(nanoseconds: now > due ? now - due : 0)
            giveBackMemory()
            watchLag()
        }
    }

    /// After a rush hour; where sessions merely come and go, their memory is soon used again.
    private func giveBackMemory() {
        guard peak - sessions.count >= Limits.sessionsWorthGivingBack && sessions.count <= peak / 4,
            loop.now >= nextGivingBack
        else { return }
        peak = sessions.count
        nextGivingBack = loop.now + Limits.givingBackInterval.wholeMilliseconds
        SystemInformation.giveBackFreeMemory()
    }

    /// What is counted for a frontend of this name; it goes on where there was one before.
    package func tally(ofFrontend name: String) -> FrontendTally {
        if let tally = tallies[name] { return tally }
        let tally = FrontendTally()
        tallies[name] = tally
        return tally
    }

    /// How many sessions ended otherwise than well, by label and reason.
    var failures: [String: Int] {
        var failures: [String: Int] = [:]
        for tally in tallies.values {
            for (ending, count) in tally.counts.endings {
                failures[ending.name, default: 0] += Int(clamping: count)
            }
        }
        return failures
    }

    /// What this loop knows at this moment, sessions that go on included.
    struct Report: Sendable {
        var sessionCount = 0
        var lag: Histogram
        var counts: [String: FrontendCounts] = [:]
        var headerErrors: [String: [HeaderError]] = [:]
        /// Payload of sessions that go on, by server.
        var bytes: [ObjectIdentifier: (fromClients: UInt64, fromServer: UInt64)] = [:]
    }

    var report: Report {
        var report = Report(lag: lag)
        report.sessionCount = sessions.count
        var open: [ObjectIdentifier: (fromClients: UInt64, fromServers: UInt64)] = [:]
        for session in sessions {
            let fromClient = session.relayState.byteCount(from: .client)
            let fromServer = session.relayState.byteCount(from: .server)
            guard fromClient + fromServer > 0 else { continue }
            let tally = ObjectIdentifier(session.frontend.tally.value)
            let frontend = open[tally] ?? (0, 0)
            open[tally] = (frontend.0 + fromClient, frontend.1 + fromServer)
            guard let slot = session.target?.slot else { continue }
            let server = report.bytes[ObjectIdentifier(slot)] ?? (0, 0)
            report.bytes[ObjectIdentifier(slot)] = (server.0 + fromClient, server.1 + fromServer)
        }
        for (name, tally) in tallies {
            var counts = tally.soFar
            counts.bytesFromClients += open[ObjectIdentifier(tally)]?.fromClients ?? 0
            counts.bytesFromServers += open[ObjectIdentifier(tally)]?.fromServers ?? 0
            report.counts[name] = counts
            report.headerErrors[name] = tally.headerErrors
        }
        return report
    }

    func add(_ session: Session) {
        session.position = sessions.count
        sessions.append(session)
        peak = max(peak, sessions.count)
    }

    func remove(_ session: Session) {
        let last = sessions.removeLast()
        if last !== session {
            sessions[session.position] = last
            last.position = session.position
        }
    }

    /// Ends every session; each is gone within the next turns of the loop.
    package func abortSessions(_ ending: SessionEnding) {
        for session in sessions { session.abort(ending) }
    }

    /// Ends the sessions that are connected to a server.
    package func abortSessions(of server: PoolServer) {
        for session in sessions where session.target?.slot === server.slot && session.connectedAt != nil {
            session.abort(.serverDown)
        }
    }

    package func close() {
        lagTimer.close()
        deadlines.close()
        log.close()
    }
}
