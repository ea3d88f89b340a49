import Glibc
import NetworkAddress

/// A name server that never answers.
final class SilentNameServer: Sendable {
    let address: SocketAddress
    private let descriptor: Int32

    init() throws {
        let descriptor = try NativeSocket.make(for: .loopback(), type: SOCK_DGRAM)
        try NativeSocket.bind(descriptor, to: .loopback())
        address = try NativeSocket.localAddress(descriptor)
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Whether anybody has asked by now.
    var hasBeenAsked: Bool { NativeSocket.wait(descriptor, for: POLLIN, until: Deadline(in: .zero)) }
}
