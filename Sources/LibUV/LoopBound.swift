/// A value that may only be touched on one loop's thread, and can be carried about elsewhere.
// Unchecked: `value` is reached on the loop's thread alone, which the accessor checks.
@frozen package struct LoopBound<Value>: @unchecked Sendable {
    package let loop: EventLoop
    @usableFromInline let unchecked: Value

    /// Called on the loop's thread.
    @inlinable package init(_ value: Value, loop: EventLoop) {
        loop.checkThread()
        self.loop = loop
        unchecked = value
    }

    /// Traps off the loop's thread.
    @inlinable package var value: Value {
        loop.checkThread()
        return unchecked
    }
}
