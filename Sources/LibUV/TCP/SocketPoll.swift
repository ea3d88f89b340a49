import CLibUV
import Glibc

/// Waits for what the sockets of one loop are ready for, and tells them.
///
/// An epoll set of the loop's own, with libuv's in it. A socket is put into it once, as a rule, and leaves it by being closed,
/// where libuv's own handles ask the kernel anew for each change of what they wait for (six times for a relayed
/// connection). libuv's set is in this one and not the other way round: for each socket that is put into a set which is
/// itself watched, the kernel takes a lock that all processes of the machine share.
@safe final class SocketPoll {
    private static let eventsPerTurn = 256
    /// In place of a seat: libuv's set.
    private static let libuv = UInt64.max

    private let descriptor: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    /// Those in the set, by the seat that the kernel names with each event.
    private let seats = SeatTable()

    init() throws(UVError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .last }
        // Safe: freed by `deinit` alone.
        unsafe events = .allocate(capacity: SocketPoll.eventsPerTurn)
    }

    deinit {
        Glibc.close(descriptor)
        unsafe events.deallocate()
    }

    /// Puts libuv's own set in; called once, first of all.
    func watch(libuv backend: Int32) throws(UVError) {
        try control(EPOLL_CTL_ADD, backend, .readable, SocketPoll.libuv)
    }

    /// Puts a socket in, which is kept until `remove`.
    func add(_ socket: PolledSocket, for interest: SocketEvents) throws(UVError) {
        let seat = seats.add(socket)
        do throws(UVError) {
            try control(EPOLL_CTL_ADD, socket.descriptor, interest, seat.code)
        } catch {
            _ = seats.remove(at: seat)
            throw error
        }
        socket.seat = seat
    }

    func change(_ socket: PolledSocket, to interest: SocketEvents) throws(UVError) {
        try control(EPOLL_CTL_MOD, socket.descriptor, interest, socket.seat.code)
    }

    /// Called when the socket was closed, which took it out of the kernel's set.
    func remove(_ socket: PolledSocket) {
        _ = seats.remove(at: socket.seat)
    }

    private func control(
        _ operation: Int32,
        _ descriptor: Int32,
        _ interest: SocketEvents,
        _ code: UInt64
    ) throws(UVError) {
        var event = unsafe epoll_event()
        unsafe event.events = interest.rawValue
        unsafe event.data.u64 = code
        guard unsafe epoll_ctl(self.descriptor, operation, descriptor, &event) == 0 else { throw .last }
    }

    /// Waits until there is something to tell.
    ///
    /// - Parameter timeout: milliseconds at most; below 0 for ever.
    /// - Returns: how much there is, for `tell`.
    func wait(timeout: Int32) -> Int {
        Int(unsafe direct_epoll_wait(descriptor, events, Int32(SocketPoll.eventsPerTurn), timeout))
    }

    /// Tells each socket.
    ///
    /// - Returns: whether libuv has something to do, too.
    func tell(_ count: Int) -> Bool {
        var concernsLibUV = false
        for index in 0..<max(count, 0) {
            let event = unsafe events[index]
            let code = unsafe event.data.u64
            if code == SocketPoll.libuv {
                concernsLibUV = true
                continue
            }
            // One that was closed since the kernel was asked may be spoken of still; and later, too, as long as a process that
            // was forked meanwhile has it open.
            seats.socket(at: Seat(code: code))?.becameReady(SocketEvents(rawValue: unsafe event.events))
        }
        return concernsLibUV
    }
}
