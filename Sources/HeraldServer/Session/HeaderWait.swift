import HeraldCore
import LibUV
import ProxyProtocol

/// Reads a session's PROXY header, as it comes, until it is whole, wrong, or late.
final class HeaderWait: SessionWait, StreamReader {
    private var reception: HeaderReception

    init(_ session: Session, parser: HeaderParser, deadlines: Deadlines) {
        reception = HeaderReception(parser: parser)
        super.init(session, deadlines: deadlines)
    }

    func start(limit: Duration) {
        if begin(limit: limit) { session.client.startReading(self) }
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        switch reception.received(bytes) {
        case .needMore: break
        case .malformed(let error): refuse(error)
        case .header(let header, let payload):
            session.received(header, payload: payload)
            finish()
        }
    }

    private func refuse(_ error: MalformedHeader) {
        if let stranger = error.stranger { tellFrontend { $0.strangerCame(stranger, in: $1) } }
        finish(.headerMalformed(label: error.reason.label, description: error.description))
    }

    func streamDidEnd(_ stream: TCPStream) {
        if let error = reception.ended() { refuse(error) } else { finish(.headerMissing) }
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        finish(error.isLocalShortage ? .localResources : .clientGone)
    }

    override func deadlineReached(at now: UInt64) -> UInt64? {
        if let error = reception.ended() {
            refuse(error)
        } else {
            if reception.byteCount == 0 { tellFrontend { $0.nothingCame(in: $1) } }
            finish(.headerTimeout)
        }
        return nil
    }

    override func cleanUp() {
        session.client.stopReading()
        session.headerDoneAt = SystemInformation.monotonicNanoseconds
    }
}
