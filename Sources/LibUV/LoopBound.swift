/// An object that may only be touched on one loop's thread, and can be carried about elsewhere.
// Unchecked: `value` is reached on the loop's thread alone, which the accessor checks.
package struct LoopBound<Value: AnyObject>: @unchecked Sendable {
    package let loop: EventLoop
    private let unchecked: Value

    /// Called on the loop's thread.
    package init(_ value: Value, loop: EventLoop) {
        loop.checkThread()
        self.loop = loop
        unchecked = value
    }

    /// Traps off the loop's thread.
    package var value: Value {
        loop.checkThread()
        return unchecked
    }
}
