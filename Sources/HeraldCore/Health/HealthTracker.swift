/// Counts the checks of one server and tells when its state changes.
///
/// What sessions meet can take a server down, too (`observe`), but only checks bring one up.
///
/// A server starts up, so that a start serves sessions at once. From then on `fall` failures in a row take it down, and
/// `rise` successes in a row bring it up; a check that agrees with the state sets the count back.
package struct HealthTracker: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        case up
        case down
    }

    /// A change of state, with what a log line tells of it.
    package struct Transition: Hashable, Sendable {
        package var from: State
        package var to: State
        /// The last of the checks that brought the change about.
        package var outcome: CheckOutcome
        /// How many checks in a row did; nil where sessions' connects did.
        package var checks: Int?
        /// How long the state before had held.
        package var heldFor: Duration
    }

    /// May be replaced at any time; the next check counts by the new ones.
    package var settings: HealthCheckSettings
    package private(set) var state = State.up
    /// When `state` began.
    package private(set) var since: ContinuousClock.Instant
    /// nil before the first check has ended.
    package private(set) var lastOutcome: CheckOutcome?
    /// Checks in a row that spoke against `state`.
    private var dissents = 0
    /// Sessions could not connect: the next check is to come soon.
    private var isHurried = false

    package init(settings: HealthCheckSettings, at now: ContinuousClock.Instant) {
        self.settings = settings
        since = now
    }

    /// Counts a check that ended at `now`; answers the change where it changes the state.
    ///
    /// A check that failed on this host (`ServerFailure.local`) says nothing about the server and counts neither way:
    /// running out of descriptors must not take every server down.
    package mutating func record(_ outcome: CheckOutcome, at now: ContinuousClock.Instant) -> Transition? {
        lastOutcome = outcome
        isHurried = false
        let verdict: State
        switch outcome {
        case .passed: verdict = .up
        case .failed(.local): return nil
        case .failed: verdict = .down
        }
        guard verdict != state else {
            dissents = 0
            return nil
        }
        dissents += 1
        guard dissents >= (verdict == .up ? settings.rise : settings.fall) else { return nil }
        return turn(to: verdict, by: outcome, checks: dissents, at: now)
    }

    /// Sessions could not connect again and again; answers the change where that takes the server down.
    package mutating func observe(
        _ action: ObservationSettings.Action,
        _ failure: ServerFailure,
        at now: ContinuousClock.Instant
    ) -> Transition? {
        guard state == .up else { return nil }
        isHurried = true
        switch action {
        case .fastInterval: return nil
        case .failCheck: dissents += 1
        case .suddenDeath: dissents = max(dissents, settings.fall - 1)
        case .markDown: dissents = settings.fall
        }
        guard dissents >= settings.fall else { return nil }
        return turn(to: .down, by: .failed(failure), checks: nil, at: now)
    }

    private mutating func turn(
        to verdict: State,
        by outcome: CheckOutcome,
        checks: Int?,
        at now: ContinuousClock.Instant
    ) -> Transition {
        let transition = Transition(
            from: state,
            to: verdict,
            outcome: outcome,
            checks: checks,
            heldFor: since.duration(to: now)
        )
        state = verdict
        since = now
        dissents = 0
        isHurried = false
        return transition
    }

    /// From the start of the last check to the start of the next one.
    package var nextInterval: Duration {
        if dissents > 0 || isHurried { return settings.fastInterval ?? settings.interval }
        return switch state {
        case .up: settings.interval
        case .down: settings.downInterval ?? settings.interval
        }
    }

    /// For one check, from its start.
    package var timeout: Duration {
        settings.timeout ?? settings.interval
    }
}
