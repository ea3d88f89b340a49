/// A place in a loop's poll, and a number that whoever has the place later does not have.
struct Seat {
    var place: UInt32 = 0
    var ticket: UInt32 = 0

    init() {}

    init(place: UInt32, ticket: UInt32) {
        self.place = place
        self.ticket = ticket
    }

    /// As the kernel keeps it for us.
    init(code: UInt64) {
        self.init(place: UInt32(truncatingIfNeeded: code), ticket: UInt32(truncatingIfNeeded: code >> 32))
    }

    var code: UInt64 { UInt64(ticket) << 32 | UInt64(place) }
}

/// The sockets of a poll, each kept from `add` to `remove`.
///
/// Plain memory, which keeps the size that it once had: an array would have to find out with each event, and with each
/// socket, that nobody else is at it.
@safe final class SeatTable {
    private struct Place {
        var socket: PolledSocket?
        var ticket: UInt32 = 0
        /// Of the list of free places.
        var nextFree: UInt32?
    }

    // Safe: freed by `deinit` alone; the first `count` places are initialised, no others.
    private var places = UnsafeMutableBufferPointer<Place>.allocate(capacity: 64)
    private var count = 0
    private var firstFree: UInt32?
    private var lastTicket: UInt32 = 0

    deinit {
        unsafe places.extracting(..<count).deinitialize()
        unsafe places.deallocate()
    }

    func add(_ socket: PolledSocket) -> Seat {
        lastTicket &+= 1
        let taken = Place(socket: socket, ticket: lastTicket)
        if let place = firstFree {
            firstFree = unsafe places[Int(place)].nextFree
            unsafe places[Int(place)] = taken
            return Seat(place: place, ticket: lastTicket)
        }
        if unsafe count == places.count { grow() }
        unsafe places.initializeElement(at: count, to: taken)
        count += 1
        return Seat(place: UInt32(count - 1), ticket: lastTicket)
    }

    /// Nil where whoever had the seat is gone.
    func socket(at seat: Seat) -> PolledSocket? {
        let index = Int(seat.place)
        return unsafe places[index].ticket == seat.ticket ? places[index].socket : nil
    }

    /// - Returns: whoever had the seat.
    func remove(at seat: Seat) -> PolledSocket? {
        let index = Int(seat.place)
        unsafe places[index].nextFree = firstFree
        firstFree = seat.place
        return unsafe places[index].socket.take()
    }

    private func grow() {
        let larger = unsafe UnsafeMutableBufferPointer<Place>.allocate(capacity: 2 * places.count)
        _ = unsafe larger.moveInitialize(fromContentsOf: places)
        unsafe places.deallocate()
        unsafe places = larger
    }
}
