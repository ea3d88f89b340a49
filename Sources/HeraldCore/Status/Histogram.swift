/// How often durations fell into which range.
package struct Histogram: Hashable, Sendable {
    /// Durations in each range, and last those above all bounds.
    package private(set) var counts: [UInt64]
    package var sum: Duration { .nanoseconds(Int64(clamping: totalNanoseconds)) }
    /// Upper bounds of the ranges, ascending; a duration that is equal to a bound is within it.
    private let boundNanoseconds: [UInt64]
    private var totalNanoseconds: UInt64 = 0

    /// Half a millisecond to ten seconds: of connects and of headers.
    package static let latencyBounds: [Duration] = [
        .microseconds(500), .milliseconds(1), .microseconds(2500), .milliseconds(5), .milliseconds(10),
        .milliseconds(25),
        .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .milliseconds(2500),
        .seconds(5), .seconds(10),
    ]

    package init(bounds: [Duration] = Histogram.latencyBounds) {
        boundNanoseconds = bounds.map { UInt64($0 / .nanoseconds(1)) }
        counts = [UInt64](repeating: 0, count: bounds.count + 1)
    }

    /// The longest duration of a range; nil for the last one, which has no bound.
    package func bound(ofRange index: Int) -> Duration? {
        index < boundNanoseconds.count ? .nanoseconds(Int64(boundNanoseconds[index])) : nil
    }

    package var count: UInt64 { counts.reduce(0, +) }

    /// Counts a duration: in nanoseconds, as they are measured, since each session has two.
    package mutating func record(nanoseconds: UInt64) {
        counts[boundNanoseconds.firstIndex { nanoseconds <= $0 } ?? boundNanoseconds.count] += 1
        totalNanoseconds &+= nanoseconds
    }

    /// Adds what another loop has counted, by the same bounds.
    package mutating func add(_ other: Histogram) {
        precondition(boundNanoseconds == other.boundNanoseconds)
        for index in counts.indices { counts[index] += other.counts[index] }
        totalNanoseconds &+= other.totalNanoseconds
    }
}
