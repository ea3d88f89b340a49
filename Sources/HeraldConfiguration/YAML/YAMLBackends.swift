internal import HeraldCore

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
            for index in backend.draft.settings.discoveries.indices
            where backend.draft.settings.discoveries[index].prototype.check?.timeout == nil {
                backend.draft.settings.discoveries[index].prototype.check?.timeout = backend.checkTimeout
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
            "all-backups": { backend, node, reader in
                backend.draft.settings.usesAllBackups = reader.truth(node) ?? false
            },
            "max-queue": { backend, node, reader in
                backend.draft.settings.maximumQueue = reader.integer(node, in: BackendSettings.queueRange)
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
        foreignWords: [
            "server": "servers", "timeout": "timeouts", "allbackups": "all-backups", "maxqueue": "max-queue",
        ]
    )

    private static let timeoutKeys = YAMLKeys<YAMLBackend>(
        subject: "a backend's timeouts",
        keys: [
            "connect": { backend, node, reader in
                backend.draft.settings.timeouts.connect =
                    reader.duration(node) ?? backend.draft.settings.timeouts.connect
            },
            "connect-total": { backend, node, reader in
                backend.draft.settings.timeouts.connectTotal = reader.duration(node)
            },
            "queue": { backend, node, reader in
                backend.draft.settings.timeouts.queue = reader.duration(node)
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
        // All of them, without a name of their own: servers: { from-dns: ... }
        if case .mapping(let entries) = node.content, YAMLDiscovery.isMeant(by: entries) {
            guard let entries = reader.entries(node, "a mapping") else { return }
            add(YAMLServer.discovery(entries, prefix: nil, reader), at: node.position)
            return
        }
        for entry in YAMLFile.named(node, "server", reader) {
            add(YAMLServer.read(entry, reader.reading(entry.key)), at: entry.position)
        }
    }

    private mutating func add(_ meaning: YAMLServer.Meaning?, at position: SourcePosition) {
        switch meaning {
        case .server(let server):
            draft.settings.servers.append(server)
            draft.serverPositions.append(position)
        case .discovery(let discovery):
            draft.settings.discoveries.append(discovery)
            draft.discoveryPositions.append(position)
        case nil:
            break
        }
    }
}
