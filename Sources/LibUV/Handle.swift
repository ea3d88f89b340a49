import CLibUV

/// Heap memory of one libuv handle, and the object that stands for it.
///
/// The object is retained once when libuv takes the handle over and released once in the close callback: libuv may look
/// at the memory until then, whoever else has let go. Methods trap off the loop's thread, in release too.
// Unchecked: all state is touched on the loop's thread alone, which every method checks.
@safe package class Handle: @unchecked Sendable {
    package let loop: EventLoop
    let memory: UnsafeMutableRawPointer
    private var isOwnedByLoop = false
    package private(set) var isClosing = false

    init(loop: EventLoop, kind: uv_handle_type) {
        loop.checkThread()
        self.loop = loop
        // Safe: freed by `deinit`, which can't come before the close callback has released the object.
        unsafe memory = .allocate(byteCount: uv_handle_size(kind), alignment: 16)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Called right after libuv's init function has succeeded: from now on the handle must be closed.
    final func becomeOwned() {
        isOwnedByLoop = true
        unsafe base.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    final var base: UnsafeMutablePointer<uv_handle_t> {
        unsafe memory.assumingMemoryBound(to: uv_handle_t.self)
    }

    /// Stops the handle and gives its memory back once libuv is done with it. Further calls do nothing.
    package func close() {
        loop.checkThread()
        guard beginClosing() else { return }
        unsafe uv_close(base, Handle.closed)
    }

    /// True for the first call on a handle that libuv has.
    final func beginClosing() -> Bool {
        guard isOwnedByLoop && !isClosing else { return false }
        isClosing = true
        return true
    }

    /// Balances the retain of `becomeOwned`.
    static let closed: uv_close_cb = { handle in
        guard let handle = unsafe handle, let data = unsafe handle.pointee.data else { return }
        let loop = unsafe EventLoop.of(handle.pointee.loop)
        unsafe Unmanaged<Handle>.fromOpaque(data).release()
        loop?.finishCallback()
    }

    /// The object behind a handle that libuv hands to a callback.
    @inline(__always)
    static func object<Object: Handle>(_ raw: UnsafeMutableRawPointer?, as type: Object.Type = Object.self) -> Object? {
        // Safe: libuv calls back only between `becomeOwned` and `closed`, while the object is retained; and each
        // callback is installed by the one class that it names.
        guard let data = unsafe raw?.assumingMemoryBound(to: uv_handle_t.self).pointee.data else { return nil }
        return unsafe Unmanaged<Object>.fromOpaque(data).takeUnretainedValue()
    }
}
