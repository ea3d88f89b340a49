import HeraldCore

/// What is known of one loop's turning: when it was asked for a sign of life, and whether it has given one.
///
/// Times are milliseconds of the control loop's clock.
struct Heartbeat {
    private let limit: Duration
    /// Nil while no question is open.
    private var askedAt: UInt64?
    private var hasAnswered = false

    init(limit: Duration) {
        self.limit = limit
    }

    /// - Returns: whether the loop must be asked; a question that is open stays so.
    mutating func ask(at now: UInt64) -> Bool {
        guard askedAt == nil else { return false }
        askedAt = now
        return true
    }

    mutating func answered() {
        askedAt = nil
        hasAnswered = true
    }

    /// What it once answered counts no more: it has not been asked for a while.
    mutating func forget() {
        hasAnswered = false
    }

    /// How long the loop has not turned; nil where that is less than the limit.
    func stall(at now: UInt64) -> Duration? {
        guard let askedAt, now > askedAt else { return nil }
        let silence = Duration.milliseconds(Int64(clamping: now - askedAt))
        return silence >= limit ? silence : nil
    }

    /// Whether there is anything to go by.
    func isKnown(at now: UInt64) -> Bool {
        hasAnswered || stall(at: now) != nil
    }
}
