import Glibc
import Testing

/// What the process that runs the test may open.
enum Process {
    /// Lets so many descriptors more be opened and no others; those that are closed from now on come on top.
    static func allowDescriptors(more count: Int) {
        // The kernel gives the lowest free number, and refuses what the limit does not cover.
        let free = (0..<65_536).lazy.filter { fcntl(Int32($0), F_GETFD) < 0 }
        guard let first = free.dropFirst(count).first else { return }
        allowDescriptors(below: first)
    }

    /// Sets the soft limit: descriptors of this number and above can't be had any more.
    static func allowDescriptors(below count: Int) {
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
