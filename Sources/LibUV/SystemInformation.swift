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

    /// A variable of the environment; nil where it is not set.
    package static func environment(_ name: String) -> String? {
        // Safe: nobody changes the environment of this process.
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Of this process, as the kernel counts it; 0 where it can't be read.
    package static var residentBytes: UInt64 {
        var bytes = 0
        return unsafe uv_resident_set_memory(&bytes) == 0 ? UInt64(bytes) : 0
    }

    /// Gives memory back to the kernel that was allocated and is free again, which the allocator keeps for the next rush hour.
    /// Takes milliseconds for tens of MiB.
    package static func giveBackFreeMemory() {
        malloc_trim(0)
    }

    /// User and system time of this process.
    package static var processorTime: Duration {
        var usage = uv_rusage_t()
        guard unsafe uv_getrusage(&usage) == 0 else { return .zero }
        return .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + .microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }

    /// Files that this process may have open.
    package static var openFileLimit: Int {
        var limit = rlimit()
        // Safe: the kernel fills exactly this structure.
        let result = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return result == 0 ? Int(clamping: limit.rlim_cur) : 0
    }

    /// Files that this process has open; 0 where it can't be read.
    package static var openFileCount: Int {
        guard let directory = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // `.`, `..`, and the descriptor that is read from.
        return max(0, count - 3)
    }

    /// What tells one state of a file from another: when it was written, and which file a path leads to.
    package struct FileMark: Hashable, Sendable {
        fileprivate let device: UInt64
        fileprivate let inode: UInt64
        fileprivate let size: Int64
        fileprivate let seconds: Int
        fileprivate let nanoseconds: Int
    }

    /// Follows links; nil where there is no file.
    package static func fileMark(_ path: String) -> FileMark? {
        var status = stat()
        // Safe: the kernel fills exactly this structure.
        guard unsafe stat(path, &status) == 0 else { return nil }
        return FileMark(
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino),
            size: Int64(status.st_size),
            seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec
        )
    }

    /// Ends the process at once, with nothing written any more.
    package static func exitImmediately(_ code: Int32) -> Never {
        _exit(code)
    }
}
