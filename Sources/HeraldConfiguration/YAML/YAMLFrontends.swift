internal import HeraldCore
internal import NetworkAddress

extension YAMLFile {
    mutating func readFrontends(_ node: YAMLNode, _ reader: YAMLReader) {
        let entries = YAMLFile.named(node, "frontend", reader)
        if case .mapping(let written) = node.content, written.isEmpty {
            reader.problems.error(node.position, "an empty mapping", expected: "at least one frontend")
        }
        for entry in entries {
            var frontend = YAMLFrontend(
                draft: FrontendDraft(
                    position: entry.position,
                    settings: FrontendSettings(name: entry.key, binds: [], backend: 0)
                )
            )
            let isMapping = YAMLFrontend.keys.read(entry.value, into: &frontend, reader.reading(entry.key))
            frontend.draft.mentionsBind = !isMapping || YAMLFrontend.keys.mention("bind", in: entry.value)
            frontend.draft.mentionsBackend =
                !isMapping || YAMLFrontend.keys.mention("default-backend", in: entry.value)
            if frontend.hasClientTimeout { frontendsWithClientTimeout.insert(entry.key) }
            builder.frontends.append(frontend.draft)
        }
    }
}

private struct YAMLFrontend {
    var draft: FrontendDraft
    var hasClientTimeout = false

    static let keys = YAMLKeys<YAMLFrontend>(
        subject: "a frontend",
        keys: [
            "bind": { frontend, node, reader in
                for item in reader.items(node, "an address, or a list of binds") {
                    guard let bind = YAMLBind.read(item, reader) else { continue }
                    frontend.draft.settings.binds.append(bind.value)
                    frontend.draft.bindPositions.append(bind.position)
                }
            },
            "default-backend": { frontend, node, reader in
                frontend.draft.backend = reader.text(node, "the name of a backend").map {
                    Located(value: $0, position: node.position)
                }
            },
            "maxconn": { frontend, node, reader in
                frontend.draft.settings.maximumSessions =
                    reader.integer(node, in: ProcessSettings.sessionRange)
            },
            "timeouts": { frontend, node, reader in
                timeoutKeys.read(node, into: &frontend, reader)
            },
        ],
        foreignWords: ["backend": "default-backend", "maximum-sessions": "maxconn", "timeout": "timeouts"]
    )

    private static let timeoutKeys = YAMLKeys<YAMLFrontend>(
        subject: "a frontend's timeouts",
        keys: [
            "client": { frontend, node, reader in
                frontend.hasClientTimeout = true
                reader.timeout(node, into: &frontend.draft.settings.clientTimeout)
            },
            "client-fin": { frontend, node, reader in
                reader.timeout(node, into: &frontend.draft.settings.clientFinTimeout)
            },
        ]
    )
}

/// One item of a frontend's `bind`: an address, or a mapping.
private struct YAMLBind {
    var address: Located<BindAddress>?
    var acceptProxy: AcceptProxySettings?
    var defersAccept = false

    static func read(_ node: YAMLNode, _ reader: YAMLReader) -> Located<BindSettings>? {
        var bind = YAMLBind()
        if case .mapping = node.content {
            keys.read(node, into: &bind, reader)
            if !keys.mention("address", in: node) {
                reader.problems.error(
                    node.position,
                    "a bind without 'address'",
                    expected: "address: \":80\", for example"
                )
            }
        } else {
            bind.address = address(node, reader)
        }
        guard let address = bind.address else { return nil }
        return Located(
            value: BindSettings(
                address: address.value,
                acceptProxy: bind.acceptProxy,
                defersAccept: bind.defersAccept
            ),
            position: address.position
        )
    }

    private static let keys = YAMLKeys<YAMLBind>(
        subject: "a bind",
        keys: [
            "address": { bind, node, reader in
                bind.address = YAMLBind.address(node, reader)
            },
            "accept-proxy": { bind, node, reader in
                bind.acceptProxy = YAMLAcceptProxy.read(node, reader)
            },
            "defer-accept": { bind, node, reader in
                bind.defersAccept = reader.truth(node) ?? false
            },
        ],
        foreignWords: ["addr": "address", "ip": "address", "port": "address"]
    )

    private static func address(_ node: YAMLNode, _ reader: YAMLReader) -> Located<BindAddress>? {
        let expectation = "an address with its port, such as \":80\""
        let address = reader.value(node, expectation) { text throws(Fault) in try bindAddress(text) }
        guard let address else { return nil }
        if address.socketAddress.port == 0 {
            reader.problems.warning(node.position, "port 0 is whichever the kernel picks, which only the log tells")
        }
        return Located(value: address, position: node.position)
    }

    /// `ADDRESS:PORT`, and behind it perhaps `v4v6` or `v6only`. As in HAProxy, `:80` is IPv4's.
    private static func bindAddress(_ text: String) throws(Fault) -> BindAddress {
        let words = text.split(separator: " ")
        let socketAddress = try AddressText.bind(words.first.map(String.init) ?? "")
        guard words.count > 1 else {
            return BindAddress(socketAddress, family: socketAddress.ip.isIPv4 ? .ipv4 : .ipv6)
        }
        guard words.count == 2, words[1] == "v4v6" || words[1] == "v6only" else {
            throw Fault(
                "\(Quotation.quote(words.dropFirst().joined(separator: " "))) after the address",
                expected: "v4v6 or v6only, or nothing",
                suggestion: NearMiss.find(String(words[1]), among: ["v4v6", "v6only"])
            )
        }
        guard !socketAddress.ip.isIPv4, socketAddress.ip.isUnspecified || words[1] == "v6only" else {
            throw Fault(
                "'\(words[1])' after \(Quotation.quote(String(words[0])))",
                expected: "'\(words[1])' only after [::]",
                suggestion: socketAddress.ip.isUnspecified ? "[::]:\(socketAddress.port) \(words[1])" : nil
            )
        }
        return BindAddress(socketAddress, family: words[1] == "v4v6" ? .dualStack : .ipv6)
    }
}

/// `accept-proxy`: a truth value, or a mapping.
private struct YAMLAcceptProxy {
    var settings = AcceptProxySettings()
    var otherwisePosition: SourcePosition?
    var mentionsFrom = false

    static func read(_ node: YAMLNode, _ reader: YAMLReader) -> AcceptProxySettings? {
        var accept = YAMLAcceptProxy()
        if case .mapping = node.content {
            keys.read(node, into: &accept, reader)
        } else {
            guard reader.truth(node) == true else { return nil }
        }
        if !accept.mentionsFrom {
            reader.problems.warning(
                node.position,
                "whoever connects here can claim any client address",
                expected: "'from' with the networks of those who send the header"
            )
            if let position = accept.otherwisePosition {
                reader.problems.error(position, "'otherwise' without 'from'", expected: "'from' beside it")
            }
        }
        return accept.settings
    }

    private static let keys = YAMLKeys<YAMLAcceptProxy>(
        subject: "accept-proxy",
        keys: [
            "from": { accept, node, reader in
                accept.mentionsFrom = true
                let items = reader.items(node, "a list of networks, such as [10.0.0.0/8]")
                accept.settings.trusted = items.compactMap { item in
                    guard let text = reader.text(item, "a network, such as 10.0.0.0/8") else { return nil }
                    return reader.problems.network(text, at: item.position)
                }
            },
            "otherwise": { accept, node, reader in
                accept.otherwisePosition = node.position
                accept.settings.otherwise =
                    reader.choice(node, as: AcceptProxySettings.Otherwise.self) ?? accept.settings.otherwise
            },
            "versions": { accept, node, reader in
                let versions = reader.items(node, "v1, v2, or both").compactMap { reader.choice($0, as: Version.self) }
                accept.settings.acceptsVersion1 = versions.contains(.v1)
                accept.settings.acceptsVersion2 = versions.contains(.v2)
            },
            "timeout": { accept, node, reader in
                guard let timeout = reader.duration(node) else { return }
                accept.settings.timeout = timeout
                if timeout < AcceptProxySettings.shortestSafeTimeout {
                    reader.problems.warning(node.position, AcceptProxySettings.shortTimeoutWarning(timeout))
                }
            },
            "max-header-bytes": { accept, node, reader in
                accept.settings.maximumHeaderBytes =
                    reader.integer(node, in: AcceptProxySettings.headerByteRange)
                    ?? accept.settings.maximumHeaderBytes
            },
        ]
    )

    private enum Version: String, CaseIterable {
        case v1
        case v2
    }
}

extension AcceptProxySettings {
    /// A lost first segment comes again after a second and after three (section 2 asks for at least that patience).
    static let shortestSafeTimeout = Duration.seconds(3)

    static func shortTimeoutWarning(_ timeout: Duration) -> String {
        "\(DurationText.write(timeout)) for a header is less than the 3s that a lost packet can take"
    }
}
