import Foundation
import NetworkAddress
import Synchronization

/// A server that does the same with each connection, one thread each, and keeps what its script has received.
final class ScriptedServer: Sendable {
    typealias Script = @Sendable (Connection) throws -> Connection.Received

    let address: SocketAddress
    private let listener: Listener
    private let script: Script
    private let results = Mutex<[Connection.Received]>([])
    private let isStopped = Atomic(false)
    private let isOver = Atomic(false)

    /// Serves on a free port of 127.0.0.1 until the stage is struck.
    init(_ script: @escaping Script) throws {
        self.script = script
        listener = try Listener()
        address = listener.address
        Thread { [self] in serve() }.start()
        Stage.current.atEnd { [self] in
            isStopped.store(true, ordering: .relaxed)
            listener.stopListening()
            _ = becomesTrue { isOver.load(ordering: .acquiring) }
        }
    }

    /// What the scripts that went through to their end have returned, in the order of their ends.
    var received: [Connection.Received] { results.withLock { $0 } }

    private func serve() {
        while !isStopped.load(ordering: .relaxed) {
            guard let connection = try? listener.acceptIfAny(within: .seconds(1)) else { continue }
            Thread { [self] in
                if let received = try? script(connection) { results.withLock { $0.append(received) } }
                connection.close()
            }.start()
        }
        listener.close()
        isOver.store(true, ordering: .releasing)
    }
}
