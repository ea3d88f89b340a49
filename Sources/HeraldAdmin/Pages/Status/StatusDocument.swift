import HeraldCore
import LibUV

/// The status as JSON. Absent facts are null; times are UTC; durations are whole numbers with their unit in the name.
enum StatusDocument {
    /// Of this form; a change that readers must know of makes it one more.
    private static let version = 1
    /// What a server takes, about.
    private static let bytesPerServer = 640
    /// Servers that are written between two looks at the time.
    private static let serversPerLook = 32

    /// All of it, with a line end, and with turns for the loop's sessions in between.
    static func bytes(of status: ProxyStatus, on loop: EventLoop) async -> [UInt8] {
        var turns = WorkTurns(on: loop)
        let serverCount = status.backends.reduce(0) { $0 + $1.servers.count }
        var text = JSONText(reserving: (serverCount + 16) * bytesPerServer)
        text.openObject()
        for (key, value) in members(of: status) { text.member(key, value) }
        text.openArray("frontends")
        for frontend in status.frontends {
            text.element(value(of: frontend))
            await turns.next()
        }
        text.closeArray()
        text.openArray("backends")
        for backend in status.backends {
            text.openObject()
            for (key, value) in members(of: backend) { text.member(key, value) }
            text.openArray("servers")
            for (index, server) in backend.servers.enumerated() {
                text.element(value(of: server))
                if index % serversPerLook == 0 { await turns.next() }
            }
            text.closeArray()
            text.closeObject()
            await turns.next()
        }
        text.closeArray()
        text.closeObject()
        return text.bytes + [UInt8(ascii: "\n")]
    }

    private static func members(of status: ProxyStatus) -> [(key: String, value: JSONValue)] {
        [
            ("schema", .number(version)),
            ("version", .string(status.version)),
            ("time", .time(status.takenAt)),
            ("started", .time(status.startedAt)),
            ("uptime_ms", .milliseconds(status.uptime)),
            ("phase", .string(status.phase.rawValue)),
            ("ready", .bool(status.readiness.isReady)),
            ("reasons", .array(status.readiness.reasons.map { .string($0.description) })),
            ("diagnoses", .array(status.diagnoses.map { .string($0) })),
            (
                "configuration",
                .object([
                    ("file", .optional(status.configuration.file)),
                    ("generation", .number(status.configuration.generation)),
                    ("loaded", .time(status.configuration.loadedAt)),
                    ("failed_reloads", .count(status.configuration.failedReloads)),
                    ("problems", .array(status.configuration.problems.map { .string($0) })),
                ])
            ),
            (
                "process",
                .object([
                    ("resident_bytes", .count(status.residentBytes)),
                    ("cpu_ms", .milliseconds(status.cpuTime)),
                    ("open_files", .number(status.openFiles)),
                    ("open_file_limit", .number(status.openFileLimit)),
                    ("dropped_log_lines", .count(status.droppedLogLines)),
                ])
            ),
            ("sessions", .sessions(status.sessionCount, limit: status.sessionLimit, total: status.sessionTotal)),
            (
                "loops",
                .array(
                    status.loops.map { loop in
                        .object([("sessions", .number(loop.sessionCount)), ("lag", .histogram(loop.lag))])
                    }
                )
            ),
        ]
    }

    private static func value(of frontend: FrontendStatus) -> JSONValue {
        let counts = frontend.counts
        let endings = counts.endings.sorted { $0.key.name < $1.key.name }
        return .object([
            ("name", .string(frontend.name)),
            (
                "binds",
                .array(
                    frontend.binds.map { bind in
                        .object([("address", .string(bind.address)), ("accept_proxy", .bool(bind.acceptsProxy))])
                    }
                )
            ),
            ("backend", .string(frontend.backend)),
            ("sessions", .sessions(frontend.sessionCount, limit: frontend.sessionLimit, total: counts.sessions)),
            ("bytes", .bytes(fromClient: counts.bytesFromClients, fromServer: counts.bytesFromServers)),
            (
                "headers",
                .object(SessionRecord.Header.allCases.map { ($0.rawValue, .count(counts.headers[$0])) })
            ),
            (
                "ends",
                .array(
                    endings.map { ending, count in
                        .object([
                            ("end", .string(ending.label)), ("reason", .optional(ending.reason)),
                            ("concerns_header", .bool(ending.concernsHeader)), ("count", .count(count)),
                        ])
                    }
                )
            ),
            ("header_errors", .array(frontend.headerErrors.map(value(of:)))),
            ("accept_errors", .count(counts.acceptErrors)),
            ("connect_retries", .count(counts.retries)),
            ("queued", .count(counts.queued)),
            ("header_latency", .histogram(counts.headerLatency)),
            ("connect_latency", .histogram(counts.connectLatency)),
        ])
    }

    private static func value(of error: HeaderError) -> JSONValue {
        .object([
            ("time", .time(error.time)),
            ("peer", .string("\(error.peer)")),
            ("bind", .string(error.bind)),
            ("end", .string(error.ending)),
            ("detail", .optional(error.detail)),
        ])
    }

    private static func members(of backend: BackendStatus) -> [(key: String, value: JSONValue)] {
        [
            ("name", .string(backend.name)),
            ("balance", .string(backend.balance.rawValue)),
            (
                "queue",
                .object([("length", .number(backend.queueLength)), ("limit", .optional(backend.queueLimit))])
            ),
        ]
    }

    private static func value(of server: ServerStatus) -> JSONValue {
        .object([
            ("name", .string(server.name)),
            ("address", .string("\(server.address)")),
            ("state", .string(server.state.rawValue)),
            ("held_ms", .milliseconds(server.heldFor)),
            ("reason", .optional(server.reason)),
            ("weight", .number(server.weight)),
            ("backup", .bool(server.isBackup)),
            ("discovered", .bool(server.isDiscovered)),
            ("send_proxy", server.announcement.value),
            (
                "sessions",
                .sessions(server.sessionCount, limit: server.sessionLimit, total: server.counts.sessions)
            ),
            (
                "bytes",
                .bytes(fromClient: server.counts.bytesFromClients, fromServer: server.counts.bytesFromServer)
            ),
            ("failed_connects", .count(server.counts.failedConnects)),
            ("checks", server.isChecked ? checks(of: server) : .null),
        ])
    }

    private static func checks(of server: ServerStatus) -> JSONValue {
        let last: JSONValue =
            switch server.lastCheck {
            case nil: .null
            case .passed(let latency):
                .object([
                    ("passed", .bool(true)), ("latency_us", .microseconds(latency)), ("detail", .null),
                ])
            case .failed(let failure):
                .object([
                    ("passed", .bool(false)), ("latency_us", .null), ("detail", .string(failure.description)),
                ])
            }
        let failed = server.counts.failedChecks.sorted { $0.key < $1.key }
        return .object([
            ("passed", .count(server.counts.passedChecks)),
            ("failed", .object(failed.map { ($0.key, .count($0.value)) })),
            ("last", last),
        ])
    }
}

extension Announcement {
    fileprivate var value: JSONValue {
        switch self {
        case .none: .null
        case .version1: .string("v1")
        case .version2: .string("v2")
        }
    }
}

extension JSONValue {
    fileprivate static func count(_ value: UInt64) -> JSONValue { .number(Int(clamping: value)) }

    fileprivate static func time(_ value: Timestamp) -> JSONValue { .string(value.description) }

    fileprivate static func milliseconds(_ value: Duration) -> JSONValue {
        .number(Int(clamping: value.wholeMicroseconds / 1000))
    }

    fileprivate static func microseconds(_ value: Duration) -> JSONValue {
        .number(Int(clamping: value.wholeMicroseconds))
    }

    fileprivate static func optional(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

    fileprivate static func optional(_ value: Int?) -> JSONValue { value.map { .number($0) } ?? .null }

    fileprivate static func sessions(_ count: Int, limit: Int?, total: UInt64) -> JSONValue {
        .object([("current", .number(count)), ("limit", .optional(limit)), ("total", .count(total))])
    }

    fileprivate static func bytes(fromClient: UInt64, fromServer: UInt64) -> JSONValue {
        .object([("from_client", .count(fromClient)), ("from_server", .count(fromServer))])
    }

    /// Counts of each range, not cumulative.
    fileprivate static func histogram(_ histogram: Histogram) -> JSONValue {
        let buckets = histogram.counts.enumerated().map { index, count in
            let bound: JSONValue = histogram.bound(ofRange: index).map { .microseconds($0) } ?? .null
            return JSONValue.object([("up_to_us", bound), ("count", .count(count))])
        }
        return .object([
            ("count", .count(histogram.count)), ("sum_us", .microseconds(histogram.sum)), ("buckets", .array(buckets)),
        ])
    }
}
