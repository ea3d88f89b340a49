import HeraldCore
import LibUV

/// One wait of a session: for its header, for a connect, for a moment to pass, for the relay to be over.
///
/// Callbacks end it: by what was waited for, by its deadline, or by `abort`; whatever comes first counts, and nothing after
/// it. What came of it is written into the session, which goes on once the callback is over. Lives on the session's loop.
class SessionWait: DeadlineTarget {
    let session: Session
    private final var token: DeadlineWheel.Token?
    private let deadlines: Deadlines
    private(set) final var isOver = false

    init(_ session: Session, deadlines: Deadlines) {
        self.session = session
        self.deadlines = deadlines
    }

    // Over a property of its own: one that a protocol asks for could be held on to while others are at it, which would be
    // looked for at each access.
    final var deadline: DeadlineWheel.Token? {
        get { token }
        set { token = newValue }
    }

    /// Called once, first of all.
    ///
    /// - Parameter limit: when to call `deadlineReached`; nil for never.
    /// - Returns: false where the session was aborted before, and the wait is over already.
    final func begin(limit: Duration?) -> Bool {
        if let ending = session.begin(self) {
            finish(ending)
            return false
        }
        if let limit { deadlines.schedule(self, after: limit) }
        return true
    }

    /// Sets another time for `deadlineReached` in place of the one that is set.
    final func lookAgain(after delay: Duration) {
        deadlines.cancel(self)
        deadlines.schedule(self, after: delay)
    }

    /// Ends the wait, and with an `ending` the session too; further calls do nothing.
    final func finish(_ ending: SessionEnding? = nil) {
        guard !isOver else { return }
        isOver = true
        deadlines.cancel(self)
        session.end(self, ending)
        cleanUp()
        session.client.loop.resumeLater(session)
    }

    /// Tells the session's frontend of what is worth a diagnosis.
    final func tellFrontend(_ tell: @escaping @Sendable (isolated Frontend, Session) -> Void) {
        Frontend.entrance(tell)(session.frontend, session)
    }

    /// What must be undone before the session goes on.
    func cleanUp() {}

    /// Its time is over.
    ///
    /// - Returns: as `DeadlineTarget` has it.
    func deadlineReached(at now: UInt64) -> UInt64? {
        preconditionFailure("each kind of wait has its own")
    }
}

/// Time that a session lets pass before it asks the same server again.
final class PauseWait: SessionWait {
    override func deadlineReached(at now: UInt64) -> UInt64? {
        finish()
        return nil
    }
}
