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
        guard begin(limit: limit) else { return }
        // A proxy in front sends the header at once, so that it is mostly there already.
        switch session.client.readAvailable({ received($0) }) {
        case .bytes, .nothingYet: if !isOver { session.client.startReading(self) }
        case .end: streamDidEnd(session.client)
        case .failed(let error): stream(session.client, didFail: error)
        }
    }

    private func received(_ bytes: RawSpan) {
        switch reception.received(bytes) {
        case .needMore: break
        case .malformed(let error):
            if let stranger = error.stranger { tellFrontend { $0.strangerCame(stranger, in: $1) } }
            finish(.headerMalformed(label: error.reason.label, description: error.description))
        case .header(let header, let payload):
            session.received(header, payload: payload)
            finish()
        }
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        received(bytes)
    }

    func streamDidEnd(_ stream: TCPStream) {
        finish(.headerMissing)
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        finish(.clientGone)
    }

    override func deadlineReached(at now: UInt64) -> UInt64? {
        if reception.byteCount == 0 { tellFrontend { $0.nothingCame(in: $1) } }
        finish(.headerTimeout)
        return nil
    }

    override func cleanUp() {
        session.client.stopReading()
        session.headerDoneAt = SystemInformation.monotonicNanoseconds
    }
}
