internal import HeraldCore
internal import NetworkAddress

/// Herald's own language: the whole file.
enum YAMLConfiguration {
    static let vocabulary = Vocabulary(
        defaultBackend: "'default-backend'",
        frontendExample: "'frontends:' with at least one frontend"
    )

    /// nil where there is an error.
    static func read(
        _ bytes: [UInt8],
        problems: Problems,
        environment: @escaping (String) -> String?
    ) -> ProxySettings? {
        guard let root = YAMLNode.parse(bytes, problems: problems, environment: environment) else { return nil }
        guard !root.isNothing else {
            problems.error(root.position, "the file is empty", expected: vocabulary.frontendExample)
            return nil
        }
        let reader = YAMLReader(problems: problems)
        var file = YAMLFile(builder: SettingsBuilder(vocabulary: vocabulary, problems: problems))
        guard let entries = reader.entries(root, "a mapping with the keys of \(YAMLFile.keys.subject)") else {
            return nil
        }
        YAMLFile.keys.read(entries, into: &file, reader)
        file.builder.explainsMissingFrontend = entries.contains { entry in
            entry.key == "frontends" || NearMiss.find(entry.key, among: ["frontends"]) != nil
        }
        file.builder.explainsMissingBackend = entries.contains { entry in
            entry.key != "backends" && NearMiss.find(entry.key, among: ["backends"]) != nil
        }
        file.applyIdleDefault()
        return file.builder.build()
    }
}

/// The file on its way to settings.
struct YAMLFile {
    /// How long a session may be silent where the file says nothing about it.
    static let defaultIdleTimeout = Duration.seconds(3600)

    var builder: SettingsBuilder
    /// Names of the backends whose `tunnel` is written.
    var backendsWithTunnel: Set<String> = []
    /// Names of the backends whose `server` timeout is written.
    var backendsWithServerTimeout: Set<String> = []
    /// Names of the frontends whose `client` timeout is written.
    var frontendsWithClientTimeout: Set<String> = []

    static let keys = YAMLKeys<YAMLFile>(
        subject: "the file",
        keys: [
            "threads": { file, node, reader in
                file.builder.process.threads =
                    reader.integer(node, in: 1...Limits.maximumThreads)
            },
            "maximum-sessions": { file, node, reader in
                file.builder.process.maximumSessions = reader.integer(node, in: ProcessSettings.sessionRange)
            },
            "drain-delay": { file, node, reader in
                file.builder.process.drainDelay = reader.durationOrZero(node) ?? file.builder.process.drainDelay
            },
            "drain-timeout": { file, node, reader in
                file.builder.process.drainTimeout =
                    reader.durationOrZero(node) ?? file.builder.process.drainTimeout
            },
            "splice": { file, node, reader in
                file.builder.process.splices = reader.truth(node) ?? file.builder.process.splices
            },
            "log": { file, node, reader in
                logKeys.read(node, into: &file.builder.process.log, reader)
            },
            "admin": { file, node, reader in
                adminKeys.read(node, into: &file, reader)
            },
            "frontends": { file, node, reader in
                file.readFrontends(node, reader)
            },
            "backends": { file, node, reader in
                file.readBackends(node, reader)
            },
        ],
        foreignWords: ["nbthread": "threads", "maxconn": "maximum-sessions", "hard-stop-after": "drain-timeout"]
    )

    private static let logKeys = YAMLKeys<LogSettings>(
        subject: "log",
        keys: [
            "format": { log, node, reader in
                log.format = reader.choice(node, as: LogSettings.Format.self) ?? log.format
            },
            "level": { log, node, reader in
                log.level = reader.choice(node, as: LogSettings.Level.self) ?? log.level
            },
            "sessions": { log, node, reader in
                log.sessions = reader.choice(node, as: LogSettings.Sessions.self) ?? log.sessions
            },
        ]
    )

    private static let adminKeys = YAMLKeys<YAMLFile>(
        subject: "admin",
        keys: [
            "bind": { file, node, reader in
                file.builder.adminPosition = node.position
                file.builder.process.admin = reader.value(node, "ADDRESS:PORT, such as 127.0.0.1:9901") {
                    text throws(Fault) in try AddressText.bind(text)
                }
            }
        ],
        foreignWords: ["address": "bind"]
    )

    /// Nobody's sessions should stay for ever by default. Where a file says `server` or `client`, those hold, and the
    /// default must not come before them as a `tunnel` would.
    mutating func applyIdleDefault() {
        let pickyBackends = Set(
            builder.frontends
                .filter { frontendsWithClientTimeout.contains($0.settings.name) }
                .compactMap { $0.backend?.value }
        )
        for index in builder.backends.indices {
            let name = builder.backends[index].settings.name
            if backendsWithTunnel.contains(name) || backendsWithServerTimeout.contains(name) { continue }
            if pickyBackends.contains(name) {
                builder.backends[index].settings.timeouts.server = YAMLFile.defaultIdleTimeout
            } else {
                builder.backends[index].settings.timeouts.tunnel = YAMLFile.defaultIdleTimeout
            }
        }
    }

    /// The entries of a mapping from names, those whose name is none left out.
    static func named(_ node: YAMLNode, _ kind: String, _ reader: YAMLReader) -> [YAMLEntry] {
        let entries = reader.entries(node, "a mapping from the names of \(kind)s") ?? []
        return entries.filter { entry in
            reader.problems.at(entry.position) { () throws(Fault) in try NameText.check(entry.key) } != nil
        }
    }
}
