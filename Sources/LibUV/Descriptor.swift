import Glibc

/// Plain blocking input and output.
enum Descriptor {
    /// Writes all of `bytes`, waiting where the reader is slow.
    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(UVError) {
        var offset = 0
        while offset < bytes.count {
            // Safe: the array outlives the call, and the count is what is left of it.
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
            }
            if count > 0 {
                offset += count
            } else if errno == EAGAIN {
                wait(for: POLLOUT, on: descriptor)
            } else if errno != EINTR {
                throw .last
            }
        }
    }

    /// Reads to the end, but no more than `limit` bytes, waiting where the writer is slow.
    static func read(from descriptor: Int32, atMost limit: Int) throws(UVError) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: min(limit, 65_536))
        while bytes.count < limit {
            // Safe: the array outlives the call, and has room for what is read.
            let count = unsafe block.withUnsafeMutableBytes { block in
                unsafe Glibc.read(descriptor, block.baseAddress, min(block.count, limit - bytes.count))
            }
            if count > 0 {
                bytes += block[..<count]
            } else if count == 0 {
                break
            } else if errno == EAGAIN {
                wait(for: POLLIN, on: descriptor)
            } else if errno != EINTR {
                throw .last
            }
        }
        return bytes
    }

    private static func wait(for event: Int32, on descriptor: Int32) {
        var waiting = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        unsafe poll(&waiting, 1, -1)
    }
}
