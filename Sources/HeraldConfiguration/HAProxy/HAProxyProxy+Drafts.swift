internal import HeraldCore

/// A section that is read to its end becomes a frontend, a backend, or both.
extension HAProxyProxy {
    /// Where HAProxy has no connect timeout, the kernel gives up after some two minutes, long before this.
    private static let longestConnect = Duration.seconds(86_400)

    func drafts(_ problems: Problems) -> (frontend: FrontendDraft?, backend: BackendDraft?) {
        warnOfMissingTimeouts(problems)
        // A listen section that sends its clients elsewhere, and has no servers, is a frontend.
        let isOnlyFrontend = sides.contains(.frontend) && options.defaultBackend != nil && !mentionsServer
        return (
            sides.contains(.frontend) ? frontend(problems) : nil,
            sides.contains(.backend) && !isOnlyFrontend ? backend(problems) : nil
        )
    }

    private func warnOfMissingTimeouts(_ problems: Problems) {
        var missing: [String] = []
        if sides.contains(.frontend) && options.clientTimeout == nil { missing.append("timeout client") }
        if sides.contains(.backend) {
            if options.connectTimeout == nil { missing.append("timeout connect") }
            if options.serverTimeout == nil { missing.append("timeout server") }
        }
        guard !missing.isEmpty else { return }
        let list = missing.map { "'\($0)'" }.joined(separator: ", ")
        problems.warning(
            position,
            "\(kind) \(Quotation.quote(name)) waits for ever where no timeout is set",
            expected: list
        )
    }

    private func frontend(_ problems: Problems) -> FrontendDraft {
        var settings = FrontendSettings(
            name: name,
            binds: binds.map { bind in
                BindSettings(
                    address: bind.address.value,
                    acceptProxy: acceptProxy(of: bind),
                    defersAccept: bind.defersAccept
                )
            },
            backend: 0
        )
        settings.maximumSessions = options.maximumSessions
        settings.clientTimeout = options.clientTimeout
        settings.clientFinTimeout = options.clientFinTimeout
        warnOfStrangers(problems)
        var draft = FrontendDraft(position: position, settings: settings)
        draft.bindPositions = binds.map(\.address.position)
        draft.mentionsBind = mentionsBind
        draft.mentionsBackend = options.mentionsBackend
        draft.backend = options.defaultBackend
        if draft.backend == nil && !options.mentionsBackend && sides.contains(.backend) {
            draft.backend = Located(value: name, position: position)
        }
        return draft
    }

    /// `accept-proxy` believes everybody; `expect-proxy` believes whom it names and takes others for plain clients.
    private func acceptProxy(of bind: HAProxyBind) -> AcceptProxySettings? {
        guard bind.acceptProxy != nil || !expectProxyRules.isEmpty else { return nil }
        var accept = AcceptProxySettings()
        if let timeout = options.handshakeTimeout?.value { accept.timeout = timeout }
        if bind.acceptProxy == nil && expectProxyRules.allSatisfy({ $0.networks != nil }) {
            accept.trusted = expectProxyRules.flatMap { $0.networks ?? [] }
            accept.otherwise = .pass
        }
        return accept
    }

    private func warnOfStrangers(_ problems: Problems) {
        let rules = expectProxyRules.lazy.filter { $0.networks == nil }.map(\.position)
        // A line that binds several addresses has one `accept-proxy`.
        for position in Set(binds.compactMap(\.acceptProxy) + rules) {
            problems.warning(
                position,
                "whoever connects here can claim any client address",
                expected: "'tcp-request connection expect-proxy layer4 if { src NETWORK... }' instead"
            )
        }
    }

    private func backend(_ problems: Problems) -> BackendDraft {
        var settings = BackendSettings(
            name: name,
            servers: servers.map { server in
                server.value.options.server(
                    named: server.value.name,
                    at: server.value.address,
                    checks: options.checks
                )
            }
        )
        settings.retries = options.retries
        settings.redispatches = options.redispatches
        settings.timeouts.connect = options.connectTimeout ?? HAProxyProxy.longestConnect
        settings.timeouts.server = options.serverTimeout
        settings.timeouts.serverFin = options.serverFinTimeout
        settings.timeouts.tunnel = options.tunnelTimeout
        settings.timeouts.queue = options.queueTimeout
        settings.balance = options.balance
        settings.usesAllBackups = options.usesAllBackups
        settings.maximumQueue = maximumQueue(problems)
        warnOfUnchecked(problems)
        options.checks.refuseImpossible(problems)
        options.checks.warnOfIdleRules(problems)
        var draft = BackendDraft(position: position, settings: settings)
        draft.serverPositions = servers.map(\.position)
        draft.settings.discoveries = templates.map { $0.value.settings(checks: options.checks) }
        draft.discoveryPositions = templates.map(\.position)
        draft.resolvers = templates.map(\.value.options.discovery.resolvers)
        draft.idleResolvers = servers.compactMap(\.value.options.discovery.resolvers)
        for server in servers { server.value.options.discovery.warnIfIdle(of: server.value.address, problems) }
        draft.mentionsServer = mentionsServer
        return draft
    }
}
