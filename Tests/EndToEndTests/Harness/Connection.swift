import Glibc
import NetworkAddress
import Synchronization

/// One end of a TCP connection; every wait has a deadline, and how the other side ended is kept apart.
final class Connection: Sendable {
    enum Ending: Equatable {
        /// The other side is done sending.
        case finished
        case reset
        /// Neither, until the deadline.
        case open
    }

    /// What came in, read by read.
    struct Received: Equatable {
        var reads: [[UInt8]] = []
        var ending = Ending.open

        var bytes: [UInt8] { reads.flatMap(\.self) }
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    let local: SocketAddress
    let remote: SocketAddress
    private let descriptor: Mutex<Int32>
    /// Whether the peer was quicker to reset than we were to look; the system tells that once only.
    private let wasReset: Bool

    /// Connects, optionally from an address of choice (port 0 for any).
    convenience init(
        to address: SocketAddress,
        from source: SocketAddress? = nil,
        receiveBuffer: Int32? = nil,
        within limit: Duration = patience
    ) throws {
        let descriptor = try NativeSocket.make(for: address)
        var wasReset = false
        do {
            if let receiveBuffer { try NativeSocket.set(descriptor, SO_RCVBUF, to: receiveBuffer) }
            if let source { try NativeSocket.bind(descriptor, to: source) }
            if try !NativeSocket.connect(descriptor, to: address) {
                guard NativeSocket.wait(descriptor, for: POLLOUT, until: Deadline(in: limit)) else {
                    throw HarnessError("connect to \(address): no answer within \(limit)")
                }
                let error = NativeSocket.pendingError(descriptor)
                guard error == 0 || error == ECONNRESET else {
                    throw HarnessError("connect to \(address): error \(error)")
                }
                wasReset = error == ECONNRESET
            }
            try self.init(descriptor: descriptor, remote: address, wasReset: wasReset)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    /// Takes over an accepted descriptor.
    convenience init(accepted descriptor: Int32) throws {
        try self.init(descriptor: descriptor, remote: NativeSocket.remoteAddress(descriptor), wasReset: false)
    }

    private init(descriptor: Int32, remote: SocketAddress, wasReset: Bool) throws {
        local = try NativeSocket.localAddress(descriptor)
        self.remote = remote
        self.wasReset = wasReset
        try NativeSocket.set(descriptor, level: Int32(IPPROTO_TCP), TCP_NODELAY, to: 1)
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        close()
    }

    private var open: Int32 { descriptor.withLock { $0 } }

    func send(_ bytes: [UInt8], within limit: Duration = patience) throws {
        let deadline = Deadline(in: limit)
        var rest = bytes[...]
        while !rest.isEmpty {
            if let count = try NativeSocket.send(open, rest) {
                rest = rest.dropFirst(count)
            } else if !NativeSocket.wait(open, for: POLLOUT, until: deadline) {
                throw HarnessError("\(rest.count) bytes not taken within \(limit)")
            }
        }
    }

    func send(_ text: String, within limit: Duration = patience) throws {
        try send(Array(text.utf8), within: limit)
    }

    /// Sends a byte as urgent data (RFC 6093), which an ordinary read leaves out.
    func sendUrgent(_ byte: UInt8) throws {
        guard try NativeSocket.send(open, [byte], flags: Int(MSG_OOB)) != nil else {
            throw HarnessError("an urgent byte was not taken")
        }
    }

    /// Sends one byte at a time, each in a segment of its own.
    func drip(_ bytes: [UInt8], every interval: Duration = .milliseconds(2)) throws {
        for byte in bytes {
            try send([byte])
            pause(interval)
        }
    }

    /// Sends as much as is taken until nothing more is taken for `limit`; returns how many bytes that was.
    func sendUntilBlocked(for limit: Duration = .milliseconds(500), atMost: Int = 1 << 30) throws -> Int {
        let chunk = [UInt8](repeating: 0x61, count: 65536)
        var sent = 0
        while sent < atMost {
            if let count = try NativeSocket.send(open, chunk[...]) {
                sent += count
            } else if !NativeSocket.wait(open, for: POLLOUT, until: Deadline(in: limit)) {
                break
            }
        }
        return sent
    }

    /// Bytes that were sent and that the other side's kernel has not got yet.
    var undelivered: Int { get throws { try NativeSocket.undelivered(open) } }

    /// Bytes that the other side's kernel has got, and that nobody has read there.
    var unreadByPeer: Int {
        get throws {
            let ss = try run(["ss", "-tnH", "sport = :\(remote.port) and dport = :\(local.port)"])
            guard ss.wait() == .code(0), let count = Int(ss.output.split(separator: " ").dropFirst().first ?? "") else {
                throw HarnessError(ss.story)
            }
            return count
        }
    }

    /// Reads until `isEnough`, the other side's end, or the deadline.
    func receive(
        atMost size: Int = 65536,
        within limit: Duration = patience,
        until isEnough: (Received) -> Bool
    ) throws -> Received {
        let deadline = Deadline(in: limit)
        var received = Received()
        if wasReset {
            received.ending = .reset
            return received
        }
        while !isEnough(received) {
            guard NativeSocket.wait(open, for: POLLIN, until: deadline) else { break }
            switch try NativeSocket.receive(open, upTo: size) {
            case .bytes(let bytes):
                received.reads.append(bytes)
            case .end:
                received.ending = .finished
                return received
            case .reset:
                received.ending = .reset
                return received
            case .nothing:
                break
            }
        }
        return received
    }

    /// Reads until the other side ends.
    func receiveAll(within limit: Duration = patience) throws -> Received {
        try receive(within: limit) { _ in false }
    }

    /// One read, of whatever is there first.
    func receiveOnce(atMost size: Int = 65536, within limit: Duration = patience) throws -> Received {
        try receive(atMost: size, within: limit) { !$0.reads.isEmpty }
    }

    /// Reads up to a line's end, and returns the line without it; nil if it does not come.
    func receiveLine(within limit: Duration = patience) throws -> String? {
        let received = try receive(within: limit) { $0.reads.last?.contains(0x0a) == true }
        return received.text.split(whereSeparator: \.isNewline).first.map(String.init)
    }

    /// Asks for `/` by HTTP, and returns the answer's last line.
    func get() throws -> String? {
        try send("GET / HTTP/1.0\r\n\r\n")
        return try receiveAll().text.split(whereSeparator: \.isNewline).last.map(String.init)
    }

    /// Says that no more will be sent.
    func finish() throws {
        try NativeSocket.check(shutdown(open, Int32(SHUT_WR)), "shutdown")
    }

    /// Ends the connection with RST.
    func reset() throws {
        try NativeSocket.setNoLinger(open)
        // Wakes a thread that waits for bytes: for as long as it does, the system would put off the end.
        _ = shutdown(open, Int32(SHUT_RD))
        close()
    }

    func close() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            _ = Glibc.close(descriptor)
            descriptor = -1
        }
    }
}
