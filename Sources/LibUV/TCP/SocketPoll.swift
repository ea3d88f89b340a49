import CLibUV
import Glibc

/// Where a socket is in its loop's poll, and a number that whoever has the place after it does not have.
struct Seat: Equatable {
    var place: UInt32 = 0
    var ticket: UInt32 = 0

    /// As the kernel keeps it for us.
    var code: UInt64 { UInt64(ticket) << 32 | UInt64(place) }
}

extension Seat {
    init(code: UInt64) {
        self.init(place: UInt32(truncatingIfNeeded: code), ticket: UInt32(truncatingIfNeeded: code >> 32))
    }
}

/// Tells the sockets of one loop what they are ready for.
///
/// An epoll set of its own, which libuv watches as one descriptor. A socket is put into it once, as a rule, and leaves it by
/// being closed, where libuv's own handles ask the kernel anew for each change of what they wait for (six times for a
/// relayed connection).
@safe final class SocketPoll {
    private static let eventsPerTurn = 256

    private let descriptor: Int32
    private let handle: UnsafeMutablePointer<uv_poll_t>
    private let events: UnsafeMutablePointer<epoll_event>
    /// Those in the set, by the place that the kernel names with each event; nil where a place is free.
    private var sockets: [PolledSocket?] = []
    private var freePlaces: [UInt32] = []
    private var lastTicket: UInt32 = 0

    init(loop: UnsafeMutablePointer<uv_loop_t>) throws(UVError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .last }
        // Safe: all freed by `deinit`, which comes after `close`, and that once libuv is done with the handle.
        unsafe handle = .allocate(capacity: 1)
        unsafe events = .allocate(capacity: SocketPoll.eventsPerTurn)
        let result = unsafe uv_poll_init(loop, handle, descriptor)
        guard result >= 0 else { throw UVError(code: result) }
        _ = unsafe uv_poll_start(handle, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            guard let loop = unsafe EventLoop.of(handle?.pointee.loop) else { return }
            loop.tellSockets()
        }
    }

    /// Called once, before the loop's last turn.
    func close() {
        unsafe uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self), nil)
    }

    deinit {
        Glibc.close(descriptor)
        unsafe handle.deallocate()
        unsafe events.deallocate()
    }

    /// Puts a socket in, which is kept until `remove`.
    func add(_ socket: PolledSocket, for interest: SocketEvents) throws(UVError) {
        let place = freePlaces.popLast() ?? UInt32(sockets.count)
        lastTicket &+= 1
        socket.seat = Seat(place: place, ticket: lastTicket)
        do throws(UVError) {
            try control(EPOLL_CTL_ADD, socket, interest)
        } catch {
            freePlaces.append(place)
            throw error
        }
        if Int(place) == sockets.count { sockets.append(socket) } else { sockets[Int(place)] = socket }
    }

    func change(_ socket: PolledSocket, to interest: SocketEvents) throws(UVError) {
        try control(EPOLL_CTL_MOD, socket, interest)
    }

    /// Called when the socket was closed, which took it out of the kernel's set.
    func remove(_ socket: PolledSocket) {
        sockets[Int(socket.seat.place)] = nil
        freePlaces.append(socket.seat.place)
    }

    private func control(_ operation: Int32, _ socket: PolledSocket, _ interest: SocketEvents) throws(UVError) {
        var event = unsafe epoll_event()
        unsafe event.events = interest.rawValue
        unsafe event.data.u64 = socket.seat.code
        guard unsafe epoll_ctl(descriptor, operation, socket.descriptor, &event) == 0 else { throw .last }
    }

    /// Asks the kernel, and tells each socket.
    func tell() {
        let count = unsafe epoll_wait(descriptor, events, Int32(SocketPoll.eventsPerTurn), 0)
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            let event = unsafe events[index]
            let seat = Seat(code: unsafe event.data.u64)
            // One that was closed since the kernel was asked may be spoken of still; and later, too, as long as a process that
            // was forked meanwhile has it open.
            guard let socket = sockets[Int(seat.place)], socket.seat == seat else { continue }
            socket.becameReady(SocketEvents(rawValue: unsafe event.events))
        }
    }
}
