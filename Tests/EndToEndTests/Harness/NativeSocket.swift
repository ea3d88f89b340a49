import Glibc
import NetworkAddress

/// The system calls under `Connection` and `Listener`: non-blocking descriptors, addresses as `SocketAddress`.
///
/// The only file of these tests, beside the one that spawns processes, that hands pointers to C.
enum NativeSocket {
    static func make(for address: SocketAddress, type: __socket_type = SOCK_STREAM) throws -> Int32 {
        let family = address.ip.isIPv4 ? AF_INET : AF_INET6
        let kind = Int32(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        try check(descriptor, "socket")
        return descriptor
    }

    static func bind(_ descriptor: Int32, to address: SocketAddress) throws {
        let result = unsafe withNative(address) { pointer, length in unsafe Glibc.bind(descriptor, pointer, length) }
        try check(result, "bind to \(address)")
    }

    /// Whether the connection stands already; otherwise it is under way.
    static func connect(_ descriptor: Int32, to address: SocketAddress) throws -> Bool {
        let result = unsafe withNative(address) { pointer, length in unsafe Glibc.connect(descriptor, pointer, length) }
        if result == -1, errno == EINPROGRESS { return false }
        try check(result, "connect to \(address)")
        return true
    }

    static func localAddress(_ descriptor: Int32) throws -> SocketAddress {
        try unsafe address("getsockname") { pointer, length in unsafe getsockname(descriptor, pointer, length) }
    }

    static func remoteAddress(_ descriptor: Int32) throws -> SocketAddress {
        try unsafe address("getpeername") { pointer, length in unsafe getpeername(descriptor, pointer, length) }
    }

    static func set(_ descriptor: Int32, level: Int32 = SOL_SOCKET, _ option: Int32, to value: Int32) throws {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        try check(unsafe setsockopt(descriptor, level, option, &value, size), "setsockopt \(option)")
    }

    /// Makes close send RST.
    static func setNoLinger(_ descriptor: Int32) throws {
        var value = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        try check(unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, size), "setsockopt linger")
    }

    /// The error that a finished connect left behind; 0 for none.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &size) == 0 ? value : errno
    }

    /// Bytes that were sent and not acknowledged.
    static func undelivered(_ descriptor: Int32) throws -> Int {
        var count: Int32 = 0
        try check(unsafe ioctl(descriptor, UInt(TIOCOUTQ), &count), "ioctl TIOCOUTQ")
        return Int(count)
    }

    /// Whether one of `events` came before the deadline.
    static func wait(_ descriptor: Int32, for events: Int32, until deadline: Deadline) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let result = unsafe poll(&entry, 1, deadline.milliseconds)
            if result > 0 { return true }
            if result == 0 || errno != EINTR { return false }
        }
    }

    /// Bytes written, or nil where the socket takes none now.
    static func send(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>, flags: Int = 0) throws -> Int? {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL | flags))
        }
        if result == -1, errno == EAGAIN { return nil }
        try check(Int32(truncatingIfNeeded: result), "send")
        return result
    }

    enum Arrival: Equatable {
        case bytes([UInt8])
        case end
        case reset
        case nothing
    }

    static func receive(_ descriptor: Int32, upTo count: Int) throws -> Arrival {
        var result = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            result = unsafe recv(descriptor, buffer.baseAddress, count, 0)
            filled = max(0, result)
        }
        if result == -1, errno == EAGAIN { return .nothing }
        if result == -1, errno == ECONNRESET || errno == EPIPE { return .reset }
        try check(Int32(truncatingIfNeeded: result), "recv")
        return result == 0 ? .end : .bytes(bytes)
    }

    static func check(_ result: Int32, _ call: String) throws {
        guard result == -1 else { return }
        throw HarnessError("\(call): \(unsafe String(cString: strerror(errno)))")
    }

    private static func withNative(
        _ address: SocketAddress,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var storage = sockaddr_storage()
        let text = address.ip.description
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            let raw = UnsafeMutableRawPointer(pointer)
            let length: Int
            if address.ip.isIPv4 {
                let native = unsafe raw.assumingMemoryBound(to: sockaddr_in.self)
                unsafe native.pointee.sin_family = sa_family_t(AF_INET)
                unsafe native.pointee.sin_port = address.port.bigEndian
                _ = unsafe inet_pton(AF_INET, text, &native.pointee.sin_addr)
                length = MemoryLayout<sockaddr_in>.size
            } else {
                let native = unsafe raw.assumingMemoryBound(to: sockaddr_in6.self)
                unsafe native.pointee.sin6_family = sa_family_t(AF_INET6)
                unsafe native.pointee.sin6_port = address.port.bigEndian
                _ = unsafe inet_pton(AF_INET6, text, &native.pointee.sin6_addr)
                length = MemoryLayout<sockaddr_in6>.size
            }
            return unsafe body(UnsafePointer(raw.assumingMemoryBound(to: sockaddr.self)), socklen_t(length))
        }
    }

    private static func address(
        _ call: String,
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) throws -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let host = try unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            let raw = UnsafeMutableRawPointer(pointer)
            let native = unsafe raw.assumingMemoryBound(to: sockaddr.self)
            try check(unsafe body(native, &length), call)
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let flags = Int32(NI_NUMERICHOST)
            let failed = unsafe getnameinfo(native, length, &text, socklen_t(text.count), nil, 0, flags)
            guard failed == 0 else { throw HarnessError("getnameinfo: \(failed)") }
            // Both families keep the port in the same place.
            let port = unsafe raw.assumingMemoryBound(to: sockaddr_in.self).pointee.sin_port.bigEndian
            let name = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            return (name, port)
        }
        guard let ip = IPAddress(host.0) else { throw HarnessError("\(call): no address: \(host.0)") }
        return SocketAddress(ip, port: host.1)
    }
}
