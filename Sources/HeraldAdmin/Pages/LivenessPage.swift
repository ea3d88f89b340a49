import HeraldCore
package import LibUV

/// `/healthz`: whether every loop turns.
///
/// Lives on the control loop. Loops are asked for a sign of life every `Limits.loopWatchInterval`, but only while polls
/// come: otherwise they are left asleep. The first poll waits until each loop has answered, or is found to stand still;
/// the ones behind it are answered at once. Where the control loop itself stands still there is no answer at all, which
/// an orchestrator takes for a bad one.
package actor LivenessPage: LoopActor, AdminPage {
    package nonisolated let path = "/healthz"

    private let loops: [EventLoop]
    private let interval: Duration
    private var beats: [Heartbeat]
    /// Runs while the loops are watched.
    private var timer: Timer?
    /// Milliseconds of the control loop's clock.
    private var lastPoll: UInt64 = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var isClosed = false

    package nonisolated var loop: EventLoop { loops[0] }

    /// - Parameters:
    ///   - loops: the control loop comes first.
    ///   - limit: how long a loop may stand still.
    package init(
        loops: [EventLoop],
        limit: Duration = Limits.loopStallTimeout,
        interval: Duration = Limits.loopWatchInterval
    ) {
        self.loops = loops
        self.interval = interval
        beats = loops.map { _ in Heartbeat(limit: limit) }
    }

    package func answer() async -> AdminAnswer {
        watch()
        while !isClosed && !beats.allSatisfy({ $0.isKnown(at: loop.now) }) {
            await withCheckedContinuation { waiting.append($0) }
        }
        let stalls = beats.enumerated().compactMap { index, beat in
            beat.stall(at: loop.now).map { "loop \(index) of \(loops.count) has not turned for \($0.plainText)" }
        }
        return stalls.isEmpty ? .text(.ok, "ok") : .text(.serviceUnavailable, stalls.joined(separator: "\n"))
    }

    package func close() {
        isClosed = true
        timer?.close()
        timer = nil
        wake()
    }

    private func watch() {
        lastPoll = loop.now
        guard timer == nil && !isClosed else { return }
        let timer = Timer(loop: loop)
        self.timer = timer
        for index in beats.indices { beats[index].forget() }
        ask()
        timer.start(after: interval, repeating: interval) { [unowned self] in assumeIsolated { $0.tick() } }
    }

    private func tick() {
        if loop.now - lastPoll > Limits.loopWatchDuration.wholeMilliseconds {
            timer?.close()
            timer = nil
            return
        }
        ask()
        wake()
    }

    private func ask() {
        for (index, asked) in loops.enumerated() where beats[index].ask(at: loop.now) {
            asked.execute { [self, loop] in
                loop.execute { [self] in assumeIsolated { $0.answered(index) } }
            }
        }
    }

    private func answered(_ index: Int) {
        beats[index].answered()
        wake()
    }

    /// Lets those who wait look again.
    private func wake() {
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
    }
}
