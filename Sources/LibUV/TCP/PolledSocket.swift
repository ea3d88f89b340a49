import CLibUV
import Glibc
package import NetworkAddress

/// What a socket is, or may be, ready for: epoll(7)'s events.
struct SocketEvents: OptionSet {
    let rawValue: UInt32

    static let readable = SocketEvents(EPOLLIN)
    static let writable = SocketEvents(EPOLLOUT)
    static let urgent = SocketEvents(EPOLLPRI)
    /// The peer has sent its FIN.
    static let ended = SocketEvents(EPOLLRDHUP)
    /// Told of without being asked for.
    static let failed = SocketEvents(EPOLLERR)
    static let hungUp = SocketEvents(EPOLLHUP)

    /// Not an event: the others are told of when they come, once, rather than for as long as they last.
    static let newsOnly = SocketEvents(EPOLLET)

    /// What a reader asks for.
    static let reading: SocketEvents = [.readable, .urgent, .ended]
    /// There may be more to read behind a read that does not fill the buffer: the end, an error, or what urgent data parts
    /// from the rest.
    static let behindTheBytes: SocketEvents = [.urgent, .ended, .failed, .hungUp]

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    private init(_ event: EPOLL_EVENTS) {
        self.init(rawValue: event.rawValue)
    }
}

/// An open socket, and what its loop's poll is asked to tell of it.
///
/// The poll keeps the object from the first time it is asked until `close()`. Methods trap off the loop's thread.
// Unchecked: all state is touched on the loop's thread alone, which every method checks.
package class PolledSocket: @unchecked Sendable {
    package let loop: EventLoop
    /// -1 before there is one, and after the end.
    final var descriptor: Int32
    private(set) final var isClosed = false
    /// What the poll was asked for; nil while the socket is not in it.
    private final var interest: SocketEvents?
    /// The poll's.
    final var seat = Seat()

    init(loop: EventLoop, descriptor: Int32) {
        loop.checkThread()
        self.loop = loop
        self.descriptor = descriptor
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Further calls do nothing.
    package func close() {
        loop.checkThread()
        guard !isClosed else { return }
        isClosed = true
        if descriptor >= 0 {
            direct_close(descriptor)
            descriptor = -1
        }
        if interest != nil { loop.socketPoll.remove(self) }
    }

    /// This end's address, with the port that the kernel chose where 0 was asked for; nil once the socket is gone.
    package final var localAddress: SocketAddress? {
        loop.checkThread()
        return unsafe SocketAddress.written { unsafe getsockname(descriptor, $0, $1) }
    }

    final func isPolled(for events: SocketEvents) -> Bool {
        interest?.isSuperset(of: events) ?? false
    }

    /// Asks for these events in place of those before; what the socket is ready for already is told, too.
    final func poll(for events: SocketEvents) throws(UVError) {
        if interest == nil {
            try loop.socketPoll.add(self, for: events)
        } else {
            try loop.socketPoll.change(self, to: events)
        }
        interest = events
    }

    /// The same, besides those before.
    final func poll(alsoFor events: SocketEvents) throws(UVError) {
        try poll(for: events.union(interest ?? []))
    }

    /// What the poll tells, while the socket is open.
    func becameReady(_ events: SocketEvents) {
        preconditionFailure("each kind of socket has its own")
    }
}

/// An option of a socket that is a whole number.
func setOption(of socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) throws(UVError) {
    var value = value
    // Safe: the kernel reads one Int32.
    let size = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe setsockopt(socket, level, option, &value, size) == 0 else { throw .last }
}
