import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// A server to try Herald with: it expects a PROXY header, and answers any client with what that has told it.
///
/// Lives on one loop.
final class DemoServer {
    let name: String
    private let loop: EventLoop
    private var listener: TCPListener?
    private(set) var address: SocketAddress?

    init(name: String, loop: EventLoop) throws(UVError) {
        self.name = name
        self.loop = loop
        let listener = try TCPListener(
            loop: loop,
            address: SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: 0),
            options: TCPListener.Options(),
            onAccept: { stream, _ in DemoConversation(stream, server: name).start() },
            onError: { _ in }
        )
        listener.resume()
        self.listener = listener
        address = listener.localAddress
    }

    func close() {
        listener?.close()
        listener = nil
    }
}

/// One connection to a demo server. Keeps itself while the connection is open.
private final class DemoConversation: StreamReader {
    /// A client that says nothing for so long hears the answer as plain text.
    private static let patience = Duration.milliseconds(300)
    private static let maximumRequestBytes = 16 * 1024

    private let stream: TCPStream
    private let server: String
    private let timer: Timer
    private var reception = HeaderReception(parser: HeaderParser())
    private var header: ProxyHeader?
    private var request: [UInt8] = []
    private var hasAnswered = false

    init(_ stream: TCPStream, server: String) {
        self.stream = stream
        self.server = server
        timer = Timer(loop: stream.loop)
    }

    func start() {
        stream.startReading(self)
        timer.start(after: .seconds(5)) { [self] in close() }
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        if header != nil { return read([UInt8](copying: bytes)) }
        switch reception.received(bytes) {
        case .needMore: break
        case .malformed: close()
        case .header(let header, let payload):
            self.header = header
            timer.start(after: DemoConversation.patience) { [self] in answer() }
            if !payload.isEmpty { read(payload) }
        }
    }

    func streamDidEnd(_ stream: TCPStream) {
        if header != nil { answer() }
        close()
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        close()
    }

    private func read(_ bytes: [UInt8]) {
        guard !hasAnswered else { return }
        request += bytes
        let request = DemoRequest(request)
        if request.isWhole || request.bytes.count > DemoConversation.maximumRequestBytes { answer() }
    }

    private func answer() {
        guard !hasAnswered, let header else { return }
        hasAnswered = true
        let bytes = DemoAnswer(server: server, header: header, request: DemoRequest(request)).bytes
        timer.start(after: .seconds(5)) { [self] in close() }
        stream.write(held: bytes.rawSpan) { [self] error in
            // The client's FIN is waited for: a close with unread bytes would be a reset.
            if error == nil { stream.endWriting() } else { close() }
        }
    }

    private func close() {
        timer.close()
        stream.close()
    }
}

/// What a client has said so far.
struct DemoRequest {
    /// Whether a PROXY header comes first, where Herald has sent its own already: the client took the wrong port.
    let hasHeader: Bool
    /// What comes behind such a header.
    let bytes: [UInt8]

    init(_ received: [UInt8]) {
        if case .header(_, let length) = HeaderParser().parse(received.span) {
            hasHeader = true
            bytes = Array(received[length...])
        } else {
            hasHeader = false
            bytes = received
        }
    }

    var isHTTP: Bool {
        ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH "].contains { bytes.starts(with: $0.utf8) }
    }

    var isHead: Bool { bytes.starts(with: "HEAD ".utf8) }

    var isWhole: Bool {
        isHTTP ? bytes.contains(sequence: Array("\r\n\r\n".utf8)) : bytes.contains(UInt8(ascii: "\n"))
    }
}

/// What a demo server says.
struct DemoAnswer {
    let server: String
    let header: ProxyHeader
    let request: DemoRequest

    var bytes: [UInt8] {
        guard request.isHTTP else { return Array(text.utf8) }
        let head = """
            HTTP/1.1 200 OK\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: \(text.utf8.count)\r
            Connection: close\r
            \r

            """
        return Array((request.isHead ? head : head + text).utf8)
    }

    private var text: String {
        guard let (source, destination) = header.announced else {
            return "I am \(server). The PROXY header names no client.\n"
        }
        let version = header.version == .v1 ? "send-proxy (version 1)" : "send-proxy-v2 (version 2)"
        var lines = [
            "Hello, \(source.ip). I am server \(server), and this connection came from Herald;",
            "its \(version) header told me that you are \(source) and called \(destination).",
        ]
        if request.hasHeader {
            lines.append("Behind it came a PROXY header of yours, which nobody believes here: port 8081 expects one.")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension [UInt8] {
    fileprivate func contains(sequence: [UInt8]) -> Bool {
        count >= sequence.count && (0...count - sequence.count).contains { self[$0...].starts(with: sequence) }
    }
}
