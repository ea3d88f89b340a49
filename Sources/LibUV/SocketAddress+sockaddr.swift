import CLibUV
import Glibc
internal import NetworkAddress

/// Conversion between our addresses (host byte order) and the kernel's (network byte order).
extension SocketAddress {
    /// Calls `body` with the kernel's form.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch ip {
        case .v4(let address):
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = port.bigEndian
            raw.sin_addr.s_addr = address.bits.bigEndian
            return unsafe SocketAddress.reinterpret(&raw, body)
        case .v6(let address):
            var raw = sockaddr_in6()
            raw.sin6_family = sa_family_t(AF_INET6)
            raw.sin6_port = port.bigEndian
            // Safe: in6_addr is 16 plain bytes.
            unsafe withUnsafeMutableBytes(of: &raw.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: address.high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe SocketAddress.reinterpret(&raw, body)
        }
    }

    private static func reinterpret<Raw, Result>(
        _ raw: inout Raw,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        // Safe: the kernel reads as many bytes as the length says, and the family says which of the two it is.
        unsafe withUnsafeBytes(of: &raw) { bytes in
            guard let start = bytes.baseAddress else { preconditionFailure("a socket address has no bytes") }
            return unsafe body(start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }

    /// Reads the kernel's form; nil for a family other than IPv4 and IPv6.
    init?(_ raw: UnsafePointer<sockaddr>) {
        switch Int32(unsafe raw.pointee.sa_family) {
        case AF_INET:
            // Safe: the family says that a sockaddr_in stands here.
            let raw = unsafe UnsafeRawPointer(raw).assumingMemoryBound(to: sockaddr_in.self)
            let address = IPv4Address(bits: UInt32(bigEndian: unsafe raw.pointee.sin_addr.s_addr))
            self.init(.v4(address), port: UInt16(bigEndian: unsafe raw.pointee.sin_port))
        case AF_INET6:
            // Safe: the family says that a sockaddr_in6 stands here.
            let raw = unsafe UnsafeRawPointer(raw).assumingMemoryBound(to: sockaddr_in6.self)
            let address = unsafe withUnsafeBytes(of: raw.pointee.sin6_addr) { bytes in
                unsafe IPv6Address(
                    high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                    low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self.init(.v6(address), port: UInt16(bigEndian: unsafe raw.pointee.sin6_port))
        default:
            return nil
        }
    }

    /// The address that `call` (getsockname, getpeername, accept4) writes; nil where it fails.
    static func written(
        by call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // Safe: sockaddr_storage is large enough for every family, and the length says so to the kernel.
        return unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                unsafe call(start, &length) >= 0
            else { return nil }
            return unsafe SocketAddress(start)
        }
    }
}
