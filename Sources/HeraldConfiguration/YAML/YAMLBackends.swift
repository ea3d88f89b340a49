internal import HeraldCore
internal import NetworkAddress

extension YAMLFile {
    mutating func readBackends(_ node: YAMLNode, _ reader: YAMLReader) {
        for entry in YAMLFile.named(node, "backend", reader) {
            var backend = YAMLBackend(
                draft: BackendDraft(
                    position: entry.position,
                    settings: BackendSettings(name: entry.key, servers: [])
                )
            )
            let isMapping = YAMLBackend.keys.read(entry.value, into: &backend, reader.reading(entry.key))
            let hasServers = YAMLBackend.keys.mention("servers", in: entry.value)
            if isMapping && !hasServers {
                reader.problems.error(
                    entry.position,
                    "backend \(Quotation.quote(entry.key)) has no 'servers'",
                    expected: "a mapping of servers"
                )
            }
            if !isMapping || !hasServers { backend.draft.mentionsServer = true }
            // Checks of servers above `timeouts` need it as well.
            for index in backend.draft.settings.servers.indices
            where backend.draft.settings.servers[index].check?.timeout == nil {
                backend.draft.settings.servers[index].check?.timeout = backend.checkTimeout
            }
            if backend.hasTunnel { backendsWithTunnel.insert(entry.key) }
            if backend.hasServerTimeout { backendsWithServerTimeout.insert(entry.key) }
            builder.backends.append(backend.draft)
        }
    }
}

private struct YAMLBackend {
    var draft: BackendDraft
    var hasTunnel = false
    var hasServerTimeout = false
    var checkTimeout: Duration?

    static let keys = YAMLKeys<YAMLBackend>(
        subject: "a backend",
        keys: [
            "balance": { backend, node, reader in
                backend.draft.settings.balance =
                    reader.choice(node, as: BackendSettings.Balance.self) ?? backend.draft.settings.balance
            },
            "retries": { backend, node, reader in
                backend.draft.settings.retries =
                    reader.integer(node, in: 0...Limits.maximumRetries)
                    ?? backend.draft.settings.retries
            },
            "redispatch": { backend, node, reader in
                backend.draft.settings.redispatches =
                    reader.truth(node) ?? backend.draft.settings.redispatches
            },
            "timeouts": { backend, node, reader in
                timeoutKeys.read(node, into: &backend, reader)
            },
            "servers": { backend, node, reader in
                backend.readServers(node, reader)
            },
        ],
        foreignWords: ["server": "servers", "timeout": "timeouts"]
    )

    private static let timeoutKeys = YAMLKeys<YAMLBackend>(
        subject: "a backend's timeouts",
        keys: [
            "connect": { backend, node, reader in
                backend.draft.settings.timeouts.connect =
                    reader.duration(node) ?? backend.draft.settings.timeouts.connect
            },
            "server": { backend, node, reader in
                backend.hasServerTimeout = true
                reader.timeout(node, into: &backend.draft.settings.timeouts.server)
            },
            "server-fin": { backend, node, reader in
                reader.timeout(node, into: &backend.draft.settings.timeouts.serverFin)
            },
            "tunnel": { backend, node, reader in
                backend.hasTunnel = true
                reader.timeout(node, into: &backend.draft.settings.timeouts.tunnel)
            },
            "check": { backend, node, reader in
                backend.checkTimeout = reader.duration(node)
            },
        ]
    )

    private mutating func readServers(_ node: YAMLNode, _ reader: YAMLReader) {
        let isEmptyMapping = if case .mapping(let entries) = node.content { entries.isEmpty } else { false }
        draft.mentionsServer = !isEmptyMapping
        for entry in YAMLFile.named(node, "server", reader) {
            guard let server = YAMLServer.read(entry, reader.reading(entry.key)) else { continue }
            draft.settings.servers.append(server)
            draft.serverPositions.append(entry.position)
        }
    }
}

/// One server: an address, or a mapping.
private struct YAMLServer {
    var settings = ServerSettings(name: "", address: .name("", port: 1))
    var hasAddress = false
    var checkHeader: YAMLCheckHeader = .unsaid

    static func read(_ entry: YAMLEntry, _ reader: YAMLReader) -> ServerSettings? {
        var server = YAMLServer()
        server.settings.name = entry.key
        if case .mapping = entry.value.content {
            keys.read(entry.value, into: &server, reader)
            if !keys.mention("address", in: entry.value) {
                reader.problems.error(
                    entry.position,
                    "server \(Quotation.quote(entry.key)) has no 'address'",
                    expected: "address: HOST:PORT"
                )
            }
            server.applyCheckHeader(reader)
        } else {
            server.readAddress(entry.value, reader)
        }
        return server.hasAddress ? server.settings : nil
    }

    private static let keys = YAMLKeys<YAMLServer>(
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
        ],
        foreignWords: ["send-proxy-v2": "send-proxy: v2", "port": "address", "host": "address", "addr": "address"]
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

/// What a check's `send-proxy` says.
private enum YAMLCheckHeader {
    case unsaid
    case never
    case asServer(SourcePosition)
    case version(Announcement)
}

private struct YAMLCheck {
    var settings = HealthCheckSettings()
    var header = YAMLCheckHeader.unsaid

    static let keys = YAMLKeys<YAMLCheck>(
        subject: "a check",
        keys: [
            "interval": { check, node, reader in
                check.settings.interval = reader.duration(node) ?? check.settings.interval
            },
            "fast-interval": { check, node, reader in
                check.settings.fastInterval = reader.duration(node)
            },
            "down-interval": { check, node, reader in
                check.settings.downInterval = reader.duration(node)
            },
            "rise": { check, node, reader in
                check.settings.rise =
                    reader.integer(node, in: HealthCheckSettings.countRange) ?? check.settings.rise
            },
            "fall": { check, node, reader in
                check.settings.fall =
                    reader.integer(node, in: HealthCheckSettings.countRange) ?? check.settings.fall
            },
            "timeout": { check, node, reader in
                check.settings.timeout = reader.duration(node)
            },
            "port": { check, node, reader in
                check.settings.port = reader.integer(node, in: 1...65_535).map { UInt16($0) }
            },
            "address": { check, node, reader in
                check.settings.address = reader.value(node, "an IP address") {
                    text throws(Fault) in try AddressText.ip(text)
                }
            },
            "send-proxy": { check, node, reader in
                switch node.content {
                case .scalar("v1", _): check.header = .version(.version1)
                case .scalar("v2", _): check.header = .version(.version2(Version2Options()))
                default:
                    guard let isOn = reader.truth(node) else { return }
                    check.header = isOn ? .asServer(node.position) : .never
                }
            },
        ],
        foreignWords: [
            "inter": "interval", "fastinter": "fast-interval", "downinter": "down-interval", "addr": "address",
            "check-send-proxy": "send-proxy",
        ]
    )
}
