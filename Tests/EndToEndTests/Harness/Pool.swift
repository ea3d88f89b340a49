import NetworkAddress

/// Herald before servers s1, s2 and so on, each of which tells its name.
struct Pool {
    let port: UInt16
    let servers: [RecordingServer]
    let herald: Herald

    /// `options` are those of each server in HAProxy's syntax, and `backend` the backend's lines.
    init(
        _ options: [String],
        accept: String = "",
        defaults: [String] = [],
        backend: [String] = [],
        threads: Int = 2
    ) throws {
        port = try FreePorts.next()
        servers = try options.indices.map { try RecordingServer("s\($0 + 1)") }
        herald = try Herald(
            configuration(
                bind: "127.0.0.1:\(port) \(accept)",
                defaults: defaults,
                backend: backend,
                servers: zip(servers, options).map { "\($0.address) \($1)" }
            ),
            ports: port,
            arguments: ["--threads", "\(threads)"]
        )
    }

    /// The servers that answered so many clients, one after the other.
    func visits(_ count: Int) throws -> [String?] {
        try (0..<count).map { _ in try visit(port) }
    }

    /// A client that stays, announced as from `source` where one is given.
    func enter(as source: SocketAddress? = nil) throws -> Guest {
        let client = try Connection(to: .loopback(port))
        try client.send((source.map { ProxyHeader.v2($0, client.remote) } ?? []) + Array("hello".utf8))
        guard let name = try client.receiveLine() else { throw HarnessError("no server answered") }
        // Until the test is over, whether it looks at the guest again or not.
        Stage.current.atEnd { client.close() }
        return Guest(client: client, server: name)
    }

    /// Ends the sessions of these, and waits until Herald counts them no more.
    func leave(_ guests: [Guest]) throws {
        let peers = Set(guests.map(\.client.local.description))
        for guest in guests { guest.client.close() }
        let isOver = becomesTrue { peers.isSubset(of: herald.sessionLines.compactMap(\.peer)) && herald.facts.isAsleep }
        guard isOver else { throw HarnessError("sessions go on without their clients") }
    }
}

/// A client in a session that goes on.
struct Guest {
    let client: Connection
    /// The name of the server that answered.
    let server: String

    /// Whether neither side has ended it.
    var isOn: Bool {
        (try? client.receiveOnce(within: .zero))?.ending == .open
    }
}

extension [Guest] {
    /// How many sessions each server has.
    var counts: [String: Int] {
        reduce(into: [:]) { $0[$1.server, default: 0] += 1 }
    }
}
