package import HeraldCore
package import LibUV
import NetworkAddress
import ProxyProtocol

/// Finds out whether a server takes connections.
///
/// Lives on the control loop. A check connects, sends the header that the server expects, and ends with a FIN, so that
/// the server's log stays quiet. No more than `Limits.maximumConcurrentChecks` are under way at one time.
package actor HealthChecker: LoopActor {
    package let loop: EventLoop
    private var running = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init(loop: EventLoop) {
        self.loop = loop
    }

    /// Checks `member` once; answers within `timeout` of the connect's start.
    package func check(_ member: BackendPool.Member, timeout: Duration) async -> CheckOutcome {
        guard let settings = member.settings.check else { preconditionFailure("a server without a check was checked") }
        await enter()
        defer { leave() }
        let address = SocketAddress(settings.address ?? member.address.ip, port: settings.port ?? member.address.port)
        let began = SystemInformation.monotonicNanoseconds
        let failure = await withCheckedContinuation { continuation in
            Probe(loop: loop, announcement: settings.announcement, timeout: timeout) {
                continuation.resume(returning: $0)
            }.start(address)
        }
        if let failure { return .failed(failure) }
        return .passed(latency: .nanoseconds(Int64(SystemInformation.monotonicNanoseconds - began)))
    }

    private func enter() async {
        if running >= Limits.maximumConcurrentChecks {
            await withCheckedContinuation { waiting.append($0) }
        }
        running += 1
    }

    private func leave() {
        running -= 1
        if !waiting.isEmpty { waiting.removeFirst().resume() }
    }
}

/// One connection of a check. Lives on the control loop, and keeps itself until it is closed.
private final class Probe: StreamReader {
    /// What a server that speaks first may say before the check closes all the same.
    private static let maximumFarewellBytes = 64 * 1024
    /// How long a server may take to answer the FIN with its own.
    private static let farewellTimeout = Duration.seconds(1)

    private let stream: TCPStream
    private let timer: Timer
    private let announcement: Announcement
    private let timeout: Duration
    private var done: ((ServerFailure?) -> Void)?
    private var farewellBytes = 0

    /// - Parameter done: called once, with nil for a server that passes.
    init(loop: EventLoop, announcement: Announcement, timeout: Duration, done: @escaping (ServerFailure?) -> Void) {
        stream = TCPStream(loop: loop)
        timer = Timer(loop: loop)
        self.announcement = announcement
        self.timeout = timeout
        self.done = done
    }

    func start(_ address: SocketAddress) {
        timer.start(after: timeout) { [self] in finish(.timedOut(after: timeout, .connecting)) }
        stream.connect(to: address) { [self] error in
            if let error { finish(ServerFailure(connecting: error)) } else { announce() }
        }
    }

    private func announce() {
        guard done != nil else { return }
        guard let source = stream.localAddress, let destination = stream.peerAddress else { return finish(.reset) }
        let header = HeaderAnnouncement.check(announcement, endpoints: (source, destination))
        do throws(UVError) {
            if header.length > 0 {
                let sent = try stream.loop.withScratch(
                    byteCount: header.length,
                    fill: { header.write(to: &$0) },
                    use: { bytes throws(UVError) in try stream.tryWrite(bytes) }
                )
                guard sent == header.length else { return finish(.timedOut(after: .zero, .announcing)) }
            }
            sayFarewell()
        } catch {
            finish(error.isReset ? .reset : .local(error.description))
        }
    }

    /// The server has passed. A close with unread bytes would be a reset, so the server's FIN is waited for.
    private func sayFarewell() {
        stream.endWriting()
        timer.start(after: Probe.farewellTimeout) { [self] in close() }
        stream.startReading(self)
        report(nil)
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        farewellBytes += bytes.byteCount
        if farewellBytes > Probe.maximumFarewellBytes { close() }
    }

    func streamDidEnd(_ stream: TCPStream) {
        close()
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        close()
    }

    private func finish(_ failure: ServerFailure) {
        report(failure)
        close()
    }

    private func report(_ failure: ServerFailure?) {
        guard let done else { return }
        self.done = nil
        done(failure)
    }

    private func close() {
        timer.close()
        stream.close()
    }
}
