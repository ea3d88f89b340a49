/// One of the two ends of a session.
package enum SessionSide: Hashable, Sendable {
    case client
    case server

    package var other: SessionSide { self == .client ? .server : .client }
}

/// What a relay knows of its two directions, and what is to be done when something happens to one of them.
///
/// A direction is named by the side that its bytes come from. It reads, hands each piece to the other side at once,
/// and stops reading while a remainder is held that the other side did not take; a FIN follows its last byte. When both
/// directions have seen theirs, the relay is done. No I/O and no clock: each event answers with the one action it calls for.
package struct RelayState: Sendable {
    private struct Direction: Sendable {
        var byteCount: UInt64 = 0
        /// A remainder waits for the other side to take it; reading is stopped.
        var isHeld = false
        /// The source's FIN was read.
        var isEnded = false

        var isDone: Bool { isEnded && !isHeld }
    }

    private var fromClient = Direction()
    private var fromServer = Direction()

    package init() {}

    /// Bytes that came from `side` and were taken over.
    package func byteCount(from side: SessionSide) -> UInt64 {
        side == .client ? fromClient.byteCount : fromServer.byteCount
    }

    /// Whether a remainder of `side`'s bytes waits for the other side.
    package func isHeld(_ side: SessionSide) -> Bool {
        side == .client ? fromClient.isHeld : fromServer.isHeld
    }

    /// Whether everything that `side` has said, its end included, is with the other one's kernel.
    package func isPassedOn(_ side: SessionSide) -> Bool {
        side == .client ? fromClient.isDone : fromServer.isDone
    }

    /// Whether the FIN of `side` was read.
    package func isEnded(_ side: SessionSide) -> Bool {
        side == .client ? fromClient.isEnded : fromServer.isEnded
    }
}

extension RelayState {
    package enum ReadAction: Equatable, Sendable {
        case readOn
        /// Stop reading from that side and hold the remainder.
        case hold
    }

    /// `count` bytes came from `side`; the other side took all of them at once, or left a remainder.
    package mutating func received(_ count: Int, from side: SessionSide, hasRemainder: Bool) -> ReadAction {
        update(side) { direction in
            precondition(!direction.isEnded && !direction.isHeld, "read from a side that was not to be read")
            direction.byteCount &+= UInt64(count)
            direction.isHeld = hasRemainder
            return hasRemainder ? .hold : .readOn
        }
    }

    package enum FlushAction: Equatable, Sendable {
        /// Read from that side again.
        case readOn
        /// The side had ended behind the remainder: pass its FIN on.
        case sendFin
        /// That was the last thing that either side had to say.
        case finish
    }

    /// The remainder that was held of `side`'s bytes is with the kernel.
    package mutating func flushed(_ side: SessionSide) -> FlushAction {
        let isEnded = update(side) { direction in
            precondition(direction.isHeld, "flushed a side that holds nothing")
            direction.isHeld = false
            return direction.isEnded
        }
        guard isEnded else { return .readOn }
        return isFinished ? .finish : .sendFin
    }

    package enum EndAction: Equatable, Sendable {
        /// Pass the FIN on to the other side.
        case sendFin
        /// A remainder must go first.
        case wait
        case finish
    }

    /// `side` has sent its FIN.
    package mutating func ended(_ side: SessionSide) -> EndAction {
        let isHeld = update(side) { direction in
            precondition(!direction.isEnded, "a side ends once")
            direction.isEnded = true
            return direction.isHeld
        }
        if isHeld { return .wait }
        return isFinished ? .finish : .sendFin
    }

    private var isFinished: Bool { fromClient.isDone && fromServer.isDone }

    @inline(__always)
    private mutating func update<Result>(_ side: SessionSide, _ change: (inout Direction) -> Result) -> Result {
        side == .client ? change(&fromClient) : change(&fromServer)
    }
}
