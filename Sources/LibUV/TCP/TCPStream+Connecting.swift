import CLibUV
import Glibc
package import NetworkAddress

extension TCPStream {
    /// Connects, and says how that went on the loop, in a later turn; what the kernel refuses at once is told at once.
    /// `close()` ends the attempt with `UVError.canceled`.
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
        guard !isClosed else { return completion(.canceled) }
        guard descriptor < 0 else { return completion(UVError(code: -EALREADY)) }
        do throws(UVError) {
            try open(isIPv4: address.ip.isIPv4)
            needsNoDelay = sendsAtOnce
            if speaksFirst {
                set(TCP_QUICKACK, 0)
                delaysAcknowledgement = true
            }
            let result = unsafe address.withSockaddr { unsafe direct_connect(descriptor, $0, $1) }
            guard result == 0 || errno == EINPROGRESS || errno == EINTR else { throw .last }
            // Nothing comes before the connection stands; but asked for together, both take one call of the kernel.
            try poll(for: [.writable, .reading, .newsOnly])
            connecting = completion
        } catch {
            completion(error)
        }
    }

    private func open(isIPv4: Bool) throws(UVError) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(isIPv4 ? AF_INET : AF_INET6, type, 0)
        guard descriptor >= 0 else { throw .last }
    }

    /// The connect that is under way is over.
    func didConnect(_ events: SocketEvents) {
        guard !events.isDisjoint(with: [.writable, .failed, .hungUp]) else { return }
        let completion = connecting
        connecting = nil
        completion?(events.isDisjoint(with: [.failed, .hungUp]) ? nil : pendingError)
    }

    /// What the kernel has to say of the socket, which it says once.
    private var pendingError: UVError? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // Safe: the kernel writes one Int32.
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return .last }
        return code == 0 ? nil : UVError(code: -code)
    }

    /// Small writes leave at once: a proxy must not hold back what the sender has sent. The first one does so anyway, with
    /// nothing before it that the peer could still have to acknowledge.
    func sendAtOnce() {
        guard needsNoDelay else { return }
        if hasWritten {
            needsNoDelay = false
            set(TCP_NODELAY, 1)
        }
        hasWritten = true
    }

    /// The first words are on their way: from now on the peer, who may send little by little, is not kept waiting. (Tried:
    /// only once the peer has answered. One who answers and ends at once would see neither acknowledged, and send again.)
    func acknowledgeAtOnce() {
        guard delaysAcknowledgement else { return }
        delaysAcknowledgement = false
        set(TCP_QUICKACK, 1)
    }

    /// Where an option can't be had, there is a segment more, or one that comes later.
    private func set(_ option: Int32, _ value: Int32) {
        try? setOption(of: descriptor, Int32(IPPROTO_TCP), option, value)
    }
}
