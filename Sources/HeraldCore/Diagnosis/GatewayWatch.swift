package import NetworkAddress

/// Looks at the first clients of a frontend: whether they all have the address of the default gateway, so that somebody
/// connects in their name.
package struct GatewayWatch: Sendable {
    package enum Verdict: Sendable {
        /// More have to come.
        case open
        /// One came from elsewhere.
        case innocent
        case allBehindGateway
    }

    private let gateway: IPAddress
    private var count = 0
    private var verdict = Verdict.open

    package init(gateway: IPAddress) {
        self.gateway = gateway
    }

    /// - Returns: the verdict, which stays the same once it is not open any more.
    package mutating func accepted(_ peer: IPAddress) -> Verdict {
        guard case .open = verdict else { return verdict }
        count += 1
        if peer != gateway {
            verdict = .innocent
        } else if count >= Limits.sessionsUntilGateway {
            verdict = .allBehindGateway
        }
        return verdict
    }
}

/// The kernel's routes, as `/proc/net/route` has them.
package enum RouteTable {
    /// The gateway of the first default route; nil where there is none.
    ///
    /// A line has the interface, then destination and gateway as eight hexadecimal digits of the address in this machine's
    /// byte order (little-endian on every one that Swift runs on), and the flags.
    package static func defaultGateway(in text: String) -> IPAddress? {
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 7, fields[1] == "00000000", fields[7] == "00000000",
                let flags = UInt32(fields[3], radix: 16), flags & RouteTable.upAndGateway == RouteTable.upAndGateway,
                let bits = UInt32(fields[2], radix: 16)
            else { continue }
            return .v4(IPv4Address(bits: bits.byteSwapped))
        }
        return nil
    }

    /// RTF_UP and RTF_GATEWAY of linux/route.h.
    private static let upAndGateway: UInt32 = 0x3
}
