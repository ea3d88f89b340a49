/// What a server is fit for.
package enum ServerState: String, Hashable, Sendable, CaseIterable {
    /// Takes its share of sessions.
    case up
    /// Has come up, and takes a share that grows.
    case starting
    /// Failed its checks.
    case down
    /// Takes no new sessions, by its weight or because it is not listed any more; those that it has go on.
    case drain
    /// Disabled: neither checked nor chosen.
    case maintenance
}

/// A server's state with all that it comes from: checks, passive health, configuration and slow start.
package struct ServerCondition: Sendable {
    /// A change of state, with what a log line tells of it.
    package struct Change: Hashable, Sendable {
        package var from: ServerState
        package var to: ServerState
        package var reason: String
        /// How many checks in a row brought it about; nil where none did.
        package var checks: Int?
        /// How long the state before had held.
        package var heldFor: Duration

        package init(from: ServerState, to: ServerState, reason: String, checks: Int?, heldFor: Duration) {
            self.from = from
            self.to = to
            self.reason = reason
            self.checks = checks
            self.heldFor = heldFor
        }
    }

    package private(set) var state: ServerState
    /// When `state` began.
    package private(set) var since: ContinuousClock.Instant
    /// Why `state` holds, in words; nil for the one that it started with.
    package private(set) var reason: String?
    package private(set) var lastOutcome: CheckOutcome?
    private var settings: ServerSettings
    private var tracker: HealthTracker?
    /// No longer in the file, or in the answer of the name service.
    package private(set) var hasVanished = false
    private var slowStartBegan: ContinuousClock.Instant?

    /// - Parameter joins: whether it comes in while sessions go on already; then it starts slowly.
    package init(_ settings: ServerSettings, joins: Bool, at now: ContinuousClock.Instant) {
        self.settings = settings
        tracker = settings.isDisabled ? nil : settings.check.map { HealthTracker(settings: $0, at: now) }
        since = now
        state = .up
        if joins && settings.slowStart != nil { slowStartBegan = now }
        state = currentState
    }

    // MARK: What sessions and checks ask

    /// Whether the server is to be checked.
    package var isChecked: Bool { tracker != nil && !hasVanished }

    package var checkTimeout: Duration? { tracker?.timeout }

    package var nextCheckInterval: Duration? { tracker?.nextInterval }

    /// Whether it takes new sessions, as far as it is up to itself.
    package var isUsable: Bool { state == .up || state == .starting }

    /// Its share of new sessions: the weight, in units of 1/`Limits.slowStartSteps`; 0 where it is not usable.
    package func share(at now: ContinuousClock.Instant) -> Int {
        isUsable ? settings.weight * slowStartSteps(at: now) : 0
    }

    /// Sessions that it takes at one time: in a slow start as large a part of `maxconn` as of the weight, and at least one.
    package func sessionLimit(at now: ContinuousClock.Instant) -> Int {
        guard let maximum = settings.maximumSessions else { return .max }
        return max(maximum * slowStartSteps(at: now) / Limits.slowStartSteps, 1)
    }

    /// How far it has come, of `Limits.slowStartSteps`.
    private func slowStartSteps(at now: ContinuousClock.Instant) -> Int {
        let steps = Limits.slowStartSteps
        guard let began = slowStartBegan, let whole = settings.slowStart else { return steps }
        let step = Int(began.duration(to: now) / whole * Double(steps)) + 1
        return min(max(step, 1), steps)
    }

    /// When `share` is to be asked for again, and `slowStartMoved` to be called; nil while it stays.
    package var slowStartStep: Duration? {
        slowStartBegan == nil ? nil : settings.slowStart.map { $0 / Limits.slowStartSteps }
    }

    // MARK: What happens

    package mutating func record(_ outcome: CheckOutcome, at now: ContinuousClock.Instant) -> Change? {
        lastOutcome = outcome
        guard let transition = tracker?.record(outcome, at: now) else { return nil }
        return trackerChanged(transition, at: now, reason: outcome.description)
    }

    /// As many connects of sessions failed in a row as the settings' limit allows.
    package mutating func observe(_ failure: ServerFailure, at now: ContinuousClock.Instant) -> Change? {
        guard let observation = settings.observation, tracker?.state == .up else { return nil }
        let transition = tracker?.observe(observation.action, failure, at: now)
        let reason = "\(observation.errorLimit) connects of sessions in a row failed, the last: \(failure)"
        return transition.flatMap { trackerChanged($0, at: now, reason: reason) }
    }

    /// Time has passed in a slow start.
    package mutating func slowStartMoved(at now: ContinuousClock.Instant) -> Change? {
        guard let began = slowStartBegan, let whole = settings.slowStart, began.duration(to: now) >= whole else {
            return nil
        }
        slowStartBegan = nil
        return changed(at: now, reason: "slow start is over")
    }

    /// It is wanted, by these settings; it may have been unwanted before.
    package mutating func adopt(_ next: ServerSettings, at now: ContinuousClock.Instant) -> Change? {
        let returns = hasVanished
        let wasDisabled = settings.isDisabled
        hasVanished = false
        if checks(differFrom: next) {
            // What the checks have found is kept: the server is the same.
            if let check = next.isDisabled ? nil : next.check {
                if tracker == nil { tracker = HealthTracker(settings: check, at: now) }
                tracker?.settings = check
            } else {
                tracker = nil
            }
        }
        settings = next
        if next.slowStart == nil {
            slowStartBegan = nil
        } else if returns || (wasDisabled && !next.isDisabled) {
            slowStartBegan = now
        }
        return changed(at: now, reason: returns ? "it is wanted again" : "its settings are others now")
    }

    /// Whether these settings have it checked otherwise.
    package func checks(differFrom next: ServerSettings) -> Bool {
        settings.check != next.check || settings.isDisabled != next.isDisabled
    }

    /// Neither the file nor the name service knows it any more.
    package mutating func vanish(at now: ContinuousClock.Instant) -> Change? {
        hasVanished = true
        return changed(at: now, reason: "it is not listed any more")
    }

    // MARK: State

    private var currentState: ServerState {
        if settings.isDisabled { return .maintenance }
        if tracker?.state == .down { return .down }
        if hasVanished || settings.weight == 0 { return .drain }
        return slowStartBegan == nil ? .up : .starting
    }

    private mutating func trackerChanged(
        _ transition: HealthTracker.Transition,
        at now: ContinuousClock.Instant,
        reason: String
    ) -> Change? {
        slowStartBegan = transition.to == .up && settings.slowStart != nil ? now : nil
        return changed(at: now, reason: reason, checks: transition.checks)
    }

    private mutating func changed(at now: ContinuousClock.Instant, reason: String, checks: Int? = nil) -> Change? {
        let next = currentState
        guard next != state else { return nil }
        let change = Change(from: state, to: next, reason: reason, checks: checks, heldFor: since.duration(to: now))
        state = next
        since = now
        self.reason = reason
        return change
    }
}
