import CLibUV
import Glibc
package import NetworkAddress

/// An open socket that takes connections in.
///
/// It accepts by itself: accept4 says who the peer is in the same call, and being out of descriptors leaves connections in
/// the kernel's backlog, where libuv's own listener would close them.
package final class TCPListener: PolledSocket, @unchecked Sendable {
    /// What a socket is opened with.
    package struct Options: Sendable {
        /// Pending connections that the kernel keeps; it may cap them (net.core.somaxconn).
        package var backlog: Int32 = 4096
        /// Whether an IPv6 socket takes IPv4 clients too.
        package var isDualStack = false
        /// Whether other sockets of this process share the address, each with clients of its own (SO_REUSEPORT).
        package var isShared = false
        /// Connections taken in one turn, so that one listener can't keep the loop to itself.
        package var acceptsPerTurn = 64

        package init() {}
    }

    private let acceptsPerTurn: Int
    private let mayAccept: () -> Bool
    private let onAccept: (TCPStream, SocketAddress) -> Void
    private let onError: (UVError) -> Void
    private var isListening = false

    /// Binds and listens. Connections come once `resume()` is called.
    ///
    /// - Parameters:
    ///   - mayAccept: asked before each connection; where it says no, it must have paused the listener.
    ///   - onAccept: called with each connection and the peer's address, on the loop.
    ///   - onError: called when accepting failed for want of something on this machine; the listener is paused then.
    package init(
        loop: EventLoop,
        address: SocketAddress,
        options: Options,
        mayAccept: @escaping () -> Bool = { true },
        onAccept: @escaping (TCPStream, SocketAddress) -> Void,
        onError: @escaping (UVError) -> Void
    ) throws(UVError) {
        let descriptor = try TCPListener.open(address, options: options)
        acceptsPerTurn = options.acceptsPerTurn
        self.mayAccept = mayAccept
        self.onAccept = onAccept
        self.onError = onError
        super.init(loop: loop, descriptor: descriptor)
        // What is refused for want of memory or of room in the poll is refused now, and not when a client comes.
        try poll(for: TCPListener.paused)
    }

    /// Nothing; but that it is broken is told even so, and is to be told once.
    private static let paused: SocketEvents = .newsOnly

    /// Fails as `init` would, and keeps nothing: for finding out whether an address that will be shared is free.
    package static func probe(_ address: SocketAddress, options: Options) throws(UVError) {
        var options = options
        options.isShared = false
        Glibc.close(try open(address, options: options))
    }

    /// Starts taking connections in, also after `pause()`.
    package func resume() {
        loop.checkThread()
        guard !isListening && !isClosed else { return }
        isListening = true
        ask(for: .readable)
    }

    /// Whether who has connected and said nothing yet is kept by the kernel, for about a second at most (tcp(7),
    /// TCP_DEFER_ACCEPT): what is accepted can be read at once then. Closing refuses those that are kept.
    package func deferAccepting(_ defers: Bool) {
        loop.checkThread()
        guard !isClosed else { return }
        // Where it is refused, all goes on as without it.
        try? setOption(of: descriptor, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, defers ? 1 : 0)
    }

    /// Leaves further connections in the kernel's backlog.
    package func pause() {
        loop.checkThread()
        guard isListening && !isClosed else { return }
        isListening = false
        ask(for: TCPListener.paused)
    }

    /// Stops listening; whoever is in the backlog by now is taken in first, as far as `mayAccept` says.
    package func finish() {
        resume()
        while acceptPending() {}
        close()
    }

    /// Stops listening at once; connections in the backlog are reset by the kernel.
    package override func close() {
        loop.checkThread()
        isListening = false
        super.close()
    }

    private func ask(for events: SocketEvents) {
        // Can't fail for a socket that is in the poll.
        try? poll(for: events)
    }

    override func becameReady(_ events: SocketEvents) {
        acceptPending()
    }
}

extension TCPListener {
    /// - Returns: whether there may be more.
    @discardableResult
    private func acceptPending() -> Bool {
        for _ in 0..<acceptsPerTurn {
            guard isListening && mayAccept() else { return false }
            var accepted: Int32 = -1
            let peer = unsafe SocketAddress.written { address, length in
                let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
                accepted = unsafe direct_accept4(descriptor, address, length, flags)
                return accepted
            }
            guard accepted >= 0 else {
                let error = UVError.last
                if error == .wouldBlock { return false }
                if TCPListener.concernsOneConnection(error) { continue }
                pause()
                onError(error)
                return false
            }
            take(accepted, from: peer)
        }
        return true
    }

    private func take(_ accepted: Int32, from peer: SocketAddress?) {
        // The kernel may hand over a connection that is already reset and has no peer any more.
        guard let peer else {
            Glibc.close(accepted)
            return
        }
        onAccept(TCPStream(loop: loop, adopting: accepted), peer)
    }

    /// accept(2) also reports what has happened to one pending connection: then there may be others.
    private static func concernsOneConnection(_ error: UVError) -> Bool {
        let codes = [
            ECONNABORTED, EINTR, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
            ENETUNREACH,
        ]
        return codes.contains(-error.code)
    }

    private static func open(_ address: SocketAddress, options: Options) throws(UVError) -> Int32 {
        let family = address.ip.isIPv4 ? AF_INET : AF_INET6
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw .last }
        do throws(UVError) {
            try setOption(of: descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            // Accepted sockets inherit it: small writes leave at once.
            try setOption(of: descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            if options.isShared { try setOption(of: descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
            if family == AF_INET6 {
                try setOption(of: descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, options.isDualStack ? 0 : 1)
            }
            let bound = unsafe address.withSockaddr { unsafe bind(descriptor, $0, $1) }
            guard bound == 0, listen(descriptor, options.backlog) == 0 else { throw .last }
            return descriptor
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }
}
