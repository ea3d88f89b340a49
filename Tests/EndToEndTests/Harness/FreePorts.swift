import Glibc
import NetworkAddress
import Synchronization

/// Ports for programs that can't be told to take any: free now, and handed out once.
///
/// They lie below the range from which the kernel takes ports for outgoing connections, so nothing else grabs them
/// between the look and the use.
enum FreePorts {
    private static let range: ClosedRange<UInt16> = 12000...32000
    private static let taken = Mutex<Set<UInt16>>([])

    static func next() throws -> UInt16 {
        for _ in 0..<200 {
            let port = UInt16.random(in: range)
            guard taken.withLock({ $0.insert(port).inserted }) else { continue }
            let any = [IPAddress.v4(IPv4Address(bits: 0)), .v6(IPv6Address(high: 0, low: 0))]
            if any.allSatisfy({ isFree(SocketAddress($0, port: port)) }) { return port }
        }
        throw HarnessError("no free port found")
    }

    private static func isFree(_ address: SocketAddress) -> Bool {
        guard let descriptor = try? NativeSocket.make(for: address) else { return true }
        defer { _ = close(descriptor) }
        if !address.ip.isIPv4 {
            try? NativeSocket.set(descriptor, level: Int32(IPPROTO_IPV6), IPV6_V6ONLY, to: 1)
        }
        return (try? NativeSocket.bind(descriptor, to: address)) != nil
    }
}
