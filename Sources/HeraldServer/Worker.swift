package import HeraldCore
package import LibUV

/// All that the sessions of one loop share. Lives on its loop alone; carried between its actors as `LoopBound`.
package final class Worker {
    package let loop: EventLoop
    let deadlines: Deadlines
    let log: SessionLog
    /// What each backend looks like now; same indices as the settings' backends.
    private(set) var pools: [PoolSnapshot]
    private var sessions: [Session] = []
    /// How many sessions ended otherwise than well, by label and reason.
    private(set) var failures: [String: Int] = [:]

    package init(loop: EventLoop, pools: [PoolSnapshot], journal: Journal) {
        self.loop = loop
        self.pools = pools
        deadlines = Deadlines(loop: loop)
        log = SessionLog(loop: loop, journal: journal)
    }

    /// Makes new sessions choose from `snapshot`.
    package func install(_ snapshot: PoolSnapshot, backend: Int) {
        pools[backend] = snapshot
    }

    func add(_ session: Session) {
        session.position = sessions.count
        sessions.append(session)
    }

    /// Counts an ending that is none of the good ones.
    func count(_ ending: SessionEnding) {
        guard ending.isError else { return }
        let name = ending.reason.map { "\(ending.label)/\($0)" } ?? ending.label
        failures[name, default: 0] += 1
    }

    func remove(_ session: Session) {
        let last = sessions.removeLast()
        if last !== session {
            sessions[session.position] = last
            last.position = session.position
        }
    }

    /// Ends every session; each is gone within this turn of the loop.
    package func abortSessions(_ ending: SessionEnding) {
        for session in sessions { session.abort(ending) }
    }

    package func close() {
        deadlines.close()
        log.close()
    }
}
