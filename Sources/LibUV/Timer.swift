import CLibUV

/// A timer of the loop, in whole milliseconds from the start of the loop's turn (`EventLoop.now`).
package final class Timer: Handle, @unchecked Sendable {
    private var action: (() -> Void)?

    package init(loop: EventLoop) {
        super.init(loop: loop, kind: UV_TIMER)
        // uv_timer_init can't fail.
        _ = unsafe uv_timer_init(loop.raw, raw)
        becomeOwned()
    }

    private var raw: UnsafeMutablePointer<uv_timer_t> {
        unsafe memory.assumingMemoryBound(to: uv_timer_t.self)
    }

    /// Calls `action` after `delay`, and again every `interval` where there is one. A timer under way is set anew.
    package func start(after delay: Duration, repeating interval: Duration? = nil, _ action: @escaping () -> Void) {
        loop.checkThread()
        guard !isClosing else { return }
        self.action = action
        let callback: uv_timer_cb = { handle in
            guard let timer: Timer = unsafe Handle.object(handle) else { return }
            timer.action?()
            timer.loop.finishCallback()
        }
        _ = unsafe uv_timer_start(raw, callback, delay.wholeMilliseconds, interval?.wholeMilliseconds ?? 0)
    }

    package func stop() {
        loop.checkThread()
        guard !isClosing else { return }
        action = nil
        _ = unsafe uv_timer_stop(raw)
    }

    package override func close() {
        loop.checkThread()
        action = nil
        super.close()
    }
}

extension Duration {
    /// Rounded up, so that nothing comes early; nothing below zero.
    package var wholeMilliseconds: UInt64 {
        guard self > .zero else { return 0 }
        return min(UInt64(clamping: (attoseconds - 1) / 1_000_000_000_000_000 + 1), UInt64.max / 2)
    }
}

extension EventLoop {
    /// Suspends the task for `duration`; returns early, without error, when the task is cancelled.
    ///
    /// It may last longer by a 64th of itself, and by 16 ms at most: tasks that sleep long wake together where they can, as
    /// each time that the loop wakes up costs more than most of what it then does.
    package func sleep(for duration: Duration) async {
        let sleeper = Sleeper(loop: self)
        await withTaskCancellationHandler {
            await suspend { sleeper.sleep(for: duration, $0) }
        } onCancel: {
            // Cancellation may come from any thread.
            execute { sleeper.wake() }
        }
    }
}

/// One sleep of one task.
// Unchecked: all state is touched on the loop's thread alone, which both methods check.
private final class Sleeper: @unchecked Sendable {
    private let loop: EventLoop
    private var timer: Timer?
    private var continuation: LoopContinuation?
    private var isAwake = false

    init(loop: EventLoop) {
        self.loop = loop
    }

    func sleep(for duration: Duration, _ continuation: LoopContinuation) {
        loop.checkThread()
        guard !isAwake && !Task.isCancelled else { return continuation.resume() }
        self.continuation = continuation
        let timer = Timer(loop: loop)
        self.timer = timer
        timer.start(after: .milliseconds(commonDelay(duration.wholeMilliseconds))) { [self] in wake() }
    }

    /// The delay until the next time at or after `delay` that others are likely to wake at as well.
    private func commonDelay(_ delay: UInt64) -> UInt64 {
        let slack = min(delay / 64, 16)
        guard slack > 1 else { return delay }
        // Whole multiples of a power of two, so that long and short sleeps meet.
        let beat = UInt64(1) << UInt64(63 - slack.leadingZeroBitCount)
        let end = loop.now + delay
        return (end + beat - 1) / beat * beat - loop.now
    }

    func wake() {
        loop.checkThread()
        isAwake = true
        timer?.close()
        timer = nil
        continuation?.resume()
        continuation = nil
    }
}
