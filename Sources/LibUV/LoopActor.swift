/// An actor that lives on one event loop: its methods run on that loop's thread, without a hop between actors of one loop.
package protocol LoopActor: Actor {
    /// Kept for as long as the actor lives, because executors are not retained by those who use them.
    nonisolated var loop: EventLoop { get }
}

extension LoopActor {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// Calls the actor from a callback of its own loop, with an object that lives there, too; traps on another thread.
    ///
    /// The same as `assumeIsolated`, for every connection's way: that asks the concurrency library which executor is the
    /// current one, where the thread alone says it, and makes room for what a closure captures. This one is to capture
    /// nothing.
    package nonisolated func onLoop<Value: AnyObject>(
        with value: Value,
        _ body: @escaping (isolated Self, Value) -> Void
    ) {
        loop.checkThread()
        // Safe: isolation is no part of a function's representation, and the actor's executor is the loop, which runs on this
        // thread.
        let call = unsafe unsafeBitCast(body, to: ((Self, Value) -> Void).self)
        call(self, value)
    }
}
