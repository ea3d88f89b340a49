import CLinux
import Glibc
import NetworkAddress
import Synchronization

/// A listening socket whose connections the test accepts one by one; the kernel completes them meanwhile.
final class Listener: Sendable {
    let address: SocketAddress
    private let descriptor: Mutex<Int32>

    /// Listens on 127.0.0.1 and a free port unless told otherwise.
    init(on address: SocketAddress = .loopback(), backlog: Int32 = 512) throws {
        let descriptor = try NativeSocket.make(for: address)
        do {
            try NativeSocket.set(descriptor, SO_REUSEADDR, to: 1)
            try NativeSocket.bind(descriptor, to: address)
            try NativeSocket.check(listen(descriptor, backlog), "listen on \(address)")
            self.address = try NativeSocket.localAddress(descriptor)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        close()
    }

    /// The next connection.
    func accept(within limit: Duration = patience) throws -> Connection {
        guard let connection = try acceptIfAny(within: limit) else {
            throw HarnessError("nobody connected to \(address) within \(limit)")
        }
        return connection
    }

    /// The next connection, or nil if there is none in time or the listener was closed.
    func acceptIfAny(within limit: Duration) throws -> Connection? {
        let descriptor = descriptor.withLock { $0 }
        let deadline = Deadline(in: limit)
        while descriptor >= 0, NativeSocket.wait(descriptor, for: POLLIN, until: deadline) {
            let accepted = accept4(descriptor, nil, nil, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
            if accepted >= 0 {
                // A peer that is gone already leaves nothing to ask its address of.
                if let connection = try? Connection(accepted: accepted) { return connection }
                _ = Glibc.close(accepted)
            } else if errno != EAGAIN, errno != ECONNABORTED {
                return nil
            }
        }
        return nil
    }

    /// Refuses connections from now on, and wakes whoever waits for one; the descriptor stays.
    func stopListening() {
        descriptor.withLock { _ = shutdown($0, Int32(SHUT_RDWR)) }
    }

    /// Not while another thread is accepting: the number may mean another socket a moment later.
    func close() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            _ = Glibc.close(descriptor)
            descriptor = -1
        }
    }
}
