/// An actor that lives on one event loop: its methods run on that loop's thread, without a hop between actors of one loop.
package protocol LoopActor: Actor {
    /// Kept for as long as the actor lives, because executors are not retained by those who use them.
    nonisolated var loop: EventLoop { get }
}

extension LoopActor {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// Makes a function by which callbacks of an actor's own loop call the actor, with an object that lives there, too; it
    /// traps on another thread.
    ///
    /// The same as `assumeIsolated`, for every connection's way: that asks the concurrency library which executor is the
    /// current one, where the thread alone says it. The function is to be made once and kept: calling it allocates nothing.
    package static func entrance<Value: AnyObject>(
        _ body: @escaping @Sendable (isolated Self, Value) -> Void
    ) -> @Sendable (Self, Value) -> Void {
        // Safe: isolation is no part of a function's representation, and the actor's executor is the loop, which runs on the
        // thread that is checked.
        let call = unsafe unsafeBitCast(body, to: (@Sendable (Self, Value) -> Void).self)
        return { actor, value in
            actor.loop.checkThread()
            call(actor, value)
        }
    }
}
