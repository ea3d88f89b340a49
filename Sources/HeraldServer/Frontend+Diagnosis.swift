import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// Where sessions show a cause of trouble that is worth more words than their own line has.
///
/// Each is said once, by `Diagnoses`; what costs anything on the way of every session is looked at by a flag that is gone
/// once there is an answer.
extension Frontend {
    private func place(of session: Session) -> Diagnosis.Place {
        Diagnosis.Place(frontend: settings.name, bind: binds[session.bind].description)
    }

    /// A client has connected to a bind without accept-proxy.
    @inline(never)
    func lookAtPeer(_ peer: IPAddress) {
        guard let gatewayWatch else { return }
        switch gatewayWatch.accepted(peer) {
        case .open: return
        case .innocent: break
        case .allBehindGateway:
            diagnoses.add(.clientsBehindGateway(frontend: settings.name, gateway: gatewayWatch.gateway))
        }
        self.gatewayWatch = nil
    }

    /// No header came, but another protocol.
    func strangerCame(_ stranger: MalformedHeader.Stranger, in session: Session) {
        diagnoses.add(.headerMissing(place(of: session), found: stranger))
    }

    /// The client's first bytes on a bind without accept-proxy are a header.
    func headerCame(in session: Session) {
        binds[session.bind].looksForHeaders = false
        diagnoses.add(.headerUnexpected(place(of: session)))
    }

    /// Time for the header is over, and not a byte of it has come.
    func nothingCame(in session: Session) {
        guard session.isHeaderBelieved, let settings = binds[session.bind].settings.acceptProxy else { return }
        diagnoses.add(.headerLate(place(of: session), peer: session.peer.ip, limit: settings.timeout))
    }

    func headerWasRefused(in session: Session, _ refusal: Diagnosis.Refusal) {
        guard let target = session.target else { return }
        diagnoses.add(.headerRefused(backend: backend.name, server: target.name, refusal))
    }

    /// A server that resets before it has said anything may have stumbled over the header.
    @inline(never)
    func lookAtReset(_ session: Session) {
        guard let target = session.target, target.announcement != .none, !target.slot.hasAnsweredWell,
            session.relayState.byteCount(from: .server) == 0
        else { return }
        headerWasRefused(in: session, .reset)
    }
}
