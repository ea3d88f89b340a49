/// A listener whose backlog is full, so that the kernel lets whoever connects wait.
struct FullListener {
    let listener: Listener
    let fillers: [Connection]

    init() throws {
        listener = try Listener(backlog: 0)
        var fillers: [Connection] = []
        while fillers.count < 16, let filler = try? Connection(to: listener.address, within: .seconds(1)) {
            fillers.append(filler)
        }
        guard fillers.count < 16 else { throw HarnessError("the backlog does not fill up") }
        self.fillers = fillers
    }
}
