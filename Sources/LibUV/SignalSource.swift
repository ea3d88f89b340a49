import CLibUV
import Glibc

/// Calls back on the loop when the process gets a signal.
package final class SignalSource: Handle, @unchecked Sendable {
    package enum Signal: Int32, Sendable {
        case hangUp = 1
        case interrupt = 2
        case terminate = 15
    }

    private let action: () -> Void

    package init(_ signal: Signal, loop: EventLoop, action: @escaping () -> Void) throws(UVError) {
        self.action = action
        super.init(loop: loop, kind: UV_SIGNAL)
        try checked(unsafe uv_signal_init(loop.raw, raw))
        becomeOwned()
        let callback: uv_signal_cb = { handle, _ in
            guard let source: SignalSource = unsafe Handle.object(handle) else { return }
            source.action()
            source.loop.finishCallback()
        }
        let result = unsafe uv_signal_start(raw, callback, signal.rawValue)
        if result < 0 {
            close()
            throw UVError(code: result)
        }
    }

    private var raw: UnsafeMutablePointer<uv_signal_t> {
        unsafe memory.assumingMemoryBound(to: uv_signal_t.self)
    }

    /// Writing to a connection that is gone must be an error of that write, not the end of the process.
    package static func ignoreBrokenPipes() {
        // Safe: a constant disposition, set before any other thread runs.
        _ = signal(SIGPIPE, SIG_IGN)
    }
}
