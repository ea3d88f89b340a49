internal import HeraldCore
internal import NetworkAddress

/// The keys of servers that the name service tells of, beside those of every server.
struct YAMLDiscovery {
    private var source: DiscoverySettings.Source?
    private var prefix: String?
    private var refresh: Duration?
    private var maximum: Int?
    private var preference: DiscoverySettings.Family?
    private var isRequired: Bool?
    private var initialAddress: IPAddress?
    private var nameservers: [SocketAddress] = []
    private var timeout: Duration?
    private var attempts: Int?

    static let keys = YAMLKeys<YAMLDiscovery>(
        subject: "servers of the name service",
        keys: [
            "from-dns": { discovery, node, reader in
                discovery.source = reader.value(node, "NAME:PORT, or the name of a service") { text throws(Fault) in
                    try DiscoveryText.source(text)
                }
            },
            "prefix": { discovery, node, reader in
                discovery.prefix = reader.value(node, "how its servers' names begin") { text throws(Fault) in
                    try NameText.check(text)
                }
            },
            "refresh": { discovery, node, reader in
                guard let refresh = reader.duration(node) else { return }
                if refresh < DiscoverySettings.shortestRefresh {
                    reader.refuse(node, "\(DurationText.write(DiscoverySettings.shortestRefresh)) or more")
                }
                discovery.refresh = refresh
            },
            "max": { discovery, node, reader in
                discovery.maximum = reader.integer(node, in: DiscoverySettings.maximumRange)
            },
            "prefer": { discovery, node, reader in
                discovery.preference = reader.choice(node, as: DiscoverySettings.Family.self)
            },
            "required": { discovery, node, reader in
                discovery.isRequired = reader.truth(node)
            },
            "initial-address": { discovery, node, reader in
                discovery.initialAddress = reader.value(node, "an IP address") { text throws(Fault) in
                    try AddressText.ip(text)
                }
            },
            "nameservers": { discovery, node, reader in
                let expectation = "addresses of name servers, such as 10.0.0.53 or 10.0.0.53:53"
                discovery.nameservers = reader.items(node, expectation).compactMap { item in
                    reader.value(item, expectation) { text throws(Fault) in try DiscoveryText.nameserver(text) }
                }
            },
            "timeout": { discovery, node, reader in
                discovery.timeout = reader.duration(node)
            },
            "attempts": { discovery, node, reader in
                discovery.attempts = reader.integer(node, in: DiscoveryText.attemptRange)
            },
        ],
        foreignWords: [
            "resolvers": "nameservers", "nameserver": "nameservers", "maximum": "max", "hold": "refresh",
            "resolve-prefer": "prefer", "init-addr": "required",
        ]
    )

    /// Whether these are servers that the name service tells of, as far as a misspelt key lets see.
    static func isMeant(by entries: [YAMLEntry]) -> Bool {
        entries.contains { $0.key == "from-dns" || NearMiss.find($0.key, among: ["from-dns"]) != nil }
    }

    /// The first of a server's keys that is one of these, and so has it looked up again.
    static func mention(in entries: [YAMLEntry]) -> YAMLEntry? {
        entries.first { isOwn($0.key) }
    }

    /// Misspelt ones included.
    private static func isOwn(_ key: String) -> Bool {
        let own = keys.keys.map(\.key)
        if own.contains(key) || keys.foreignWords[key] != nil { return true }
        let others = YAMLServer.keys.keys.map(\.key)
        if others.contains(key) || YAMLServer.keys.foreignWords[key] != nil { return false }
        return NearMiss.find(key, among: others + own).map(own.contains) ?? false
    }

    /// Takes its own keys out of `entries`.
    static func read(_ entries: inout [YAMLEntry], _ reader: YAMLReader) -> YAMLDiscovery {
        var discovery = YAMLDiscovery()
        let own = entries.filter { isOwn($0.key) }
        entries.removeAll { isOwn($0.key) }
        keys.read(own, into: &discovery, reader)
        return discovery
    }

    /// Servers that are called by a prefix and a number; nil where something is wrong that was told of.
    ///
    /// - Parameter usualPrefix: where `prefix` says nothing else; nil for the first word of the name that is looked up.
    func settings(usualPrefix: String?, prototype: ServerSettings) -> DiscoverySettings? {
        guard let source else { return nil }
        let prefix = prefix ?? usualPrefix ?? DiscoveryText.prefix(of: source)
        var settings = DiscoverySettings(source: source, naming: .numbered(prefix: prefix), prototype: prototype)
        if let maximum { settings.maximum = maximum }
        settings.start = isRequired == true ? .required : .empty
        apply(to: &settings)
        return settings
    }

    /// One server whose address may change; it must resolve at the start unless it is said that it need not.
    func settings(single name: String, host: String, port: UInt16, prototype: ServerSettings) -> DiscoverySettings {
        var settings = DiscoverySettings(
            source: .addresses(name: host, port: port),
            naming: .single(name),
            prototype: prototype
        )
        // Both are the discovery's own, and filled in with each address.
        settings.prototype.name = ""
        settings.prototype.address = .name("", port: 1)
        settings.maximum = 1
        settings.start = isRequired == false ? .empty : .required
        apply(to: &settings)
        return settings
    }

    private func apply(to settings: inout DiscoverySettings) {
        if let refresh { settings.refresh = refresh }
        settings.preference = preference
        if let initialAddress { settings.start = .address(initialAddress) }
        settings.nameservers = nameservers
        settings.timeout = timeout
        settings.attempts = attempts
    }
}
