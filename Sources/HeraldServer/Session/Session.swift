import HeraldCore
import LibUV
import NetworkAddress
import ProxyProtocol

/// One accepted connection's life, from accept to close: its streams, and what its log line will tell.
///
/// Lives on its loop alone; carried between the actors of that loop as `LoopBound`.
package final class Session {
    let client: TCPStream
    var server: TCPStream?

    /// The client's address as the socket has it, un-mapped.
    let peer: SocketAddress
    /// Index into `Worker.binds`.
    let bind: Int
    /// Nanoseconds of the monotonic clock.
    let acceptedAt: UInt64
    var header: ProxyHeader?
    /// The received header is believed: its addresses are the session's.
    var isHeaderBelieved = false
    var headerDoneAt: UInt64?
    /// What came behind the header before the server was there.
    var payload: [UInt8] = []
    /// The client's first bytes are yet to be looked at: see `SignatureGuard`.
    var isGuarded = false

    var attempt: PoolSnapshot.Server?
    var retryCount = 0
    var connectBeganAt: UInt64?
    var connectedAt: UInt64?
    var relayState = RelayState()

    /// Where the session stands in the loop's list of sessions.
    var position = 0
    private var wait: (any Abortable)?
    private var abortion: SessionEnding?

    init(client: TCPStream, peer: SocketAddress, bind: Int, acceptedAt: UInt64) {
        self.client = client
        self.peer = peer
        self.bind = bind
        self.acceptedAt = acceptedAt
    }

    /// The client and the address that it dialled, as the server is to be told.
    var endpoints: (source: SocketAddress, destination: SocketAddress) {
        if isHeaderBelieved, let announced = header?.announced { return announced }
        // A connection that is gone has no address any more; nobody will hear of it.
        return (peer, (client.localAddress ?? peer).unmapped)
    }

    /// Waits for `wait` from now on; nil once it is over. A session that was aborted meanwhile ends at once.
    func setWait(_ wait: (any Abortable)?) {
        self.wait = wait
        if let wait, let abortion { wait.abort(abortion) }
    }

    /// Ends the session, whatever it waits for.
    func abort(_ ending: SessionEnding) {
        abortion = ending
        wait?.abort(ending)
    }
}

extension Session {
    /// Closes what is open: with FINs where there is nothing more to say, with RSTs where a side must not take the end
    /// for that of the data, or has sent what must not be answered.
    func close(_ ending: SessionEnding) {
        switch ending {
        case .completed, .noServer, .connectFailed, .localResources, .idleTimeout, .clientFinTimeout, .serverFinTimeout:
            client.close()
            server?.close()
        case .clientGone, .clientReset, .serverReset, .headerMalformed, .headerTimeout, .headerMissing, .untrustedPeer,
            .headerFromUntrusted, .tooManyWaiting, .drained, .stopped:
            client.reset()
            server?.reset()
        }
    }
}
