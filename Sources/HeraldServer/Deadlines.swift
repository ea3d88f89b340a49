package import HeraldCore
package import LibUV

/// The deadlines of one loop: a wheel, and one timer that runs while anything is on it.
///
/// Lives on its loop alone. A deadline comes up to two of `Limits.deadlineTick` late; early by no more than a turn of the loop takes.
package final class Deadlines {
    private let loop: EventLoop
    private let timer: Timer
    private let tickMilliseconds: UInt64
    private var wheel: DeadlineWheel
    private var isRunning = false

    package init(loop: EventLoop) {
        self.loop = loop
        timer = Timer(loop: loop)
        tickMilliseconds = Limits.deadlineTick.wholeMilliseconds
        wheel = DeadlineWheel(startingAt: loop.now / tickMilliseconds)
    }

    /// Calls `target` once `delay` has passed. A target has one deadline at a time.
    package func schedule(_ target: any DeadlineTarget, after delay: Duration) {
        precondition(target.deadline == nil, "a target has one deadline at a time")
        if !isRunning {
            isRunning = true
            let tick = Limits.deadlineTick
            timer.start(after: tick, repeating: tick) { [unowned self] in turn() }
        }
        put(target, at: loop.now + delay.wholeMilliseconds)
    }

    /// Lets `target` have no deadline any more.
    package func cancel(_ target: any DeadlineTarget) {
        guard let token = target.deadline else { return }
        target.deadline = nil
        wheel.cancel(token)
    }

    package func close() {
        timer.close()
    }

    private func put(_ target: any DeadlineTarget, at time: UInt64) {
        // Behind the tick that `time` falls into, so that nothing comes early.
        target.deadline = wheel.schedule(target, at: tickNumber(of: time) + 1)
    }

    private func turn() {
        let now = loop.now
        while let target = wheel.popExpired(upTo: tickNumber(of: now)) {
            target.deadline = nil
            if let next = target.deadlineReached(at: now) { put(target, at: next) }
        }
        if wheel.isEmpty {
            isRunning = false
            timer.stop()
        }
    }

    private func tickNumber(of milliseconds: UInt64) -> UInt64 {
        milliseconds / tickMilliseconds
    }
}
