import CLibUV

/// Watches one socket of c-ares, which opens and closes it by itself.
final class NameSocket: Handle, @unchecked Sendable {
    let descriptor: Int32
    private var events: Int32 = 0
    private let onReady: (_ descriptor: Int32, _ reads: Bool, _ writes: Bool) -> Void

    init(
        loop: EventLoop,
        descriptor: Int32,
        onReady: @escaping (_ descriptor: Int32, _ reads: Bool, _ writes: Bool) -> Void
    ) throws(UVError) {
        self.descriptor = descriptor
        self.onReady = onReady
        super.init(loop: loop, kind: UV_POLL)
        try checked(unsafe uv_poll_init(loop.raw, raw, descriptor))
        becomeOwned()
    }

    func watch(reads: Bool, writes: Bool) {
        events = (reads ? Int32(UV_READABLE.rawValue) : 0) | (writes ? Int32(UV_WRITABLE.rawValue) : 0)
        start()
    }

    private func start() {
        guard !isClosing else { return }
        let callback: uv_poll_cb = { handle, status, events in
            guard let socket: NameSocket = unsafe Handle.object(handle) else { return }
            if status < 0 {
                // The socket has an error: who reads and writes it is told. libuv has stopped watching.
                socket.onReady(socket.descriptor, true, true)
                socket.start()
            } else {
                let reads = events & Int32(UV_READABLE.rawValue) != 0
                let writes = events & Int32(UV_WRITABLE.rawValue) != 0
                socket.onReady(socket.descriptor, reads, writes)
            }
            socket.loop.finishCallback()
        }
        _ = unsafe uv_poll_start(raw, events, callback)
    }

    private var raw: UnsafeMutablePointer<uv_poll_t> {
        unsafe memory.assumingMemoryBound(to: uv_poll_t.self)
    }
}
