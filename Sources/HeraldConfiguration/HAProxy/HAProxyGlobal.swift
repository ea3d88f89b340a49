internal import HeraldCore

/// The `global` section, or all of them.
struct HAProxyGlobal {
    typealias Action = @Sendable (inout HAProxyGlobal, HAProxyLine, HAProxyArguments) -> Void

    var process = ProcessSettings()
    private let environment: HAProxyEnvironment
    /// Of the `maxconn` that holds.
    private var limit: SourcePosition?

    init(environment: HAProxyEnvironment) {
        self.environment = environment
    }

    mutating func read(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        let unknown = "unknown keyword \(line.keyword.quoted) in section 'global'"
        guard let action = arguments.problems.action(of: line.keyword, in: HAProxyGlobal.words, unknown: unknown) else {
            return
        }
        guard !line.isNegated else {
            arguments.problems.error(line.keyword.position, "'no' before \(line.keyword.quoted)", expected: "a value")
            return
        }
        action(&self, line, arguments)
    }

    static let words = HAProxyWords<Action>(
        acts: [
            "nbthread": { global, line, arguments in
                global.process.threads =
                    arguments.integer(line, in: 1...Limits.maximumThreads) ?? global.process.threads
            },
            "maxconn": { global, line, arguments in
                if let first = global.limit {
                    arguments.problems.warning(
                        line.keyword.position,
                        "'maxconn' again is not acted on: the first holds, on line \(first.line)"
                    )
                    return
                }
                guard let count = arguments.integer(line, in: 0...ProcessSettings.sessionRange.upperBound) else {
                    return
                }
                global.process.maximumSessions = count > 0 ? count : nil
                if count > 0 { global.limit = line.keyword.position }
            },
            "hard-stop-after": { global, line, arguments in
                global.process.drainTimeout = arguments.duration(line) ?? global.process.drainTimeout
            },
            "setenv": { global, line, arguments in global.setVariable(line, arguments, isDefault: false) },
            "presetenv": { global, line, arguments in global.setVariable(line, arguments, isDefault: true) },
            "unsetenv": { global, line, _ in global.environment.remove(line.arguments.map(\.text)) },
            "resetenv": { global, line, _ in global.environment.keep(Set(line.arguments.map(\.text))) },
            "nosplice": { global, line, arguments in
                arguments.nothing(after: line)
                global.process.splices = false
            },
        ],
        ignored: [
            "Herald logs to standard output": """
            log log-tag log-send-hostname anonkey
            """,
            "Herald has no command socket; 'herald run --admin' tells health and readiness": """
            stats stats-file unix-bind
            """,
            "Herald stays in the foreground, as the user who started it": """
            daemon user group uid gid chroot pidfile master-worker mworker-max-reloads setcap set-dumpable ulimit-n
            insecure-fork-wanted insecure-setuid-wanted prealloc-fd
            """,
            "Herald spreads its threads and checks itself": """
            cpu-map cpu-set cpu-policy cpu-affinity numa-cpu-mapping thread-group thread-groups thread-hard-limit
            max-threads-per-group nbproc spread-checks max-spread-checks
            """,
            "Herald speaks no TLS": """
            ca-base crt-base key-base issuers-chain-path maxsslconn maxsslrate
            """,
            "it tunes HAProxy": """
            busy-polling close-spread-time debug.counters default-path deviceatlas-json-file dns-accept-family
            expose-deprecated-directives expose-experimental-directives fd-hard-limit force-cfg-parser-pause grace
            no-memory-trimming maxcompcpuusage maxcomprate maxpipes maxzlibmem noepoll noevports nogetaddrinfo
            nokqueue noktls nopoll noreuseport quick-exit quiet strict-limits stress-level warn-blocked-traffic-after
            zero-warning profiling.memory profiling.tasks shm-stats-file shm-stats-file-max-objects
            """,
            "nothing in Herald uses it": """
            description node localpeer cluster-secret server-state-base server-state-file set-var
            set-var-fmt h1-accept-payload-with-any-method h1-case-adjust h1-case-adjust-file h1-do-not-close-on-insecure-transfer-encoding http-err-codes http-fail-codes
            h2-workaround-bogus-websocket-clients external-check jwt.decrypt limited-quic acme.scheduler
            harden.reject-privileged-ports.tcp harden.reject-privileged-ports.quic
            """,
        ],
        unsupported: [
            "": "maxconnrate maxsessrate pp2-never-send-local"
        ],
        ignoredPrefixes: [
            "tune.", "ssl-", "lua-", "51degrees-", "deviceatlas-", "wurfl-", "ocsp-update.", "httpclient.",
        ]
    )

    /// `setenv NAME VALUE`, for the lines below.
    private func setVariable(_ line: HAProxyLine, _ arguments: HAProxyArguments, isDefault: Bool) {
        let words = Array(line.arguments)
        guard words.count > 1 else {
            arguments.problems.error(
                line.keyword.position,
                "\(line.keyword.quoted) without a name and a value",
                expected: "\(line.keyword.text) NAME VALUE"
            )
            return
        }
        arguments.nothing(after: line, 2)
        environment.set(words[0].text, to: words[1].text, isDefault: isDefault)
    }
}
