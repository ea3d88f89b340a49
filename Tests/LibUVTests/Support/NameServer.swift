import Foundation
import Glibc
import LibUV
import NetworkAddress
import Synchronization
import Testing

/// A dnsmasq of the test's own, on a free port of 127.0.0.1. Knows everything below `test`, and refuses the rest.
final class NameServer: Sendable {
    let address: SocketAddress
    private let process: OwnProcess
    private let directory: URL

    /// Starts it, and waits until it answers.
    ///
    /// - Parameters:
    ///   - lines: of its configuration.
    ///   - hosts: of its hosts file.
    init(_ lines: [String] = [], hosts: [String] = [], on loop: EventLoop) async throws {
        directory = URL(filePath: "/tmp/herald-dns-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let hostsFile = directory.appending(path: "hosts")
        try Data((hosts.joined(separator: "\n") + "\n").utf8).write(to: hostsFile)
        let lines =
            [
                "listen-address=127.0.0.1", "bind-interfaces", "no-resolv", "no-hosts", "no-poll", "local=/test/",
                "addn-hosts=\(hostsFile.path)", "user=root", "pid-file=",
            ] + lines
        let file = directory.appending(path: "conf")
        var started: (SocketAddress, OwnProcess)?
        // A port may be taken by others: then the next one.
        for _ in 0..<20 where started == nil {
            let address = SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: .random(in: NameServer.ports))
            let text = (lines + ["port=\(address.port)"]).joined(separator: "\n") + "\n"
            try Data(text.utf8).write(to: file)
            let process = try OwnProcess(["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=\(file.path)"])
            if await process.isListening(on: address, loop) { started = (address, process) }
        }
        (address, process) = try #require(started, "dnsmasq does not start")
    }

    /// Below those that the kernel takes for sockets of no special port.
    private static let ports: ClosedRange<UInt16> = 12_000...32_000

    /// Ends it; the port is free afterwards.
    func stop() {
        process.stop()
        try? FileManager.default.removeItem(at: directory)
    }
}

/// A process that is killed by its id.
private final class OwnProcess: Sendable {
    private let pid: pid_t
    private let hasEnded = Atomic(false)

    init(_ command: [String]) throws {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // Signals that this thread blocks must work in the child.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // Safe: copies that end with a zero and outlive the call, and a nil behind the last.
        var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
        defer {
            for index in unsafe words.indices { unsafe free(words[index]) }
        }
        unsafe words.append(nil)
        var pid: pid_t = 0
        try #require(unsafe posix_spawn(&pid, command[0], nil, &attributes, words, environ) == 0)
        self.pid = pid
    }

    /// Waits until somebody listens there; false where that is not this process, which has ended then.
    func isListening(on address: SocketAddress, _ loop: EventLoop) async -> Bool {
        while isRunning {
            let stream = TCPStream(loop: loop)
            defer { stream.close() }
            if (try? await stream.connect(to: address)) != nil, isRunning { return true }
            await loop.sleep(for: .milliseconds(10))
        }
        return false
    }

    private var isRunning: Bool {
        var status: Int32 = 0
        // The id is ours until the process is reaped, which happens once.
        if !hasEnded.load(ordering: .relaxed), unsafe waitpid(pid, &status, WNOHANG) == pid {
            hasEnded.store(true, ordering: .relaxed)
        }
        return !hasEnded.load(ordering: .relaxed)
    }

    func stop() {
        guard isRunning else { return }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
    }
}

/// A bound UDP socket on 127.0.0.1, for name servers that no program would be.
final class DatagramSocket: Sendable {
    let address: SocketAddress
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(descriptor >= 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        // Safe: a sockaddr_in, and its size.
        let result = unsafe withUnsafeMutablePointer(to: &name) { name in
            unsafe name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                unsafe bind(descriptor, name, length) == 0 ? unsafe getsockname(descriptor, name, &length) : -1
            }
        }
        try #require(result == 0)
        address = SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: UInt16(bigEndian: name.sin_port))
    }

    deinit {
        close(descriptor)
    }

    /// Answers each datagram with what `reply` makes of it, until there comes an empty one.
    func answer(with reply: @escaping @Sendable ([UInt8]) -> [[UInt8]]) throws -> LibUV.Thread {
        try LibUV.Thread { [self] in
            while true {
                var buffer = [UInt8](repeating: 0, count: 4096)
                var peer = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                // Safe: buffer and address with their sizes.
                let count = unsafe withUnsafeMutablePointer(to: &peer) { peer in
                    unsafe peer.withMemoryRebound(to: sockaddr.self, capacity: 1) { peer in
                        unsafe recvfrom(descriptor, &buffer, buffer.count, 0, peer, &length)
                    }
                }
                guard count > 0 else { return }
                for datagram in reply(Array(buffer[..<count])) {
                    _ = unsafe withUnsafePointer(to: &peer) { peer in
                        unsafe peer.withMemoryRebound(to: sockaddr.self, capacity: 1) { peer in
                            unsafe sendto(descriptor, datagram, datagram.count, 0, peer, length)
                        }
                    }
                }
            }
        }
    }

    /// Ends `answer`.
    func stopAnswering() throws {
        let sender = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(sender >= 0)
        defer { close(sender) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        name.sin_port = address.port.bigEndian
        // Safe: an empty datagram, and a sockaddr_in with its size.
        let sent = unsafe withUnsafePointer(to: &name) { name in
            unsafe name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                unsafe sendto(sender, [0], 0, 0, name, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(sent == 0)
    }
}
