internal import HeraldCore
internal import NetworkAddress

/// One server: an address, or a mapping.
struct YAMLServer {
    var settings = ServerSettings(name: "", address: .name("", port: 1))
    var hasAddress = false
    var checkHeader: YAMLCheckHeader = .unsaid
    var observation = YAMLObservation()

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
            server.applyObservation(entry.value, reader)
        } else {
            server.readAddress(entry.value, reader)
        }
        return server.hasAddress ? server.settings : nil
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
