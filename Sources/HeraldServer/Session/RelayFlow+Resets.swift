import HeraldCore
import LibUV

/// A side that broke is passed on to the other one as a reset, behind all that was said before.
extension RelayFlow {
    /// `side` takes nothing any more. What it has said is still to be passed on: a server that refuses an upload answers
    /// first, and closes with bytes of the upload unread, which is a reset.
    func writeFailed(to side: SessionSide, _ error: UVError) {
        guard !isOver && farewell == nil else { return }
        if let brokenSide { return finish(RelayFlow.ending(brokenBy: brokenSide)) }
        brokenSide = side
        hasBrokenSideEnded = error == .brokenPipe
        stream(of: side.other).stopReading()
        if !session.relayState.isHeld(side) { drain(side) }
    }

    /// Passes on what the kernel still has of a broken side, as far as the other one takes it.
    func drain(_ side: SessionSide) {
        let stream = stream(of: side)
        stream.stopReading()
        while !session.relayState.isEnded(side) {
            let result = stream.readAvailable { passOn($0, from: side) }
            if isOver || farewell != nil || session.relayState.isHeld(side) { return }
            switch result {
            case .bytes: continue
            case .end where hasBrokenSideEnded: return streamDidEnd(stream)
            case .end, .nothingYet, .failed: return end(brokenBy: side)
            }
        }
        end(brokenBy: side)
    }

    private static func ending(brokenBy side: SessionSide) -> SessionEnding {
        side == .client ? .clientReset : .serverReset
    }

    /// Ends with a reset of the other side, too; but that throws away what the kernel has not delivered there yet, so it
    /// gets a moment, for as long as it takes some of it.
    func end(brokenBy side: SessionSide) {
        guard !isOver && farewell == nil else { return }
        let survivor = stream(of: side.other)
        cleanUp()
        let undelivered = survivor.undeliveredBytes
        let ending = RelayFlow.ending(brokenBy: side)
        guard undelivered > 0 else { return finish(ending) }
        let until = client.loop.now + Limits.farewellTimeout.wholeMilliseconds
        farewell = Farewell(ending: ending, survivor: survivor, undeliveredBytes: undelivered, until: until)
        lookAgain(after: Limits.deadlineTick)
    }

    func lookAtFarewell(_ farewell: Farewell, at now: UInt64) -> UInt64? {
        let undelivered = farewell.survivor.undeliveredBytes
        if undelivered < farewell.undeliveredBytes {
            self.farewell?.undeliveredBytes = undelivered
            self.farewell?.until = now + Limits.farewellTimeout.wholeMilliseconds
        }
        guard undelivered == 0 || now >= farewell.until && undelivered == farewell.undeliveredBytes else {
            return now + Limits.deadlineTick.wholeMilliseconds
        }
        finish(farewell.ending)
        return nil
    }

    /// A side that was reset while nobody read from it. What it has said goes first, where that is held for the other one.
    var resetUnread: SessionSide? {
        [SessionSide.client, .server].first {
            !isRead($0) && !session.relayState.isHeld($0) && stream(of: $0).isReset
        }
    }
}
