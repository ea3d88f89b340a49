import Foundation
import NetworkAddress

/// A name server of the test's own; it knows what lies below `test` and `internal`, and can be changed.
final class Dnsmasq {
    let address: SocketAddress
    private var process: ChildProcess?

    /// - Parameters:
    ///   - records: lines of its configuration, such as `host-record=web.test,127.0.0.5`.
    ///   - address: a free port of 127.0.0.1 where nothing is said.
    init(_ records: [String], on address: SocketAddress? = nil) throws {
        self.address = try address ?? .loopback(FreePorts.next())
        try start(records)
    }

    /// Answers with other records from now on.
    func change(_ records: [String]) throws {
        stop()
        try start(records)
    }

    /// Nobody answers any more.
    func stop() {
        process?.stop()
        process = nil
    }

    private func start(_ records: [String]) throws {
        let lines =
            [
                "port=\(address.port)", "listen-address=\(address.ip)", "bind-interfaces", "no-resolv", "no-hosts",
                "local=/test/internal/", "user=root", "pid-file=",
            ] + records
        let name = "dnsmasq-\(UUID().uuidString.prefix(8)).conf"
        let file = try Stage.current.directory.write(lines.joined(separator: "\n") + "\n", to: name)
        let process = try ChildProcess(["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=\(file)"])
        try process.waitUntilListening(on: [address.port])
        self.process = process
    }
}
