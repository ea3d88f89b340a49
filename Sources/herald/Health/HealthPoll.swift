import HeraldCore
import LibUV
import NetworkAddress

/// One GET of a URL, and whether it succeeds. Lives on one loop, and keeps itself until it is done.
final class HealthPoll: StreamReader {
    private let url: HTTPURL
    private let loop: EventLoop
    private let timer: Timer
    private var done: ((String?) -> Void)?
    /// Where the name leads to, without those that were tried.
    private var addresses: [IPAddress] = []
    private var stream: TCPStream?
    private var reader = HTTPReplyReader()

    /// What is wrong, on one line; nil where the URL answers with a status of success within
    /// `Limits.healthPollTimeout`.
    static func failure(of url: HTTPURL, loop: EventLoop) async -> String? {
        await withCheckedContinuation { continuation in
            HealthPoll(url, loop: loop) { continuation.resume(returning: $0) }.start()
        }
    }

    private init(_ url: HTTPURL, loop: EventLoop, done: @escaping (String?) -> Void) {
        self.url = url
        self.loop = loop
        self.done = done
        timer = Timer(loop: loop)
    }

    private func start() {
        timer.start(after: Limits.healthPollTimeout) { [self] in timedOut() }
        switch url.host {
        case .ip(let ip): connect([ip])
        case .name(let name):
            let poll = LoopBound(self, loop: loop)
            loop.spawn {
                do throws(Resolver.Failure) {
                    let addresses = try await Resolver.addresses(of: name, loop: poll.loop)
                    poll.value.connect(addresses)
                } catch {
                    poll.value.finish("can't resolve '\(name)': \(error)")
                }
            }
        }
    }

    /// Tries each of the addresses in turn.
    private func connect(_ addresses: [IPAddress]) {
        guard done != nil, let ip = addresses.first else { return }
        self.addresses = Array(addresses.dropFirst())
        let address = SocketAddress(ip, port: url.port)
        let stream = TCPStream(loop: loop)
        self.stream = stream
        stream.connect(to: address) { [self] error in
            guard let error else { return ask(stream) }
            stream.close()
            if self.addresses.isEmpty {
                finish("can't connect to \(address): \(error)")
            } else {
                connect(self.addresses)
            }
        }
    }

    private func ask(_ stream: TCPStream) {
        // HTTP/1.0, so that the body ends with the connection.
        let request = """
            GET \(url.target) HTTP/1.0\r
            Host: \(url.authority)\r
            User-Agent: herald-health/\(HeraldVersion.text)\r
            Accept: */*\r
            Connection: close\r
            \r

            """
        stream.write(held: Array(request.utf8).rawSpan) { [self] error in
            if let error { finish("\(url): \(error)") }
        }
        stream.startReading(self)
    }

    // MARK: Reply

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        switch reader.received(bytes) {
        case .needMore: break
        case .reply(let reply): judge(reply)
        case .malformed: finish("\(url) does not answer by HTTP")
        }
    }

    func streamDidEnd(_ stream: TCPStream) {
        if let reply = reader.replySoFar { judge(reply) } else { finish("\(url) closes without an answer") }
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        if let reply = reader.replySoFar { judge(reply) } else { finish("\(url): \(error)") }
    }

    private func timedOut() {
        if let reply = reader.replySoFar { return judge(reply) }
        finish("\(url) does not answer within \(Limits.healthPollTimeout.plainText)")
    }

    private func judge(_ reply: HTTPReply) {
        if reply.isSuccess { return finish(nil) }
        let body = reply.line.isEmpty ? "" : ": \(reply.line)"
        finish("\(url) answers \(reply.status)\(body)")
    }

    private func finish(_ failure: String?) {
        guard let done else { return }
        self.done = nil
        timer.close()
        stream?.close()
        done(failure)
    }
}
