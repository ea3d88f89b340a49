import CLinux
import Foundation
import Glibc

/// A network of the test's own: loopback with further addresses, every port free, gone with the last socket in it.
enum NetworkNamespace {
    /// Whether this process may make one; it takes root.
    static let isPossible: Bool = {
        do {
            try enter {}
            return true
        } catch {
            print("NOT TESTED, because network namespaces need root here: \(error)")
            return false
        }
    }()

    /// Runs the body in a new namespace; the sockets, threads and processes that it makes stay there.
    ///
    /// The calling thread is inside until the body returns, so the body must not await.
    static func with<Result>(addresses: [String] = [], _ body: () throws -> Result) throws -> Result {
        try enter {
            for command in [["link", "set", "lo", "up"]] + addresses.map({ ["addr", "add", $0, "dev", "lo"] }) {
                let ip = try run(["ip"] + command)
                guard ip.wait() == .code(0) else { throw HarnessError(ip.story) }
            }
            return try body()
        }
    }

    /// Whether the kernel keeps clients of `port` back, as they have said nothing; of the namespace that this thread is in.
    static func keepsClientsBack(_ port: UInt16) throws -> Bool {
        let table = try String(contentsOfFile: "/proc/thread-self/net/tcp", encoding: .utf8)
        return table.split(separator: "\n").contains { line in
            // sl, local address, remote address, state (03: SYN_RECV)
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[3] == "03" else { return false }
            return fields[1].split(separator: ":").last.flatMap { UInt16($0, radix: 16) } == port
        }
    }

    private static func enter<Result>(_ body: () throws -> Result) throws -> Result {
        let home = unsafe open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
        try NativeSocket.check(home, "open namespace")
        defer { _ = close(home) }
        try NativeSocket.check(unshare(newNetworkNamespace), "unshare")
        defer {
            // The thread goes back to a pool; in a strange network it would harm whoever gets it next.
            guard setns(home, newNetworkNamespace) == 0 else { fatalError("can't leave the network namespace") }
        }
        return try body()
    }
}
