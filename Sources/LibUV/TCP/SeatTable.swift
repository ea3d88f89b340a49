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
    private enum Place {
        case taken(PolledSocket, ticket: UInt32)
        /// With the next one of the list of free places.
        case free(next: UInt32?)
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
        let taken = Place.taken(socket, ticket: lastTicket)
        if let place = firstFree, case .free(let next) = unsafe places[Int(place)] {
            firstFree = next
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
        guard case .taken(let socket, seat.ticket) = unsafe places[Int(seat.place)] else { return nil }
        return socket
    }

    /// - Returns: whoever had the seat.
    func remove(at seat: Seat) -> PolledSocket? {
        guard let socket = socket(at: seat) else { return nil }
        unsafe places[Int(seat.place)] = .free(next: firstFree)
        firstFree = seat.place
        return socket
    }

    private func grow() {
        let larger = unsafe UnsafeMutableBufferPointer<Place>.allocate(capacity: 2 * places.count)
        _ = unsafe larger.moveInitialize(fromContentsOf: places)
        unsafe places.deallocate()
        unsafe places = larger
    }
}
