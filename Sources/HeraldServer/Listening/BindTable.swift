import HeraldCore
import LibUV
import NetworkAddress

/// The open listeners of one loop, and the frontend that each takes clients in for.
///
/// Lives on its loop alone. A reload hands a listener over to another frontend without touching it: no client is refused,
/// and none is lost in the backlog.
final class BindTable {
    /// An address, told apart from other binds to the same one: those whose port the kernel chooses.
    struct Key: Hashable, Sendable {
        let address: BindAddress
        let ordinal: Int
    }

    private final class Owner {
        var frontend: Frontend
        var bind: Int

        init(_ frontend: Frontend, bind: Int) {
            self.frontend = frontend
            self.bind = bind
        }
    }

    private static let tellFrontend = Frontend.entrance { $0.accepted($1) }

    private let loop: EventLoop
    private var open: [Key: (listener: TCPListener, owner: Owner)] = [:]
    private var mayDefer = true

    init(loop: EventLoop) {
        self.loop = loop
    }

    var keys: Set<Key> { Set(open.keys) }

    /// Opens an address; clients are taken in once `handOver` was called.
    ///
    /// - Parameters:
    ///   - port: in place of the key's own 0, as the first loop has found it.
    ///   - isShared: whether other loops listen there, too.
    /// - Returns: the address, with the port that the kernel chose.
    func open(
        _ key: Key,
        port: UInt16?,
        isShared: Bool,
        for frontend: Frontend,
        bind: Int
    ) throws(UVError) -> SocketAddress {
        var address = key.address.socketAddress
        if let port { address.port = port }
        var options = TCPListener.Options()
        options.backlog = Int32(Limits.listenBacklog)
        options.isDualStack = key.address.family == .dualStack
        options.isShared = isShared
        // A shared address can be bound by another process of the same user, too, without either being told.
        if isShared && port == nil && address.port != 0 { try TCPListener.probe(address, options: options) }
        let owner = Owner(frontend, bind: bind)
        let listener = try TCPListener(
            loop: loop,
            address: address,
            options: options,
            mayAccept: {
                guard owner.frontend.isFull else { return true }
                owner.frontend.assumeIsolated { $0.pause() }
                return false
            },
            onAccept: { client, peer in
                let session = Session(client: client, peer: peer.unmapped, bind: owner.bind, frontend: owner.frontend)
                BindTable.tellFrontend(owner.frontend, session)
            },
            onError: { error in owner.frontend.assumeIsolated { $0.acceptFailed(error) } }
        )
        open[key] = (listener, owner)
        return listener.localAddress ?? address
    }

    func address(of key: Key) -> SocketAddress? {
        open[key]?.listener.localAddress
    }

    /// From now on these frontends take the clients in.
    func handOver(_ owners: [Key: (frontend: Frontend, bind: Int)]) {
        for (key, next) in owners {
            guard let (listener, owner) = open[key] else { continue }
            owner.frontend = next.frontend
            owner.bind = next.bind
            listener.deferAccepting(mayDefer && next.frontend.settings.binds[next.bind].defersAccept)
            listener.resume()
        }
    }

    /// Clients that the kernel would keep back, or keeps back now, come in within about a second.
    func stopDeferring() {
        mayDefer = false
        for (listener, _) in open.values { listener.deferAccepting(false) }
    }

    /// Closes these; whoever has connected by now is taken in first, but for those that the kernel keeps back.
    func close(_ keys: some Sequence<Key>) {
        for key in keys { open.removeValue(forKey: key)?.listener.finish() }
    }

    func pause(_ frontend: Frontend) {
        for (listener, owner) in open.values where owner.frontend === frontend { listener.pause() }
    }

    func resume(_ frontend: Frontend) {
        for (listener, owner) in open.values where owner.frontend === frontend { listener.resume() }
    }
}
