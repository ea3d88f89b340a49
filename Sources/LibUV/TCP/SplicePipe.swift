import CLibUV
import Glibc

/// A pipe by which bytes get from one socket to another without being copied (splice(2)).
///
/// One for all streams of a loop, empty between two uses; it lives on its loop alone.
final class SplicePipe {
    private let output: Int32
    private let input: Int32

    /// - Parameter capacity: bytes, which the system may round up, or refuse to grant: then it has less.
    init(capacity: Int) throws(UVError) {
        var ends: [uv_file] = [-1, -1]
        let flags = Int32(UV_NONBLOCK_PIPE.rawValue)
        let result = unsafe uv_pipe(&ends, flags, flags)
        guard result >= 0 else { throw UVError(code: result) }
        output = ends[0]
        input = ends[1]
        _ = fcntl(input, F_SETPIPE_SZ, Int32(clamping: capacity))
    }

    deinit {
        Glibc.close(output)
        Glibc.close(input)
    }

    /// - Returns: bytes that went from the socket into the pipe; 0 at the end of what the peer sends.
    func fill(from socket: Int32, atMost count: Int) throws(UVError) -> Int {
        try SplicePipe.move(from: socket, to: input, count)
    }

    /// - Returns: bytes that the socket took.
    func empty(into socket: Int32, _ count: Int) throws(UVError) -> Int {
        var taken = 0
        while taken < count {
            do throws(UVError) {
                taken += try SplicePipe.move(from: output, to: socket, count - taken)
            } catch .wouldBlock {
                break
            }
        }
        return taken
    }

    /// Copies what the pipe has into `buffer`: all of it, as nobody puts in more than that has room for.
    ///
    /// - Returns: how many bytes that is.
    func drain(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var count = 0
        while count < buffer.count {
            // Safe: reads at most as many bytes as the buffer has left.
            let more = unsafe read(output, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            if more <= 0 { break }
            count += more
        }
        return count
    }

    private static func move(from source: Int32, to target: Int32, _ count: Int) throws(UVError) -> Int {
        while true {
            let moved = splice(source, nil, target, nil, count, UInt32(SPLICE_F_MOVE | SPLICE_F_NONBLOCK))
            if moved >= 0 { return moved }
            let error = UVError.last
            if error.code != -EINTR { throw error }
        }
    }
}
