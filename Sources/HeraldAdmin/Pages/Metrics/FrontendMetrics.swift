import HeraldCore

/// Metrics of each frontend.
enum FrontendMetrics {
    static let all: [MetricFamily<FrontendStatus>] = [
        MetricFamily("herald_frontend_sessions_current", .gauge, "Sessions now.") { $0.sample($1, $2.sessionCount) },
        MetricFamily("herald_frontend_sessions_limit", .gauge, "Sessions that there may be, where that is limited.") {
            if let limit = $2.sessionLimit { $0.sample($1, limit) }
        },
        MetricFamily("herald_frontend_sessions_total", .counter, "Sessions that began.") {
            $0.sample($1, $2.counts.sessions)
        },
        MetricFamily("herald_frontend_relayed_bytes_total", .counter, "Payload, by the side that sent it.") {
            $0.sample($1, with: .fromClient, $2.counts.bytesFromClients)
            $0.sample($1, with: .fromServer, $2.counts.bytesFromServers)
        },
        MetricFamily("herald_frontend_headers_total", .counter, "PROXY headers that were received, by their kind.") {
            guard $2.binds.contains(where: \.acceptsProxy) else { return }
            for (kind, labels) in headerKinds { $0.sample($1, with: labels, $2.counts.headers[kind]) }
        },
        MetricFamily("herald_frontend_header_errors_total", .counter, "Sessions that ended because of their header.") {
            for (ending, count) in sorted($2.counts.endings) where ending.concernsHeader {
                $0.sample($1, with: MetricLabels(["error": ending.label, "reason": ending.reason ?? ""]), count)
            }
        },
        MetricFamily("herald_frontend_session_ends_total", .counter, "Sessions that ended, as the log tells it.") {
            for (ending, count) in sorted($2.counts.endings) {
                $0.sample($1, with: MetricLabels(["end": ending.label, "reason": ending.reason ?? ""]), count)
            }
        },
        MetricFamily(
            "herald_frontend_accept_errors_total",
            .counter,
            "Times that clients could not be taken in for want of descriptors or memory."
        ) {
            $0.sample($1, $2.counts.acceptErrors)
        },
        MetricFamily("herald_frontend_connect_retries_total", .counter, "Further attempts to connect to a server.") {
            $0.sample($1, $2.counts.retries)
        },
        MetricFamily("herald_frontend_queued_sessions_total", .counter, "Sessions that waited for a server.") {
            $0.sample($1, $2.counts.queued)
        },
        MetricFamily("herald_frontend_header_duration_seconds", .histogram, "From accept to the header's last byte.") {
            guard $2.binds.contains(where: \.acceptsProxy) else { return }
            $0.sample($1, ofAll: $2.counts.headerLatency)
        },
        MetricFamily("herald_frontend_connect_duration_seconds", .histogram, "From first attempt to connection.") {
            $0.sample($1, ofAll: $2.counts.connectLatency)
        },
    ]

    private static let headerKinds = SessionRecord.Header.allCases.map { kind in
        (kind, MetricLabels(["version": kind.rawValue]))
    }

    /// Always in the same order, so that texts can be compared.
    private static func sorted(_ endings: [FrontendCounts.Ending: UInt64]) -> [(FrontendCounts.Ending, UInt64)] {
        endings.map { ($0.key, $0.value) }.sorted { $0.0.name < $1.0.name }
    }
}

extension MetricLabels {
    static let fromClient = MetricLabels(["direction": "from_client"])
    static let fromServer = MetricLabels(["direction": "from_server"])
}
