import CLibUV
import Glibc

/// What this machine or container allows and says.
package enum SystemInformation {
    /// Open files that this process may have, once the soft limit is raised to the hard one.
    package static func raiseOpenFileLimit() -> Int {
        var limit = rlimit()
        // Safe: the kernel fills and reads exactly this structure.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Processors that the scheduler may use for this process.
    package static var availableParallelism: Int { Int(uv_available_parallelism()) }

    /// Nanoseconds of a clock that only goes forward.
    package static var monotonicNanoseconds: UInt64 { uv_hrtime() }

    /// Microseconds since 1970-01-01 UTC.
    package static var wallClockMicroseconds: Int64 {
        var time = uv_timeval64_t()
        _ = unsafe uv_gettimeofday(&time)
        return time.tv_sec * 1_000_000 + Int64(time.tv_usec)
    }

    /// The text of a small file such as those below /proc and /sys; nil where it can't be read.
    package static func smallFile(_ path: String) -> String? {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        // Safe: reads at most as many bytes as the array has.
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Ends the process at once, with nothing written any more.
    package static func exitImmediately(_ code: Int32) -> Never {
        _exit(code)
    }
}
