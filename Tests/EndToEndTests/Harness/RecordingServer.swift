import Foundation
import NetworkAddress
import Synchronization

/// A server that remembers what each connection brought, and answers the first bytes after the header with its name.
final class RecordingServer: Sendable {
    struct Record: Sendable {
        /// The PROXY header; nil where none came.
        var header: ProxyHeader?
        /// Who connected, as the socket tells.
        var peer: SocketAddress
        /// All bytes, read by read, the header's included.
        var reads: [[UInt8]] = []
        var ending = Connection.Ending.open

        /// What came after the header.
        var payload: [UInt8] { Array(reads.flatMap(\.self).dropFirst(header?.length ?? 0)) }
    }

    let name: String
    let address: SocketAddress
    private let listener: Listener
    private let connections = Mutex<[Record]>([])
    private let isStopped = Atomic(false)
    private let isOver = Atomic(false)

    /// Starts to serve at once, on a free port of 127.0.0.1 unless told otherwise, until the stage is struck.
    init(_ name: String, on address: SocketAddress = .loopback()) throws {
        self.name = name
        listener = try Listener(on: address)
        self.address = listener.address
        Thread { [self] in serve() }.start()
        Stage.current.atEnd { [self] in stop() }
    }

    /// What every connection brought so far, in the order of their arrival.
    var records: [Record] { connections.withLock { $0 } }

    /// Connections that brought something after the header: sessions, not health checks.
    var sessions: [Record] { records.filter { !$0.payload.isEmpty } }

    /// The first connection so far, or soon, that fits.
    func record(within limit: Duration = patience, where fits: (Record) -> Bool) -> Record? {
        eventually(within: limit) { records.first(where: fits) }
    }

    /// Closes the listener: connections are refused from now on.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        listener.stopListening()
        _ = becomesTrue { isOver.load(ordering: .acquiring) }
    }

    private func serve() {
        while !isStopped.load(ordering: .relaxed) {
            guard let connection = try? listener.acceptIfAny(within: .seconds(1)) else { continue }
            let index = connections.withLock { records in
                records.append(Record(peer: connection.remote))
                return records.count - 1
            }
            Thread { [self] in try? converse(connection, index) }.start()
        }
        listener.close()
        isOver.store(true, ordering: .releasing)
    }

    private func converse(_ connection: Connection, _ index: Int) throws {
        var hasAnswered = false
        while !isStopped.load(ordering: .relaxed) {
            let received = try connection.receiveOnce(within: .milliseconds(200))
            let record = connections.withLock { records in
                records[index].reads += received.reads
                records[index].ending = received.ending
                if records[index].header == nil {
                    records[index].header = ProxyHeader(records[index].reads.flatMap(\.self))
                }
                return records[index]
            }
            if !hasAnswered, !record.payload.isEmpty {
                hasAnswered = true
                try connection.send("\(name)\n")
            }
            if received.ending != .open { return connection.close() }
        }
    }
}
