/// How long the result of work is good enough, so that work that is asked for again and again has a bounded share of the
/// time.
package struct WorkRest: Sendable {
    private var end: ContinuousClock.Instant?

    package init() {}

    package mutating func worked(from began: ContinuousClock.Instant, to ended: ContinuousClock.Instant) {
        let rest = (ended - began) * (Limits.adminWorkShare - 1)
        end = ended + min(rest, Limits.maximumAdminAnswerAge)
    }

    package func holds(at now: ContinuousClock.Instant) -> Bool {
        end.map { now < $0 } ?? false
    }
}
