import HeraldCore
import LibUV

/// An answer that takes work: made once for all who ask meanwhile, and given again for a while.
///
/// Lives on the control loop.
actor SharedAnswer: LoopActor {
    nonisolated let loop: EventLoop
    private let make: @Sendable () async -> AdminAnswer
    private var rest = WorkRest()
    private var last: AdminAnswer?
    private var isAtWork = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(loop: EventLoop, make: @escaping @Sendable () async -> AdminAnswer) {
        self.loop = loop
        self.make = make
    }

    func answer() async -> AdminAnswer {
        if isAtWork {
            await withCheckedContinuation { waiting.append($0) }
        } else if !rest.holds(at: .now) {
            await work()
        }
        return last ?? .refusal(.serviceUnavailable)
    }

    /// Who waits gets the answer before, or none.
    func close() {
        wake()
    }

    private func work() async {
        isAtWork = true
        let began = ContinuousClock.now
        let answer = await make()
        rest.worked(from: began, to: .now)
        isAtWork = false
        last = answer
        wake()
    }

    private func wake() {
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
    }
}

/// Long work on a loop, which lets the loop's sessions have their turns in between.
struct WorkTurns {
    private let loop: EventLoop
    private var began = ContinuousClock.now

    init(on loop: EventLoop) {
        self.loop = loop
    }

    /// Called where the work may be interrupted.
    mutating func next() async {
        guard ContinuousClock.now - began > Limits.adminWorkTurn else { return }
        // Behind whatever has arrived. A timer of no time at all would come back in this same turn (libuv 1.44).
        await loop.sleep(for: .milliseconds(1))
        began = .now
    }
}
