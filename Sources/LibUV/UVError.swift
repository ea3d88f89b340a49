import CLibUV
import Glibc

/// What libuv or the kernel answered to a call: a negated errno, as libuv has them.
package struct UVError: Error, Hashable, Sendable {
    /// Below zero, such as `UV_ECONNREFUSED`.
    package let code: Int32

    package init(code: Int32) {
        self.code = code
    }

    /// The error that the last failed system call of this thread left in errno.
    static var last: UVError { UVError(code: -errno) }

    /// The constant's name, such as `ECONNREFUSED`.
    package var name: String {
        unsafe text(of: 32) { unsafe uv_err_name_r(code, $0, $1) }
    }

    /// The system's own.
    private var words: String {
        unsafe text(of: 128) { unsafe uv_strerror_r(code, $0, $1) }
    }

    private func text(
        of capacity: Int,
        _ fill: (UnsafeMutablePointer<CChar>?, Int) -> UnsafeMutablePointer<CChar>?
    ) -> String {
        // Safe: both functions write at most `capacity` bytes and end them with a zero.
        var buffer = [CChar](repeating: 0, count: capacity)
        return unsafe buffer.withUnsafeMutableBufferPointer { bytes in
            _ = unsafe fill(bytes.baseAddress, capacity)
            return unsafe bytes.baseAddress.map { unsafe String(cString: $0) } ?? ""
        }
    }
}

extension UVError: CustomStringConvertible {
    /// In plain words, such as `connection refused`.
    package var description: String {
        // The system's own words for it are about disks.
        if self == .tooManyWatches { return "too many sockets are watched (fs.epoll.max_user_watches)" }
        return words
    }

    /// Why a file can't be read or written, where ENOSPC is about disks after all.
    package var fileReason: String { words }
}

extension UVError {
    package static let connectionRefused = UVError(code: UV_ECONNREFUSED.rawValue)
    package static let connectionReset = UVError(code: UV_ECONNRESET.rawValue)
    package static let brokenPipe = UVError(code: UV_EPIPE.rawValue)
    package static let canceled = UVError(code: UV_ECANCELED.rawValue)
    package static let timedOut = UVError(code: UV_ETIMEDOUT.rawValue)
    package static let tooManyOpenFiles = UVError(code: UV_EMFILE.rawValue)
    package static let fileTableOverflow = UVError(code: UV_ENFILE.rawValue)
    package static let outOfMemory = UVError(code: UV_ENOMEM.rawValue)
    package static let noBufferSpace = UVError(code: UV_ENOBUFS.rawValue)
    /// A user's sockets in epoll sets are limited (fs.epoll.max_user_watches).
    package static let tooManyWatches = UVError(code: UV_ENOSPC.rawValue)
    package static let addressInUse = UVError(code: UV_EADDRINUSE.rawValue)
    package static let addressNotAvailable = UVError(code: UV_EADDRNOTAVAIL.rawValue)
    package static let permissionDenied = UVError(code: UV_EACCES.rawValue)
    package static let familyNotSupported = UVError(code: UV_EAFNOSUPPORT.rawValue)
    static let wouldBlock = UVError(code: UV_EAGAIN.rawValue)

    /// The other side ended the connection without a FIN.
    package var isReset: Bool { self == .connectionReset || self == .brokenPipe }

    /// This machine, not the peer, had nothing left to give.
    package var isLocalShortage: Bool {
        [
            .tooManyOpenFiles, .fileTableOverflow, .outOfMemory, .noBufferSpace, .addressNotAvailable, .tooManyWatches,
        ].contains(self)
    }
}

extension UVError {
    /// Why nobody can listen on an address, in plain words.
    package var listeningReason: String {
        switch self {
        case .addressInUse: "another process listens there already"
        case .permissionDenied: "not permitted (ports below 1024 need root or CAP_NET_BIND_SERVICE)"
        case .addressNotAvailable: "no such address on this machine"
        case .familyNotSupported: "this machine has no IPv6"
        default: description
        }
    }
}

/// Turns libuv's negative answers into errors.
@discardableResult
func checked(_ result: Int32) throws(UVError) -> Int32 {
    if result < 0 { throw UVError(code: result) }
    return result
}
