package import HeraldCore
internal import NetworkAddress

/// Writes settings as Herald YAML that reads back as the same settings.
package struct YAMLWriter {
    private var lines: [String] = []

    private init() {}

    /// `comment` is lines for the top of the file, without their `#`.
    package static func write(_ settings: ProxySettings, comment: [String] = []) -> String {
        var writer = YAMLWriter()
        for line in comment { writer.lines.append("# \(Quotation.escape(line))") }
        writer.write(settings.process)
        writer.lines.append("frontends:")
        for frontend in settings.frontends {
            writer.write(frontend, backend: settings.backends[frontend.backend].name)
        }
        writer.lines.append("backends:")
        for backend in settings.backends { writer.write(backend) }
        return writer.lines.joined(separator: "\n") + "\n"
    }

    private mutating func write(_ process: ProcessSettings) {
        let usual = ProcessSettings()
        if let threads = process.threads { lines.append("threads: \(threads)") }
        if let sessions = process.maximumSessions { lines.append("maximum-sessions: \(sessions)") }
        if process.drainDelay != usual.drainDelay {
            lines.append("drain-delay: \(DurationText.write(process.drainDelay))")
        }
        if process.drainTimeout != usual.drainTimeout {
            lines.append("drain-timeout: \(DurationText.write(process.drainTimeout))")
        }
        if !process.splices { lines.append("splice: false") }
        if process.log != usual.log {
            let log = process.log
            lines.append(
                "log: { format: \(log.format), level: \(log.level), sessions: \(scalar(log.sessions.rawValue)) }"
            )
        }
        if let admin = process.admin {
            lines.append("admin:")
            lines.append("  bind: \(scalar(admin.description))")
        }
    }

    private mutating func write(_ frontend: FrontendSettings, backend: String) {
        lines.append("  \(scalar(frontend.name)):")
        lines.append("    bind:")
        for bind in frontend.binds {
            lines.append("      - address: \(scalar(address(bind.address)))")
            if let acceptProxy = bind.acceptProxy {
                lines.append("        accept-proxy: \(self.acceptProxy(acceptProxy))")
            }
            if bind.defersAccept { lines.append("        defer-accept: true") }
        }
        lines.append("    default-backend: \(scalar(backend))")
        if let sessions = frontend.maximumSessions { lines.append("    maxconn: \(sessions)") }
        lines.append("    timeouts:")
        lines.append("      client: \(timeout(frontend.clientTimeout))")
        if let fin = frontend.clientFinTimeout { lines.append("      client-fin: \(DurationText.write(fin))") }
    }

    /// The shortest spelling for every address of IPv4.
    private func address(_ bind: BindAddress) -> String {
        let isAny = bind.family == .ipv4 && bind.socketAddress.ip.isUnspecified
        return isAny ? ":\(bind.socketAddress.port)" : bind.description
    }

    private func acceptProxy(_ settings: AcceptProxySettings) -> String {
        let usual = AcceptProxySettings()
        guard settings != usual else { return "true" }
        var parts: [String] = []
        if let trusted = settings.trusted {
            parts.append("from: [\(trusted.map { scalar($0.description) }.joined(separator: ", "))]")
            parts.append("otherwise: \(settings.otherwise)")
        }
        if !settings.acceptsVersion1 || !settings.acceptsVersion2 {
            let versions = (settings.acceptsVersion1 ? ["v1"] : []) + (settings.acceptsVersion2 ? ["v2"] : [])
            parts.append("versions: [\(versions.joined(separator: ", "))]")
        }
        if settings.timeout != usual.timeout { parts.append("timeout: \(DurationText.write(settings.timeout))") }
        if settings.maximumHeaderBytes != usual.maximumHeaderBytes {
            parts.append("max-header-bytes: \(settings.maximumHeaderBytes)")
        }
        return mapping(parts)
    }

    private mutating func write(_ backend: BackendSettings) {
        lines.append("  \(scalar(backend.name)):")
        lines.append("    balance: \(backend.balance)")
        if backend.usesAllBackups { lines.append("    all-backups: true") }
        if let sessions = backend.maximumQueue { lines.append("    max-queue: \(sessions)") }
        lines.append("    retries: \(backend.retries)")
        lines.append("    redispatch: \(backend.redispatches)")
        lines.append("    timeouts:")
        lines.append("      connect: \(DurationText.write(backend.timeouts.connect))")
        if let total = backend.timeouts.connectTotal {
            lines.append("      connect-total: \(DurationText.write(total))")
        }
        if let queue = backend.timeouts.queue { lines.append("      queue: \(DurationText.write(queue))") }
        lines.append("      server: \(timeout(backend.timeouts.server))")
        if let fin = backend.timeouts.serverFin { lines.append("      server-fin: \(DurationText.write(fin))") }
        lines.append("      tunnel: \(timeout(backend.timeouts.tunnel))")
        let isEmpty = backend.servers.isEmpty && backend.discoveries.isEmpty
        lines.append("    servers:\(isEmpty ? " {}" : "")")
        for server in backend.servers {
            let address = "address: \(scalar(server.address.description))"
            lines.append("      \(scalar(server.name)): \(mapping([address] + parts(server)))")
        }
        var keys = Set(backend.servers.map(\.name))
        for discovery in backend.discoveries {
            if case .single(let name) = discovery.naming { keys.insert(name) }
        }
        for discovery in backend.discoveries {
            var parts = parts(discovery)
            let key: String
            switch discovery.naming {
            case .single(let name):
                key = name
            case .numbered(let prefix):
                // A server may be called as others begin.
                key =
                    (0...keys.count).lazy.map { $0 == 0 ? prefix : "\(prefix)-dns\($0)" }
                    .first { !keys.contains($0) } ?? prefix
                keys.insert(key)
                if key != prefix { parts.insert("prefix: \(scalar(prefix))", at: 1) }
            }
            lines.append("      \(scalar(key)): \(mapping(parts))")
        }
    }

    private func parts(_ discovery: DiscoverySettings) -> [String] {
        let usual = DiscoverySettings(
            source: discovery.source,
            naming: discovery.naming,
            prototype: discovery.prototype
        )
        var parts: [String] = []
        let isSingle = if case .single = discovery.naming { true } else { false }
        switch discovery.source {
        case .addresses(let name, let port):
            parts.append("\(isSingle ? "address" : "from-dns"): \(scalar("\(name):\(port)"))")
        case .service(let name):
            parts.append("from-dns: \(scalar(name))")
        }
        parts.append("refresh: \(DurationText.write(discovery.refresh))")
        if !isSingle && discovery.maximum != usual.maximum { parts.append("max: \(discovery.maximum)") }
        if let preference = discovery.preference { parts.append("prefer: \(preference)") }
        switch discovery.start {
        case .required: if !isSingle { parts.append("required: true") }
        case .empty: if isSingle { parts.append("required: false") }
        case .address(let ip): parts.append("initial-address: \(scalar(ip.description))")
        }
        if !discovery.nameservers.isEmpty {
            parts.append(
                "nameservers: [\(discovery.nameservers.map { scalar($0.description) }.joined(separator: ", "))]"
            )
        }
        if let timeout = discovery.timeout { parts.append("timeout: \(DurationText.write(timeout))") }
        if let attempts = discovery.attempts { parts.append("attempts: \(attempts)") }
        return parts + self.parts(discovery.prototype)
    }

    /// All but its name and address.
    private func parts(_ server: ServerSettings) -> [String] {
        var parts: [String] = []
        if let check = server.check { parts.append("check: \(text(check, of: server))") }
        switch server.announcement {
        case .none: break
        case .version1: parts.append("send-proxy: v1")
        case .version2(let options): parts.append("send-proxy: \(text(options))")
        }
        if server.weight != 1 { parts.append("weight: \(server.weight)") }
        if server.isDisabled { parts.append("disabled: true") }
        if server.isBackup { parts.append("backup: true") }
        if let sessions = server.maximumSessions { parts.append("maxconn: \(sessions)") }
        if let duration = server.slowStart { parts.append("slowstart: \(DurationText.write(duration))") }
        if let observation = server.observation { parts += text(observation) }
        if server.endsSessionsWhenDown { parts.append("on-marked-down: shutdown-sessions") }
        return parts
    }

    private func text(_ observation: ObservationSettings) -> [String] {
        let usual = ObservationSettings()
        var parts = ["observe: layer4"]
        if observation.errorLimit != usual.errorLimit { parts.append("error-limit: \(observation.errorLimit)") }
        if observation.action != usual.action { parts.append("on-error: \(observation.action.rawValue)") }
        return parts
    }

    private func text(_ check: HealthCheckSettings, of server: ServerSettings) -> String {
        let usual = HealthCheckSettings()
        var parts: [String] = []
        switch check.kind {
        case .tcp: break
        case .http(let http): parts.append("http: \(text(http))")
        case .dialogue(let steps): parts.append("send-expect: [\(steps.map(text).joined(separator: ", "))]")
        }
        if check.interval != usual.interval { parts.append("interval: \(DurationText.write(check.interval))") }
        if let fast = check.fastInterval { parts.append("fast-interval: \(DurationText.write(fast))") }
        if let down = check.downInterval { parts.append("down-interval: \(DurationText.write(down))") }
        if check.rise != usual.rise { parts.append("rise: \(check.rise)") }
        if check.fall != usual.fall { parts.append("fall: \(check.fall)") }
        if let timeout = check.timeout { parts.append("timeout: \(DurationText.write(timeout))") }
        if let port = check.port { parts.append("port: \(port)") }
        if let address = check.address { parts.append("address: \(scalar(address.description))") }
        if check.announcement != check.announcement(following: server.announcement, isForced: nil) {
            switch check.announcement {
            case .none: parts.append("send-proxy: false")
            case .version1: parts.append("send-proxy: v1")
            case .version2: parts.append("send-proxy: v2")
            }
        }
        return parts.isEmpty ? "true" : mapping(parts)
    }

    private func text(_ http: HTTPCheckSettings) -> String {
        let usual = HTTPCheckSettings()
        var parts: [String] = []
        if http.method != usual.method { parts.append("method: \(scalar(http.method))") }
        parts.append("path: \(scalar(http.path))")
        if http.version != usual.version { parts.append("version: \(http.version.rawValue)") }
        if let host = http.host { parts.append("host: \(scalar(host))") }
        if !http.fields.isEmpty {
            var names: [String] = []
            for field in http.fields where !names.contains(field.name) { names.append(field.name) }
            let headers = names.map { name in
                let values = http.fields.filter { $0.name == name }.map { scalar($0.value) }
                return "\(key(name)): \(values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]")"
            }
            parts.append("headers: \(mapping(headers))")
        }
        if http.status != usual.status {
            let ranges = http.status.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            parts.append("status: [\(ranges.joined(separator: ", "))]")
        }
        if let body = http.body { parts.append("body: \(scalar(String(decoding: body, as: UTF8.self)))") }
        return mapping(parts)
    }

    private func text(_ step: DialogueStep) -> String {
        let (key, bytes) =
            switch step {
            case .send(let bytes): ("send", bytes)
            case .expect(let bytes): ("expect", bytes)
            }
        if let text = String(validating: bytes, as: UTF8.self) { return mapping(["\(key): \(scalar(text))"]) }
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return mapping(["\(key)-hex: \"\(hex)\""])
    }

    private func text(_ options: Version2Options) -> String {
        guard options != Version2Options() else { return "v2" }
        var parts = ["version: v2"]
        if options.hasChecksum { parts.append("crc32c: true") }
        var tlvs: [String] = []
        if !options.passedTypes.isEmpty {
            tlvs.append("pass: [\(options.passedTypes.sorted().map(TLVText.write).joined(separator: ", "))]")
        }
        if !options.addedTLVs.isEmpty {
            let added = options.addedTLVs.map { tlv in
                "\(TLVText.write(tlv.type)): \(scalar(String(decoding: tlv.value, as: UTF8.self)))"
            }
            tlvs.append("add: \(mapping(added))")
        }
        if !tlvs.isEmpty { parts.append("tlvs: \(mapping(tlvs))") }
        return mapping(parts)
    }

    private func timeout(_ duration: Duration?) -> String {
        duration.map(DurationText.write) ?? "never"
    }

    private func mapping(_ parts: [String]) -> String {
        "{ \(parts.joined(separator: ", ")) }"
    }

    /// For values: a `$` is doubled, or it could begin a variable of the environment.
    private func scalar(_ text: String) -> String {
        key(text.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$"))
    }

    /// Plain where nothing else can be read from it, otherwise in double quotes.
    private func key(_ text: String) -> String {
        let first = text.utf8.first
        let isPlain =
            text.utf8.allSatisfy { NameText.isLetterOrDigit($0) || "-_.:/".utf8.contains($0) }
            && (first.map(NameText.isLetterOrDigit) ?? false)
            && !text.hasSuffix(":")
            && !["null", "true", "false", "yes", "no", "on", "off", "never", "y", "n"].contains(text.lowercased())
        guard !isPlain else { return text }
        var quoted = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\r": quoted += "\\r"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return "\"\(quoted)\""
    }
}
