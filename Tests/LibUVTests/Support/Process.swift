import Glibc
import Testing

/// What the process that runs the test has open.
enum Process {
    /// Numbers of the open descriptors, found by asking for each.
    static var descriptors: Set<Int32> {
        Set((0..<4096).filter { fcntl($0, F_GETFD) >= 0 })
    }

    /// Sets the soft limit: descriptors of this number and above can't be had any more.
    static func allowDescriptors(_ count: Int) {
        var limit = rlimit()
        // Safe: the kernel fills and reads exactly this structure.
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = rlim_t(count)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

extension ExitTest.Condition {
    /// A failed precondition, and no other way to fail.
    static var trap: ExitTest.Condition {
        #if arch(x86_64)
        .signal(SIGILL)
        #else
        .signal(SIGTRAP)
        #endif
    }
}
