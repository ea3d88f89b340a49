import Foundation

/// A point in time until which a test is willing to wait.
struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant

    init(in duration: Duration) {
        instant = .now + duration
    }

    var isOver: Bool { instant <= .now }

    /// For `poll`: what is left, rounded up, never negative.
    var milliseconds: Int32 {
        let left = max(.zero, instant - .now)
        return Int32(left / .milliseconds(1)) + (left > .zero ? 1 : 0)
    }
}

/// How long tests wait for what should happen at once, on a machine that may be busy.
let patience = Duration.seconds(10)

/// Asks again and again until the answer is not nil, or time is up.
func eventually<Answer>(within limit: Duration = patience, _ ask: () throws -> Answer?) rethrows -> Answer? {
    let deadline = Deadline(in: limit)
    while true {
        if let answer = try ask() { return answer }
        if deadline.isOver { return nil }
        pause(.milliseconds(10))
    }
}

/// Whether the condition comes true before time is up.
func becomesTrue(within limit: Duration = patience, _ condition: () throws -> Bool) rethrows -> Bool {
    try eventually(within: limit) { try condition() ? true : nil } ?? false
}

/// Lets time pass where time itself is the input: a dripping client, an interval without activity.
func pause(_ duration: Duration) {
    Thread.sleep(forTimeInterval: duration / .seconds(1))
}

/// A harness step that could not be done; the test can't go on.
struct HarnessError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
