import HeraldCore
import LibUV

/// What a session waits for at the moment can be cut short.
protocol Abortable: AnyObject {
    /// Ends the wait, and with it the session.
    func abort(_ ending: SessionEnding)
}

/// One wait of a session: for its header, for a connect, for a moment to pass, for the relay to be over.
///
/// A task suspends on it, and callbacks end it: by what was waited for, by its deadline, or by `abort`; whatever comes
/// first counts, and nothing after it. Lives on the session's loop.
class SessionWait<Outcome: Sendable>: DeadlineTarget, Abortable {
    let session: Session
    var deadline: Deadlines.Token?
    private let deadlines: Deadlines
    private var continuation: CheckedContinuation<Outcome, Never>?

    init(_ session: Session, deadlines: Deadlines, continuation: CheckedContinuation<Outcome, Never>) {
        self.session = session
        self.deadlines = deadlines
        self.continuation = continuation
    }

    final var isOver: Bool { continuation == nil }

    /// Called once, first of all.
    ///
    /// - Parameter limit: when to call `deadlineReached`; nil for never.
    /// - Returns: false where the session was aborted before, and the wait is over already.
    final func begin(limit: Duration?) -> Bool {
        if let limit { deadlines.schedule(self, after: limit) }
        session.setWait(self)
        return !isOver
    }

    /// Ends the wait; further calls do nothing.
    final func finish(_ outcome: Outcome) {
        guard let continuation else { return }
        self.continuation = nil
        deadlines.cancel(self)
        session.setWait(nil)
        cleanUp(outcome)
        continuation.resume(returning: outcome)
    }

    /// What must be undone before the task goes on.
    func cleanUp(_ outcome: Outcome) {}

    func deadlineReached(at now: UInt64) -> UInt64? {
        preconditionFailure("each kind of wait has its own")
    }

    func abort(_ ending: SessionEnding) {
        preconditionFailure("each kind of wait has its own")
    }
}

/// Time that a session lets pass before it asks the same server again.
final class PauseWait: SessionWait<SessionEnding?> {
    override func deadlineReached(at now: UInt64) -> UInt64? {
        finish(nil)
        return nil
    }

    override func abort(_ ending: SessionEnding) {
        finish(ending)
    }
}
