import CLibUV
import Glibc
import Synchronization

/// What goes on when something that it waits for is over, without a task of its own.
package protocol Resumable: AnyObject {
    func resume()
}

/// One libuv loop, and the executor of everything that lives on it.
///
/// A loop belongs to one thread at a time: the one that made it, until `run()` takes it over. Actors name it as their
/// `unownedExecutor` and keep it alive; tasks are made by `spawn`, which also makes it their preferred executor, so that
/// no part of them ever runs elsewhere. Only `enqueue`, `execute` and `spawn` are for other threads; most other methods trap
/// there.
// Unchecked: `inbox` is locked, `owner` and `runner` are atomic; all else is touched on the owner's thread alone, which
// is checked.
@safe package final class EventLoop: @unchecked Sendable {
    /// Jobs of tasks, and resumptions, in one turn before the kernel is asked for events again.
    static let maximumWorkPerTurn = 4096

    let raw: UnsafeMutablePointer<uv_loop_t>
    let socketPoll: SocketPoll
    /// One for all streams of the loop: what a read brings is written on, or copied, before the next read.
    let readBuffer: UnsafeMutableRawBufferPointer

    /// Whether bytes can go from socket to socket without being copied; until the system refuses it.
    package private(set) var maySplice = true
    /// Whether the system has been seen to do it.
    var hasSpliced = false
    private var madePipe: SplicePipe?

    private let owner: Atomic<UInt>
    /// The thread that `run()` was called on, 0 before. Apart from `owner`, because its maker may still leave jobs on a loop
    /// that another thread is just about to run: only who sees itself here may do so without the lock.
    private let runner = Atomic<UInt>(0)
    private let inbox = Mutex(Inbox())
    /// Whether something was left in `inbox`, and `wakeup` is on its way. Used under the lock alone, and atomic all the
    /// same: ThreadSanitizer can't see into that lock, and learns from this in which order threads hand work over.
    private let isWakeupSent = Atomic(false)
    private let wakeup: UnsafeMutablePointer<uv_async_t>
    private let idle: UnsafeMutablePointer<uv_idle_t>
    private let work = WorkQueue()
    private var isDraining = false
    private var isIdleActive = false
    private var isStopping = false
    private var isTurning = false

    /// What other threads have left: jobs of tasks, and plain calls.
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var calls: [@Sendable () -> Void] = []
    }

    /// Makes a loop that belongs to this thread.
    ///
    /// - Parameter readBufferSize: bytes taken from a stream by one read, at most.
    package init(readBufferSize: Int) throws(UVError) {
        socketPoll = try SocketPoll()
        let handles = try unsafe EventLoop.makeHandles(socketPoll)
        unsafe raw = handles.loop
        unsafe wakeup = handles.wakeup
        unsafe idle = handles.idle
        // Safe: freed in `deinit` alone, as the handles are.
        unsafe readBuffer = .allocate(byteCount: readBufferSize, alignment: 4096)
        owner = Atomic(EventLoop.currentThread)
        unsafe raw.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    private typealias Handles = (
        loop: UnsafeMutablePointer<uv_loop_t>,
        wakeup: UnsafeMutablePointer<uv_async_t>,
        idle: UnsafeMutablePointer<uv_idle_t>
    )

    /// Before there is an object, whose `deinit` could not tell how much of it libuv has seen.
    private static func makeHandles(_ socketPoll: SocketPoll) throws(UVError) -> Handles {
        let handles = Handles(.allocate(capacity: 1), .allocate(capacity: 1), .allocate(capacity: 1))
        do throws(UVError) {
            try unsafe checked(uv_loop_init(handles.loop))
            do throws(UVError) {
                try unsafe socketPoll.watch(libuv: uv_backend_fd(handles.loop))
                try unsafe checked(
                    uv_async_init(handles.loop, handles.wakeup) { handle in
                        guard let loop = unsafe EventLoop.of(handle?.pointee.loop) else { return }
                        loop.takeInbox()
                        loop.finishCallback()
                    }
                )
            } catch {
                unsafe uv_loop_close(handles.loop)
                throw error
            }
        } catch {
            unsafe handles.loop.deallocate()
            unsafe handles.wakeup.deallocate()
            unsafe handles.idle.deallocate()
            throw error
        }
        // Can't fail.
        _ = unsafe uv_idle_init(handles.loop, handles.idle)
        return unsafe handles
    }

    deinit {
        // Safe: nobody holds the loop any more, so no handle of ours is open but these two.
        unsafe uv_close(UnsafeMutableRawPointer(wakeup).assumingMemoryBound(to: uv_handle_t.self), nil)
        unsafe uv_close(UnsafeMutableRawPointer(idle).assumingMemoryBound(to: uv_handle_t.self), nil)
        _ = unsafe uv_run(raw, UV_RUN_NOWAIT)
        let leftOpen = unsafe uv_loop_close(raw)
        assert(leftOpen == 0, "a handle outlived its loop")
        unsafe wakeup.deallocate()
        unsafe idle.deallocate()
        unsafe raw.deallocate()
        unsafe readBuffer.deallocate()
    }
}

// MARK: - Running

extension EventLoop {
    /// Takes the loop over for this thread and runs it until `stop()`.
    package func run() {
        owner.store(EventLoop.currentThread, ordering: .relaxed)
        runner.store(EventLoop.currentThread, ordering: .relaxed)
        takeInbox()
        finishCallback()
        // It may have been stopped before, by a call that another thread has left.
        while !isStopping { turn(mayWait: true) }
        isStopping = false
        // What the last turn left behind still runs, so that no task is lost half-way.
        takeInbox()
        finishCallback()
    }

    /// Made when it is first needed; nil while it can't be had, for want of descriptors.
    var splicePipe: SplicePipe? {
        if madePipe == nil && maySplice { unsafe madePipe = try? SplicePipe(capacity: readBuffer.count) }
        return madePipe
    }

    /// One round: what sockets are ready for, and what libuv has to do, where that is anything.
    private func turn(mayWait: Bool) {
        precondition(!isTurning, "a turn within a turn would lose what the outer one has to tell")
        isTurning = true
        defer { isTurning = false }
        // The last turn may have taken its time, and the timeout is reckoned from the loop's.
        unsafe uv_update_time(raw)
        let count = socketPoll.wait(timeout: mayWait ? unsafe uv_backend_timeout(raw) : 0)
        unsafe uv_update_time(raw)
        let concernsLibUV = socketPoll.tell(count)
        finishCallback()
        // It has something to do as well where a timer is due, and where it has yet to ask the kernel for what was started
        // since its last turn.
        let isDue = unsafe uv_backend_timeout(raw) == 0
        if concernsLibUV || isDue { _ = unsafe uv_run(raw, UV_RUN_NOWAIT) }
    }

    func refuseSplicing() {
        maySplice = false
        madePipe = nil
    }

    /// Ends `run()` after this turn.
    package func stop() {
        checkThread()
        isStopping = true
    }

    /// Runs whatever is ready now, without waiting; for shutting down in an orderly way.
    package func runOnce() {
        checkThread()
        turn(mayWait: false)
        finishCallback()
    }

    /// Lends `byteCount` bytes of scratch memory: `fill` writes into it, `use` reads what was written.
    package func withScratch(byteCount: Int, fill: (inout OutputRawSpan) -> Void, use: (RawSpan) -> Void) {
        checkThread()
        // Safe: the span ends before the memory does, and only initialised bytes are handed on.
        unsafe withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 8) { buffer in
            var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
            fill(&output)
            let count = unsafe output.finalize(for: buffer)
            use(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count])))
        }
    }

    /// Milliseconds of a clock that only goes forward, as of the start of this turn.
    package var now: UInt64 {
        checkThread()
        return unsafe uv_now(raw)
    }

    package var isOnThread: Bool { owner.load(ordering: .relaxed) == EventLoop.currentThread }

    /// Traps unless called on the loop's thread: libuv is not thread-safe, and corrupted memory is worse than an end.
    @inline(__always)
    package func checkThread() {
        precondition(isOnThread, "used off its event loop's thread")
    }

    private static var currentThread: UInt { UInt(pthread_self()) }

    /// The Swift object of a loop that libuv hands to a callback.
    @inline(__always)
    static func of(_ raw: UnsafeMutablePointer<uv_loop_t>?) -> EventLoop? {
        // Safe: `data` is set once, at init, and callbacks come only while the loop is alive.
        guard let data = unsafe raw?.pointee.data else { return nil }
        return unsafe Unmanaged<EventLoop>.fromOpaque(data).takeUnretainedValue()
    }
}

// MARK: - Executor

extension EventLoop: SerialExecutor, TaskExecutor {
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if runner.load(ordering: .relaxed) == EventLoop.currentThread {
            work.append(.job(job))
        } else {
            post { $0.jobs.append(job) }
        }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    package func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        unsafe UnownedTaskExecutor(ordinary: self)
    }

    package func checkIsolated() {
        checkThread()
    }

    package func isIsolatingCurrentContext() -> Bool? {
        isOnThread
    }

    /// Starts a task that never leaves this loop: the only place where tasks are made.
    @discardableResult
    package func spawn(_ operation: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self, operation: operation)
    }

    /// Lets `target` go on once the callback that is under way is over.
    package func resumeLater(_ target: any Resumable) {
        checkThread()
        work.append(.resumption(target))
    }

    /// Calls `body` on the loop: from any thread, in the order of the calls.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        post { $0.calls.append(body) }
    }

    private func post(_ add: (inout Inbox) -> Void) {
        let mustWake = inbox.withLock { inbox in
            let isFirst = !isWakeupSent.load(ordering: .acquiring)
            add(&inbox)
            isWakeupSent.store(true, ordering: .releasing)
            return isFirst
        }
        // Safe from any thread (libuv's one such call); the loop is alive, since the caller holds it.
        if mustWake { _ = unsafe uv_async_send(wakeup) }
    }

    private func takeInbox() {
        let taken = inbox.withLock { inbox in
            guard isWakeupSent.load(ordering: .acquiring) else { return Inbox() }
            let taken = inbox
            inbox = Inbox()
            isWakeupSent.store(false, ordering: .releasing)
            return taken
        }
        for job in taken.jobs { work.append(.job(job)) }
        for call in taken.calls { call() }
    }

    /// Does what a callback made ready. Every callback from libuv ends with this.
    @inline(__always)
    func finishCallback() {
        if !work.isEmpty && !isDraining { drain() }
    }

    private func drain() {
        isDraining = true
        for _ in 0..<EventLoop.maximumWorkPerTurn {
            guard let piece = work.takeFirst() else { break }
            switch consume piece {
            case .job(let job):
                let executor = unsafe asUnownedSerialExecutor()
                unsafe job.runSynchronously(isolatedTo: executor, taskExecutor: asUnownedTaskExecutor())
            case .resumption(let target): target.resume()
            }
        }
        isDraining = false
        setIdle(active: !work.isEmpty)
    }

    /// While work is left over, an idle handle keeps the loop from sleeping and runs them after the next events.
    private func setIdle(active: Bool) {
        guard active != isIdleActive else { return }
        isIdleActive = active
        if active {
            _ = unsafe uv_idle_start(idle) { handle in
                guard let loop = unsafe EventLoop.of(handle?.pointee.loop) else { return }
                loop.finishCallback()
            }
        } else {
            _ = unsafe uv_idle_stop(idle)
        }
    }
}
