import HeraldCore

/// Metrics of each backend.
enum BackendMetrics {
    static let all: [MetricFamily<BackendStatus>] = [
        MetricFamily("herald_backend_queue_length", .gauge, "Sessions that wait for a server with room.") {
            $0.sample($1, $2.queueLength)
        },
        MetricFamily("herald_backend_queue_limit", .gauge, "Sessions that may wait, where that is limited.") {
            if let limit = $2.queueLimit { $0.sample($1, limit) }
        },
        MetricFamily("herald_backend_servers", .gauge, "Servers in each state.") { text, labels, backend in
            let counts = Dictionary(backend.servers.map { ($0.state, 1) }, uniquingKeysWith: +)
            for (state, label) in MetricLabels.states { text.sample(labels, with: label, counts[state] ?? 0) }
        },
    ]
}

/// Metrics of each server.
enum ServerMetrics {
    static let all: [MetricFamily<ServerStatus>] = [
        MetricFamily("herald_server_info", .gauge, "Always 1; where the server is. Not of those that are discovered.") {
            // Their addresses come and go: each would be a series of its own.
            guard !$2.isDiscovered else { return }
            $0.sample($1, with: MetricLabels(["address": "\($2.address)", "backup": "\($2.isBackup)"]), 1)
        },
        MetricFamily("herald_server_state", .gauge, "1 for the state that the server is in, 0 for the others.") {
            for (state, label) in MetricLabels.states { $0.sample($1, with: label, $2.state == state) }
        },
        MetricFamily("herald_server_weight", .gauge, "Share of new sessions.") { $0.sample($1, $2.weight) },
        MetricFamily("herald_server_sessions_current", .gauge, "Sessions now.") { $0.sample($1, $2.sessionCount) },
        MetricFamily("herald_server_sessions_limit", .gauge, "Sessions that there may be, where that is limited.") {
            if let limit = $2.sessionLimit { $0.sample($1, limit) }
        },
        MetricFamily("herald_server_sessions_total", .counter, "Sessions that the server was connected for.") {
            $0.sample($1, $2.counts.sessions)
        },
        MetricFamily("herald_server_relayed_bytes_total", .counter, "Payload, by the side that sent it.") {
            $0.sample($1, with: .fromClient, $2.counts.bytesFromClients)
            $0.sample($1, with: .fromServer, $2.counts.bytesFromServer)
        },
        MetricFamily("herald_server_connect_failures_total", .counter, "Attempts of sessions to connect that failed.") {
            $0.sample($1, $2.counts.failedConnects)
        },
        MetricFamily("herald_server_checks_total", .counter, "Health checks, by what they found.") {
            guard $2.isChecked else { return }
            $0.sample($1, with: .passed, $2.counts.passedChecks)
            guard !$2.counts.failedChecks.isEmpty else { return }
            for (result, count) in $2.counts.failedChecks.sorted(by: { $0.key < $1.key }) {
                $0.sample($1, with: MetricLabels(["result": result]), count)
            }
        },
    ]
}

extension MetricLabels {
    fileprivate static let states = ServerState.allCases.map { ($0, MetricLabels(["state": $0.rawValue])) }
    fileprivate static let passed = MetricLabels(["result": "passed"])
}
