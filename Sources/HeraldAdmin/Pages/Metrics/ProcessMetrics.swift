import HeraldCore

/// Metrics of the process.
enum ProcessMetrics {
    static let all: [MetricFamily<ProxyStatus>] = [
        MetricFamily("herald_build_info", .gauge, "Always 1; which Herald this is.") { text, _, status in
            text.sample(MetricLabels(["version": status.version]), 1)
        },
        MetricFamily("herald_uptime_seconds", .gauge, "Time since the start, by a clock that is never set.") {
            $0.sample($1, $2.uptime)
        },
        MetricFamily("herald_phase", .gauge, "1 for the phase of the process, 0 for the others.") { text, _, status in
            for phase in ProxyStatus.Phase.allCases {
                text.sample(MetricLabels(["phase": phase.rawValue]), phase == status.phase)
            }
        },
        MetricFamily("herald_ready", .gauge, "Whether a new client would be served on every frontend.") {
            $0.sample($1, $2.readiness.isReady)
        },
        MetricFamily("herald_sessions_current", .gauge, "Sessions now, over all frontends.") {
            $0.sample($1, $2.sessionCount)
        },
        MetricFamily("herald_sessions_limit", .gauge, "Sessions that there may be at one time.") {
            $0.sample($1, $2.sessionLimit)
        },
        MetricFamily("herald_sessions_total", .counter, "Sessions since the start, over all frontends.") {
            $0.sample($1, $2.sessionTotal)
        },
        MetricFamily("herald_log_dropped_lines_total", .counter, "Log lines that were dropped for a slow reader.") {
            $0.sample($1, $2.droppedLogLines)
        },
        MetricFamily("herald_config_generation", .gauge, "1 for the start's configuration, one more for each reload.") {
            $0.sample($1, $2.configuration.generation)
        },
        MetricFamily("herald_config_reload_failures_total", .counter, "Reloads that changed nothing.") {
            $0.sample($1, $2.configuration.failedReloads)
        },
        MetricFamily("herald_config_last_reload_successful", .gauge, "0 after a reload that failed, else 1.") {
            $0.sample($1, $2.configuration.problems.isEmpty)
        },
        MetricFamily(
            "herald_config_last_reload_success_timestamp_seconds",
            .gauge,
            "When the configuration that holds was loaded."
        ) {
            $0.sample($1, $2.configuration.loadedAt)
        },
        MetricFamily("process_start_time_seconds", .gauge, "When the process started.") { $0.sample($1, $2.startedAt) },
        MetricFamily("process_cpu_seconds_total", .counter, "User and system time of the process.") {
            $0.sample($1, $2.cpuTime)
        },
        MetricFamily("process_resident_memory_bytes", .gauge, "Memory that is resident.") {
            $0.sample($1, $2.residentBytes)
        },
        MetricFamily("process_open_fds", .gauge, "Open file descriptors.") { $0.sample($1, $2.openFiles) },
        MetricFamily("process_max_fds", .gauge, "File descriptors that may be open.") {
            $0.sample($1, $2.openFileLimit)
        },
    ]
}

/// Metrics of each loop.
enum LoopMetrics {
    static let all: [MetricFamily<LoopStatus>] = [
        MetricFamily("herald_loop_sessions_current", .gauge, "Sessions that live on the loop now.") {
            $0.sample($1, $2.sessionCount)
        },
        MetricFamily("herald_loop_lag_seconds", .histogram, "How late the loop's timers came.") {
            $0.sample($1, ofAll: $2.lag)
        },
    ]
}
