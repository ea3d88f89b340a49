internal import HeraldCore
internal import NetworkAddress

/// One server: an address, or a mapping.
struct YAMLServer {
    var settings = ServerSettings(name: "", address: .name("", port: 1))
    var hasAddress = false
    var checkHeader: YAMLCheckHeader = .unsaid
    var observation = YAMLObservation()

    /// What one entry comes to.
    enum Meaning {
        case server(ServerSettings)
        case discovery(DiscoverySettings)
    }

    /// nil where something is wrong that was told of.
    static func read(_ entry: YAMLEntry, _ reader: YAMLReader) -> Meaning? {
        guard case .mapping = entry.value.content else {
            var server = YAMLServer()
            server.settings.name = entry.key
            server.readAddress(entry.value, reader)
            return server.hasAddress ? .server(server.settings) : nil
        }
        guard let entries = reader.entries(entry.value, "a mapping with the keys of a server") else { return nil }
        if YAMLDiscovery.isMeant(by: entries) { return discovery(entries, prefix: entry.key, reader) }
        return server(entries, entry, reader)
    }

    /// Servers that the name service tells of.
    ///
    /// - Parameter prefix: of their names; nil for the first word of the name that is looked up.
    static func discovery(_ entries: [YAMLEntry], prefix: String?, _ reader: YAMLReader) -> Meaning? {
        var rest = entries
        let discovery = YAMLDiscovery.read(&rest, reader)
        if let address = rest.first(where: { $0.key == "address" }) {
            reader.problems.error(address.position, "'address' beside 'from-dns'", expected: "one of the two")
            return nil
        }
        let server = withoutAddress(rest, at: entries[0].position, reader)
        return discovery.settings(usualPrefix: prefix, prototype: server.settings).map { .discovery($0) }
    }

    private static func server(_ entries: [YAMLEntry], _ entry: YAMLEntry, _ reader: YAMLReader) -> Meaning? {
        var rest = entries
        let mention = YAMLDiscovery.mention(in: entries)
        let discovery = mention.map { _ in YAMLDiscovery.read(&rest, reader) }
        var server = withoutAddress(rest, at: entry.position, reader)
        server.settings.name = entry.key
        if !keys.mention("address", in: entry.value) {
            reader.problems.error(
                entry.position,
                "server \(Quotation.quote(entry.key)) has no 'address'",
                expected: "address: HOST:PORT"
            )
        }
        guard server.hasAddress else { return nil }
        guard let discovery, let mention else { return .server(server.settings) }
        guard case .name(let host, let port) = server.settings.address else {
            reader.problems.error(
                mention.position,
                "\(Quotation.quote(mention.key)) of a server that has an address, which is not looked up",
                expected: "a host name in 'address'"
            )
            return nil
        }
        for entry in entries where entry.key == "max" || entry.key == "prefix" {
            reader.problems.error(
                entry.position,
                "'\(entry.key)' of a server of its own, which is one",
                expected: "'from-dns' in place of 'address'"
            )
        }
        return .discovery(
            discovery.settings(single: entry.key, host: host, port: port, prototype: server.settings)
        )
    }

    private static func withoutAddress(
        _ entries: [YAMLEntry],
        at position: SourcePosition,
        _ reader: YAMLReader
    ) -> YAMLServer {
        var server = YAMLServer()
        keys.read(entries, into: &server, reader)
        server.applyCheckHeader(reader)
        server.applyObservation(YAMLNode(content: .mapping(entries), position: position), reader)
        return server
    }

    static let keys = YAMLKeys<YAMLServer>(
        subject: "a server",
        keys: [
            "address": { server, node, reader in
                server.readAddress(node, reader)
            },
            "check": { server, node, reader in
                var check = YAMLCheck()
                if case .mapping = node.content {
                    YAMLCheck.keys.read(node, into: &check, reader)
                } else {
                    guard reader.truth(node) == true else { return }
                }
                server.settings.check = check.settings
                server.checkHeader = check.header
            },
            "send-proxy": { server, node, reader in
                server.settings.announcement = YAMLAnnouncement.read(node, reader)
            },
            "weight": { server, node, reader in
                server.settings.weight =
                    reader.integer(node, in: 0...ServerSettings.maximumWeight) ?? server.settings.weight
            },
            "disabled": { server, node, reader in
                server.settings.isDisabled = reader.truth(node) ?? server.settings.isDisabled
            },
            "backup": { server, node, reader in
                server.settings.isBackup = reader.truth(node) ?? server.settings.isBackup
            },
            "maxconn": { server, node, reader in
                server.settings.maximumSessions = reader.integer(node, in: ServerSettings.sessionRange)
            },
            "slowstart": { server, node, reader in
                server.settings.slowStart = reader.duration(node)
            },
            "observe": { server, node, reader in
                server.observation.readLayer(node, reader)
            },
            "error-limit": { server, node, reader in
                server.observation.readErrorLimit(node, reader)
            },
            "on-error": { server, node, reader in
                server.observation.readAction(node, reader)
            },
            "on-marked-down": { server, node, reader in
                server.observation.readShutdown(node, reader)
            },
        ],
        foreignWords: [
            "send-proxy-v2": "send-proxy: v2", "port": "address", "host": "address", "addr": "address",
            "max-connections": "maxconn", "maximum-sessions": "maxconn", "slow-start": "slowstart",
        ]
    )

    private mutating func readAddress(_ node: YAMLNode, _ reader: YAMLReader) {
        let address = reader.value(node, "HOST:PORT, such as 192.0.2.1:80") { text throws(Fault) in
            try YAMLServer.address(text)
        }
        guard let address else { return }
        settings.address = address
        hasAddress = true
    }

    /// IPv6 in brackets only: without them it is HAProxy's, where nobody sees the port.
    private static func address(_ text: String) throws(Fault) -> ServerAddress {
        let address = try AddressText.server(text)
        if case .ip(let socketAddress) = address, !socketAddress.ip.isIPv4, !text.contains("[") {
            throw Fault(
                "\(Quotation.quote(text)) is an IPv6 address without brackets",
                expected: "[ADDRESS]:PORT",
                suggestion: socketAddress.description
            )
        }
        return address
    }

    private mutating func applyCheckHeader(_ reader: YAMLReader) {
        guard var check = settings.check else { return }
        switch checkHeader {
        case .unsaid:
            check.announcement = check.announcement(following: settings.announcement, isForced: nil)
        case .never:
            check.announcement = .none
        case .asServer(let position):
            if settings.announcement == .none {
                reader.problems.error(
                    position,
                    "'send-proxy: true' in the check of a server that has no send-proxy",
                    expected: "v1 or v2"
                )
            }
            check.announcement = check.announcement(following: settings.announcement, isForced: true)
        case .version(let announcement):
            check.announcement = announcement
        }
        settings.check = check
    }
}
