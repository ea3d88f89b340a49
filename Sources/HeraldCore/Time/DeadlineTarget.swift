/// Whatever has to be done by a time.
package protocol DeadlineTarget: AnyObject {
    /// Where it is on the wheel; for the wheel's owner alone.
    var deadline: DeadlineWheel.Token? { get set }

    /// The time that was asked for has come.
    ///
    /// - Parameter now: in the loop's milliseconds.
    /// - Returns: another time to come back at, or nil for never. So activity costs no change of the wheel: the target
    ///   looks at the clock only when it is asked.
    func deadlineReached(at now: UInt64) -> UInt64?
}
