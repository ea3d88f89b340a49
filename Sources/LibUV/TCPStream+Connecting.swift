import CLibUV
import Glibc
package import NetworkAddress

extension TCPStream {
    /// Connects, and says how that went on the loop, in a later turn. `close()` ends the attempt with `UVError.canceled`.
    ///
    /// Even where the kernel is done at once, as on loopback, the turn is worth its calls: meanwhile the client's first bytes
    /// arrive, and go out with the header in one segment (tried: connecting at once cost no less).
    ///
    /// - Parameters:
    ///   - sendsAtOnce: whether small writes leave at once, even while others are under way.
    ///   - speaksFirst: whether something is written as soon as the connection stands. It then carries the acknowledgement
    ///     that the handshake ends with, which is a segment less; the peer hears of the connection no sooner.
    package func connect(
        to address: SocketAddress,
        sendsAtOnce: Bool = true,
        speaksFirst: Bool = false,
        completion: @escaping (UVError?) -> Void
    ) {
        loop.checkThread()
        guard !isClosing else { return completion(.canceled) }
        if speaksFirst {
            let result = openSpeakingFirst(isIPv4: address.ip.isIPv4)
            if result < 0 { return completion(UVError(code: result)) }
        }
        let request = ConnectRequest(completion)
        let result = unsafe address.withSockaddr { raw, _ in
            unsafe uv_tcp_connect(request.memory, tcp, raw) { request, status in
                guard let request = unsafe request, let loop = unsafe EventLoop.of(request.pointee.handle.pointee.loop)
                else { return }
                let stream: TCPStream? = unsafe Handle.object(UnsafeMutableRawPointer(request.pointee.handle))
                unsafe ConnectRequest.take(request).completion(status < 0 ? UVError(code: status) : nil)
                loop.finishCallback()
                // Nobody has taken the reading over.
                if let stream, stream.isReading && stream.reader == nil { stream.stopReading() }
            }
        }
        if result < 0 {
            unsafe ConnectRequest.take(request.memory).completion(UVError(code: result))
        } else {
            // Small writes leave at once: a proxy must not hold back what the sender has sent.
            if sendsAtOnce { _ = unsafe uv_tcp_nodelay(tcp, 1) }
            // Nothing comes before the connection stands; but asked for together, both take one call of the kernel less.
            isReading = unsafe uv_read_start(raw, TCPStream.allocate, TCPStream.read) == 0
        }
    }
}

extension TCPStream {
    /// A socket that has no acknowledgement to send but with data, until `acknowledgeAtOnce`.
    ///
    /// - Returns: 0, or libuv's code of what went wrong.
    private func openSpeakingFirst(isIPv4: Bool) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(isIPv4 ? AF_INET : AF_INET6, type, 0)
        guard descriptor >= 0 else { return UVError.last.code }
        setQuickAcknowledgement(descriptor, 0)
        let result = unsafe uv_tcp_open(tcp, descriptor)
        if result < 0 { Glibc.close(descriptor) } else { delaysAcknowledgement = true }
        return result
    }

    /// The first words are on their way: from now on the peer, who may send little by little, is not kept waiting.
    func acknowledgeAtOnce() {
        guard delaysAcknowledgement else { return }
        delaysAcknowledgement = false
        setQuickAcknowledgement(descriptor, 1)
    }

    private func setQuickAcknowledgement(_ descriptor: Int32, _ value: Int32) {
        var value = value
        // Where it can't be had, there is a segment more.
        _ = unsafe setsockopt(
            descriptor,
            Int32(IPPROTO_TCP),
            TCP_QUICKACK,
            &value,
            socklen_t(MemoryLayout<Int32>.size)
        )
    }
}

/// A connect under way: owns itself until libuv has answered.
@safe private final class ConnectRequest {
    let memory: UnsafeMutablePointer<uv_connect_t>
    let completion: (UVError?) -> Void

    init(_ completion: @escaping (UVError?) -> Void) {
        self.completion = completion
        // Safe: freed by `deinit`, which comes after `take`.
        unsafe memory = .allocate(capacity: 1)
        unsafe memory.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Balances the retain of `init`; called once for each request.
    static func take(_ memory: UnsafeMutablePointer<uv_connect_t>) -> ConnectRequest {
        unsafe Unmanaged<ConnectRequest>.fromOpaque(memory.pointee.data).takeRetainedValue()
    }
}
