/// When checks run: spread over time from the start, and never falling into step.
package enum CheckSchedule {
    /// How far an interval may be off either way, in percent.
    ///
    /// Enough that the checks of several heralds, started together, drift apart within some minutes; too little for
    /// anybody to notice in how fast a dead server is found.
    package static let jitterPercent = 5

    /// How long server `index` of `count` waits for its first check.
    ///
    /// Each of the servers has a slot of its own in the interval, and a place by chance within it. Count the servers of
    /// all backends together: two backends of one server each must not be checked at the same moment either. Long
    /// intervals are spread over `Limits.maximumFirstCheckDelay`, so that a dead server is found soon after the start.
    ///
    /// Precondition: `index` is one of 0 to `count - 1`.
    package static func firstDelay(
        server index: Int,
        of count: Int,
        interval: Duration,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        precondition((0..<count).contains(index))
        let slot = min(interval, Limits.maximumFirstCheckDelay) / count
        return slot * index + slot * Double.random(in: 0..<1, using: &random)
    }

    /// The interval with its jitter; on average the interval itself.
    package static func nextDelay(
        interval: Duration,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        let jitter = Double(jitterPercent) / 100
        return interval * Double.random(in: 1 - jitter...1 + jitter, using: &random)
    }
}
