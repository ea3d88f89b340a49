package import NetworkAddress

/// The servers that one discovery gives now, from the answers of the name service.
///
/// A server that stays keeps its name whatever the order of the answer; a new one takes the smallest number that is free.
package struct DiscoveredServers: Sendable {
    /// One server as the name service tells of it.
    package struct Endpoint: Hashable, Sendable {
        package var address: SocketAddress
        /// In place of the configured one; nil for an answer without weights.
        package var weight: Int?
        /// Whether others come before it.
        package var isBackup = false

        package init(_ address: SocketAddress, weight: Int? = nil, isBackup: Bool = false) {
            self.address = address
            self.weight = weight
            self.isBackup = isBackup
        }

        /// Whether it counts where both are of one address.
        fileprivate func isBetter(than other: Endpoint) -> Bool {
            isBackup == other.isBackup ? (weight ?? 0) > (other.weight ?? 0) : other.isBackup
        }
    }

    package struct Server: Hashable, Sendable {
        package let settings: ServerSettings
        package let address: SocketAddress
    }

    private let settings: DiscoverySettings
    private var numbers: [SocketAddress: Int] = [:]
    /// In the order of their numbers.
    package private(set) var servers: [Server] = []
    /// Addresses of the last answer that were too many.
    package private(set) var leftOutCount = 0

    package init(_ settings: DiscoverySettings) {
        self.settings = settings
    }

    /// Takes an answer in. Of more than `maximum` addresses, primaries come before backups, those that are known before the
    /// others, and then the lower ones. Where an address comes twice, the primary counts, or else the heavier one.
    ///
    /// - Returns: whether `servers` changed.
    package mutating func received(_ answer: [Endpoint]) -> Bool {
        var endpoints: [SocketAddress: Endpoint] = [:]
        for endpoint in preferred(answer) {
            if let other = endpoints[endpoint.address], !endpoint.isBetter(than: other) { continue }
            endpoints[endpoint.address] = endpoint
        }
        let known = numbers.keys.filter { endpoints[$0] != nil }.sorted { (numbers[$0] ?? 0) < (numbers[$1] ?? 0) }
        let fresh = endpoints.keys.filter { numbers[$0] == nil }.sorted(by: DiscoveredServers.comesBefore)
        let all = known + fresh
        let taken = (all.filter { endpoints[$0]?.isBackup == false } + all.filter { endpoints[$0]?.isBackup == true })
            .prefix(settings.maximum)
        leftOutCount = endpoints.count - taken.count

        let wanted = Set(taken)
        numbers = numbers.filter { wanted.contains($0.key) }
        let used = Set(numbers.values)
        var number = 1
        for address in taken where numbers[address] == nil {
            while used.contains(number) { number += 1 }
            numbers[address] = number
            number += 1
        }

        let before = servers
        servers = numbers.sorted { $0.value < $1.value }.compactMap { address, number in
            endpoints[address].map { server($0, number: number) }
        }
        return servers != before
    }

    private func preferred(_ answer: [Endpoint]) -> [Endpoint] {
        guard let preference = settings.preference else { return answer }
        let own = answer.filter { $0.address.ip.isIPv4 == (preference == .ipv4) }
        return own.isEmpty ? answer : own
    }

    private func server(_ endpoint: Endpoint, number: Int) -> Server {
        var server = settings.prototype
        switch settings.naming {
        case .numbered(let prefix): server.name = "\(prefix)\(number)"
        case .single(let name): server.name = name
        }
        server.address = .ip(endpoint.address)
        if let weight = endpoint.weight { server.weight = weight }
        server.isBackup = server.isBackup || endpoint.isBackup
        return Server(settings: server, address: endpoint.address)
    }

    /// IPv4 first, then by number.
    private static func comesBefore(_ left: SocketAddress, _ right: SocketAddress) -> Bool {
        func key(_ address: SocketAddress) -> (Int, UInt64, UInt64, UInt16) {
            let bits = address.ip.asIPv6
            return (address.ip.isIPv4 ? 0 : 1, bits.high, bits.low, address.port)
        }
        return key(left) < key(right)
    }
}

extension DiscoveredServers {
    /// One SRV record (RFC 2782) with the addresses of its target.
    package struct Service: Hashable, Sendable {
        package var priority: UInt16
        package var weight: UInt16
        package var port: UInt16
        package var addresses: [IPAddress]

        package init(priority: UInt16, weight: UInt16, port: UInt16, addresses: [IPAddress]) {
            self.priority = priority
            self.weight = weight
            self.port = port
            self.addresses = addresses
        }
    }

    /// Records of the lowest priority number are primaries, all others backups. Weights of 0 to 65535 become those of 1 to
    /// 256, as HAProxy has it. Records without an address, or with port 0, are nobody's.
    package static func endpoints(of services: [Service]) -> [Endpoint] {
        let services = services.filter { !$0.addresses.isEmpty && $0.port != 0 }
        let first = services.map(\.priority).min()
        return services.flatMap { service in
            service.addresses.map { ip in
                Endpoint(
                    SocketAddress(ip, port: service.port),
                    weight: Int(service.weight) / 256 + 1,
                    isBackup: service.priority != first
                )
            }
        }
    }
}
