package import HeraldCore
package import LibUV
import NetworkAddress

/// All that the sessions of one loop share. Lives on its loop alone; carried between its actors as `LoopBound`.
package final class Worker {
    package let loop: EventLoop
    let deadlines: Deadlines
    let log: SessionLog
    /// What each backend looks like now; same indices as the settings' backends.
    private(set) var pools: [PoolSnapshot]
    private var sessions: [Session] = []
    private var random = SplitMix64(seed: .random(in: .min ... .max))
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
        let isOtherBoard = pools[backend].board !== snapshot.board
        pools[backend] = snapshot
        // Sessions that ended before it came were not noted on it.
        if isOtherBoard { snapshot.board.refreshAll() }
    }

    /// Counts a session in at the server whose turn it is.
    func choose(for client: IPAddress, backend: Int, excluding failed: [ServerSlot] = []) -> PoolSnapshot.Choice {
        pools[backend].choose(for: client, excluding: failed, using: &random)
    }

    /// Counts a session out.
    func leave(_ server: PoolServer, backend: Int) {
        pools[backend].leave(server, using: &random)
    }

    func admitWaiting(backend: Int) {
        pools[backend].admitWaiting(using: &random)
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

    /// Ends the sessions that are connected to a server.
    package func abortSessions(of server: PoolServer) {
        for session in sessions where session.target?.slot === server.slot && session.connectedAt != nil {
            session.abort(.serverDown)
        }
    }

    package func close() {
        deadlines.close()
        log.close()
    }
}
