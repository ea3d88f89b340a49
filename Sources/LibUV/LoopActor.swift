/// An actor that lives on one event loop: its methods run on that loop's thread, without a hop between actors of one loop.
package protocol LoopActor: Actor {
    /// Kept for as long as the actor lives, because executors are not retained by those who use them.
    nonisolated var loop: EventLoop { get }
}

extension LoopActor {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }
}
