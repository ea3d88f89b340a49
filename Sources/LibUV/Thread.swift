import CLibUV

/// An operating-system thread that runs one function.
// Unchecked: `memory` is written once, before the thread can be joined.
@safe package final class Thread: @unchecked Sendable {
    private let memory: UnsafeMutablePointer<uv_thread_t>

    package init(_ body: @escaping @Sendable () -> Void) throws(UVError) {
        // Safe: freed by `deinit`; the body's box is retained for the thread, which takes it.
        unsafe memory = .allocate(capacity: 1)
        let box = unsafe Unmanaged.passRetained(Body(body))
        let entry: uv_thread_cb = { argument in
            guard let argument = unsafe argument else { return }
            unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().call()
        }
        let result = unsafe uv_thread_create(memory, entry, box.toOpaque())
        if result < 0 {
            unsafe box.release()
            throw UVError(code: result)
        }
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Waits for the function to return; called once.
    package func join() {
        _ = unsafe uv_thread_join(memory)
    }

    private final class Body: Sendable {
        let call: @Sendable () -> Void

        init(_ call: @escaping @Sendable () -> Void) {
            self.call = call
        }
    }
}
