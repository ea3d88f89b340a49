import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// One accepted connection's life, from accept to close: its streams, and what its log line will tell.
///
/// Lives on its loop alone, and is handed to that loop's actors by `LoopActor.entrance`.
package final class Session {
    let client: TCPStream
    var server: TCPStream?

    /// The client's address as the socket has it, un-mapped.
    let peer: SocketAddress
    /// Index into `Frontend.binds`.
    let bind: Int
    let frontend: Frontend
    var step = Frontend.Step.accepted
    /// Nanoseconds of the monotonic clock.
    let acceptedAt: UInt64
    /// The received header is believed: its addresses are the session's.
    var isHeaderBelieved = false
    /// Until the client was announced: it may carry kilobytes of TLVs.
    private(set) var header: ProxyHeader?
    /// What the log tells of the header.
    private(set) var headerKind: SessionRecord.Header?
    /// The client, and the address that it dialled, as a header that is believed has them.
    private(set) var announced: (source: SocketAddress, destination: SocketAddress)?
    /// More of what the log tells of it: few bytes, whatever came.
    private(set) var announcedDetails: KeyValuePairs<String, LogLine.Value> = [:]
    var headerDoneAt: UInt64?
    /// What came behind the header before the server was there.
    var payload: [UInt8] = []
    /// The client's first bytes are yet to be looked at: see `SignatureGuard`.
    var isGuarded = false
    /// The same, only to tell of a header that nobody asked for.
    var looksForHeader = false

    /// Counted by its backend.
    var isInBackend = false
    /// The server of the last attempt, which counts this session.
    var target: PoolServer?
    /// Since and until when the session waited for a server with room.
    var queuedAt: UInt64?
    var queuedUntil: UInt64?
    /// How many were ahead of it then.
    var queuedBehind: UInt32?
    var attempts: ConnectAttempts?
    var connectFailure: ServerFailure?
    var connectBeganAt: UInt64?
    var connectedAt: UInt64?
    private(set) var relayState = RelayState()

    /// Where the session stands in the loop's list of sessions.
    var position = 0
    /// How it ends; nil while it may go on.
    private(set) var ending: SessionEnding?
    private var wait: SessionWait?

    init(
        client: TCPStream,
        peer: SocketAddress,
        bind: Int,
        frontend: Frontend
    ) {
        self.frontend = frontend
        self.client = client
        self.peer = peer
        self.bind = bind
        acceptedAt = SystemInformation.monotonicNanoseconds
        // From the first byte on: what comes behind a header is held until a server is reached.
        client.readLimit = Limits.smallestReadBytes
    }

    /// The client, as the server is to be told.
    var source: SocketAddress { announced?.source ?? peer }

    /// The same, and the address that it dialled, which the kernel is asked for.
    var endpoints: (source: SocketAddress, destination: SocketAddress) {
        if let announced { return announced }
        // A connection that is gone has no address any more; nobody will hear of it.
        return (peer, (client.localAddress ?? peer).unmapped)
    }

    /// The header has come, and behind it the client's first bytes.
    func received(_ header: ProxyHeader, payload: [UInt8]) {
        self.payload = payload
        headerKind = SessionRecord.Header(header)
        guard isHeaderBelieved else { return }
        self.header = header
        announced = header.announced
        announcedDetails = SessionRecord.details(of: header)
    }

    /// The client was announced: what nobody needs any more is given back.
    func forgetHeader() {
        header = nil
    }

    /// Something has happened to what is relayed.
    func relay<Action>(_ change: (inout RelayState) -> Action) -> Action {
        // On a copy: what another module changes in place is looked after at run time, which costs more than copying.
        var state = relayState
        defer { relayState = state }
        return change(&state)
    }

    /// Waits for `wait` from now on.
    ///
    /// - Returns: how the session ends, where that is decided already.
    func begin(_ wait: SessionWait) -> SessionEnding? {
        precondition(self.wait == nil, "a session waits for one thing at a time")
        if ending == nil { self.wait = wait }
        return ending
    }

    /// `wait` is over, and with an `ending` the session too.
    func end(_ wait: SessionWait, _ ending: SessionEnding?) {
        self.wait = nil
        if let ending { end(ending) }
    }

    /// Decides how the session ends; the first decision counts.
    func end(_ ending: SessionEnding) {
        if self.ending == nil { self.ending = ending }
    }

    /// Ends the session, whatever it waits for.
    func abort(_ ending: SessionEnding) {
        end(ending)
        wait?.finish(ending)
    }
}

extension Session: Resumable {
    private static let tellFrontend = Frontend.entrance { $0.proceed($1) }

    package func resume() {
        Session.tellFrontend(frontend, self)
    }

    /// Closes what is open: with FINs where there is nothing more to say, with RSTs where a side must not take the end
    /// for that of the data, or has sent what must not be answered.
    func close(_ ending: SessionEnding) {
        switch ending {
        case .completed, .noServer, .queueFull, .queueTimeout, .connectFailed,
            .localResources where server == nil:
            client.close()
            server?.close()
        case .idleTimeout, .clientFinTimeout, .serverFinTimeout:
            // A remainder that is held for a side is cut off with it.
            if relayState.isHeld(.server) { client.reset() } else { client.close() }
            if relayState.isHeld(.client) { server?.reset() } else { server?.close() }
        case .serverReset where relayState.isPassedOn(.server):
            // The client has all that the server said, and its end.
            client.close()
            server?.reset()
        case .clientGone, .clientReset, .serverReset, .headerMalformed, .headerTimeout, .headerMissing, .untrustedPeer,
            .headerFromUntrusted, .tooManyWaiting, .localResources, .serverDown, .drained, .stopped:
            client.reset()
            server?.reset()
        }
    }
}
