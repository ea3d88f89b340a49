import HeraldCore
import LibUV
import NetworkAddress

/// What one loop counts for one frontend; it goes on over reloads. Lives on its loop alone.
package final class FrontendTally {
    private(set) var counts = FrontendCounts()
    /// The newest last.
    private(set) var headerErrors: [HeaderError] = []
    /// The commonest ending, apart from the dictionary of the others.
    private var completed: UInt64 = 0

    package init() {}

    func accepted() {
        counts.sessions += 1
    }

    func acceptFailed() {
        counts.acceptErrors += 1
    }

    /// Counts a session at its end.
    func ended(_ session: Session, _ ending: SessionEnding, bind: @autoclosure () -> String) {
        let fromClient = session.relayState.byteCount(from: .client)
        let fromServer = session.relayState.byteCount(from: .server)
        counts.bytesFromClients += fromClient
        counts.bytesFromServers += fromServer
        session.target?.slot.addBytes(fromClient: fromClient, fromServer: fromServer)
        if let kind = session.headerKind { counts.headers[kind] += 1 }
        if let done = session.headerDoneAt {
            counts.headerLatency.record(nanoseconds: done - session.acceptedAt)
        }
        if let began = session.connectBeganAt, let connected = session.connectedAt {
            counts.connectLatency.record(nanoseconds: connected - began)
        }
        if let attempts = session.attempts { counts.retries += UInt64(attempts.retryCount) }
        if session.queuedAt != nil { counts.queued += 1 }
        if case .completed = ending {
            completed += 1
        } else {
            counts.endings[FrontendCounts.Ending(ending), default: 0] += 1
            if ending.concernsHeader { note(session, ending, bind: bind()) }
        }
    }

    private func note(_ session: Session, _ ending: SessionEnding, bind: String) {
        if headerErrors.count == Limits.headerErrorsKept { headerErrors.removeFirst() }
        headerErrors.append(
            HeaderError(
                time: .now,
                peer: session.peer,
                bind: bind,
                ending: FrontendCounts.Ending(ending).name,
                detail: ending.detail
            )
        )
    }

    /// What was counted by now, without the sessions that go on.
    var soFar: FrontendCounts {
        var counts = counts
        if completed > 0 { counts.endings[FrontendCounts.Ending(.completed)] = completed }
        return counts
    }
}
