import CLibUV
import Glibc
import Synchronization

/// Writes lines to a descriptor on a thread of its own, so that a reader who stalls holds up nobody.
///
/// At most `capacity` bytes wait; what comes on top is refused, and the caller counts it.
// Unchecked: `pending` is locked, the semaphore is made for many threads, and `thread` is written once, in `init`.
@safe package final class OutputThread: @unchecked Sendable {
    private struct Pending {
        var bytes: [UInt8] = []
        var isClosed = false
    }

    private let descriptor: Int32
    private let capacity: Int
    private let pending = Mutex(Pending())
    private let semaphore: UnsafeMutablePointer<uv_sem_t>
    private var thread: Thread?

    package init(descriptor: Int32, capacity: Int) throws(UVError) {
        self.descriptor = descriptor
        self.capacity = capacity
        // Safe: destroyed and freed by `deinit`, which comes after the thread, as that holds this object.
        unsafe semaphore = .allocate(capacity: 1)
        try checked(unsafe uv_sem_init(semaphore, 0))
        thread = try Thread { [self] in run() }
    }

    deinit {
        unsafe uv_sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    /// Takes whole lines over; false where they don't fit any more, and then takes none of them.
    package func append(_ lines: [UInt8]) -> Bool {
        guard !lines.isEmpty else { return true }
        let (isTaken, mustWake) = pending.withLock { pending in
            guard !pending.isClosed, pending.bytes.count + lines.count <= capacity else { return (false, false) }
            pending.bytes.append(contentsOf: lines)
            return (true, pending.bytes.count == lines.count)
        }
        if mustWake { unsafe uv_sem_post(semaphore) }
        return isTaken
    }

    /// Writes what is left, as long as the reader takes it, and ends the thread. Waits at most `limit` for that. Further
    /// calls do nothing.
    package func close(waitingAtMost limit: Duration) {
        let isFirst = pending.withLock { pending in
            defer { pending.isClosed = true }
            return !pending.isClosed
        }
        guard isFirst else { return }
        unsafe uv_sem_post(semaphore)
        let end = ContinuousClock.now + limit
        while isBusy && ContinuousClock.now < end { usleep(1000) }
        // A thread that is stuck in write(2) ends with the process.
        if !isBusy { thread?.join() }
    }

    private let busy = Atomic(true)
    private var isBusy: Bool { busy.load(ordering: .acquiring) }

    private func run() {
        var isClosed = false
        while !isClosed {
            unsafe uv_sem_wait(semaphore)
            let taken = pending.withLock { pending in
                defer { pending.bytes = [] }
                return pending
            }
            isClosed = taken.isClosed
            // Lines that can't be written are lost, and there is nowhere to tell of it.
            try? Descriptor.write(taken.bytes, to: descriptor)
        }
        busy.store(false, ordering: .releasing)
    }
}
