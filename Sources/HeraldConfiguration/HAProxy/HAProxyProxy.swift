internal import HeraldCore
internal import NetworkAddress

/// A `frontend`, `backend`, `listen` or `defaults` section as read so far.
struct HAProxyProxy {
    /// What a section has; `defaults` has neither.
    struct Sides: OptionSet {
        let rawValue: Int
        static let frontend = Sides(rawValue: 1)
        static let backend = Sides(rawValue: 2)
    }

    /// What a `defaults` section hands down. Where nothing is said, HAProxy waits for ever.
    struct Options {
        /// One that Herald does not have, where a section that hands it down says it: an error only for who keeps it.
        var unsupportedMode: Located<String>?
        var clientTimeout: Duration?
        var clientFinTimeout: Duration?
        var handshakeTimeout: Located<Duration>?
        var connectTimeout: Duration?
        var serverTimeout: Duration?
        var serverFinTimeout: Duration?
        var tunnelTimeout: Duration?
        var queueTimeout: Duration?
        var checks = HAProxyChecks()
        var retries = 3
        var redispatches = false
        var balance = BackendSettings.Balance.roundrobin
        var usesAllBackups = false
        var maximumSessions: Int?
        var defaultBackend: Located<String>?
        /// Whether one was written, even if it was wrong.
        var mentionsBackend = false
        var server = HAProxyServerOptions()
    }

    /// The section's keyword, for messages.
    let kind: String
    let name: String
    let position: SourcePosition
    let sides: Sides
    var options: Options

    var mentionsBind = false
    var binds: [HAProxyBind] = []
    var expectProxyRules: [HAProxyExpectRule] = []
    var mentionsServer = false
    var templates: [Located<HAProxyTemplate>] = []
    var servers: [Located<(name: String, address: ServerAddress, options: HAProxyServerOptions)>] = []

    init(kind: String, name: String, position: SourcePosition, sides: Sides, options: Options) {
        self.kind = kind
        self.name = name
        self.position = position
        self.sides = sides
        self.options = options
    }

    mutating func read(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        let unknown = "unknown keyword \(line.keyword.quoted) in section '\(kind)'"
        guard
            let keyword = arguments.problems.action(of: line.keyword, in: HAProxyProxy.words, unknown: unknown)
        else { return }
        if line.isNegated && !keyword.canBeNegated {
            arguments.problems.error(
                line.keyword.position,
                "'no' before \(line.keyword.quoted)",
                expected: "'no' only before 'option'"
            )
            return
        }
        guard isAtHome(keyword.side, keyword.isOwn, line.keyword, problems: arguments.problems) else { return }
        keyword.action(&self, line, arguments)
    }

    /// A line with this keyword can't be read.
    mutating func note(_ keyword: String) {
        switch keyword {
        case "bind": mentionsBind = true
        case "server", "server-template": mentionsServer = true
        case "default_backend": options.mentionsBackend = true
        default: break
        }
    }

    /// Whether a keyword of `side` can stand in this section; says so where it can't. `full` is how the message names it.
    func isAtHome(
        _ side: Sides,
        _ isOwn: Bool,
        _ word: HAProxyWord,
        as full: String? = nil,
        problems: Problems
    ) -> Bool {
        if side.isEmpty || !sides.isDisjoint(with: side) || (sides.isEmpty && !isOwn) { return true }
        let home = side == .frontend ? "frontend" : "backend"
        let name = Quotation.quote(full ?? word.text)
        if isOwn {
            problems.error(
                word.position,
                "\(name) in section '\(kind)'",
                expected: "it in a '\(home)' or 'listen' section"
            )
        } else {
            problems.warning(
                word.position,
                "\(name) has no effect in section '\(kind)'",
                expected: "it in the \(home)"
            )
        }
        return false
    }
}

// MARK: - Keywords

extension HAProxyProxy {
    typealias Action = @Sendable (inout HAProxyProxy, HAProxyLine, HAProxyArguments) -> Void

    struct Keyword: Sendable {
        /// The sides that it is for; empty for all sections.
        var side: Sides = []
        /// Not to be handed down, so not in `defaults`; and in the wrong section an error rather than a warning.
        var isOwn = false
        var canBeNegated = false
        var action: Action
    }

    static let words = HAProxyWords<Keyword>(
        acts: [
            "bind": Keyword(side: .frontend, isOwn: true, action: readBind),
            "server": Keyword(side: .backend, isOwn: true, action: readServer),
            "server-template": Keyword(side: .backend, isOwn: true, action: readServerTemplate),
            "http-check": Keyword(side: .backend) { $0.options.checks.readHTTPRule($1, $2) },
            "tcp-check": Keyword(side: .backend) { $0.options.checks.readTCPRule($1, $2) },
            "default-server": Keyword(side: .backend, action: readDefaultServer),
            "tcp-request": Keyword(side: .frontend, isOwn: true, action: readTCPRequest),
            "mode": Keyword(action: readMode),
            "balance": Keyword(side: .backend, action: readBalance),
            "hash-type": Keyword(side: .backend, action: readHashType),
            "timeout": Keyword { proxy, line, arguments in proxy.readTimeout(line, arguments) },
            "option": Keyword(canBeNegated: true) { proxy, line, arguments in proxy.readOption(line, arguments) },
            "default_backend": Keyword(side: .frontend) { proxy, line, arguments in
                proxy.options.mentionsBackend = true
                guard let word = arguments.single(line, "the name of a backend") else { return }
                proxy.options.defaultBackend = Located(value: word.text, position: word.position)
            },
            "maxconn": Keyword(side: .frontend) { proxy, line, arguments in
                guard let count = arguments.integer(line, in: 0...ProcessSettings.sessionRange.upperBound) else {
                    return
                }
                proxy.options.maximumSessions = count > 0 ? count : nil
            },
            "retries": Keyword(side: .backend) { proxy, line, arguments in
                proxy.options.retries =
                    arguments.integer(line, in: 0...Limits.maximumRetries) ?? proxy.options.retries
            },
        ],
        granted: "enabled",
        ignored: [
            "Herald logs to standard output":
                "log log-format log-format-sd error-log-format log-tag log-steps unique-id-format",
            "nothing in Herald uses it": """
            description id guid bind-process declare email-alert load-server-state-from-file
            server-state-file-name stats hash-balance-factor hash-preserve-affinity fullconn
            max-session-srv-conns
            """,
            "the kernel's own setting counts": """
            backlog clitcpka-cnt clitcpka-idle clitcpka-intvl srvtcpka-cnt srvtcpka-idle srvtcpka-intvl
            """,
            "it is for HTTP": """
            errorfile errorfiles errorloc errorloc302 errorloc303 http-error compression http-reuse
            max-keep-alive-queue retry-on unique-id-header
            """,
        ],
        unsupported: [
            "": """
            rate-limit filter filter-sequence source use-server stick stick-table tcp-response
            force-persist ignore-persist force-be-switch persist external-check dispatch transparent be-unpublished
            crt quic-initial
            """,
            "one 'default_backend' for a frontend": "use_backend acl",
            "the section left out": "disabled",
            "'timeout client'": "clitimeout",
            "'timeout server'": "srvtimeout",
            "'timeout connect'": "contimeout",
            "'mode tcp'; Herald does not look into HTTP": """
            http-request http-response http-after-response http-send-name-header redirect capture cookie
            monitor monitor-uri monitor-net use-fcgi-app
            """,
        ]
    )

    @Sendable private static func readMode(
        _ proxy: inout HAProxyProxy,
        _ line: HAProxyLine,
        _ arguments: HAProxyArguments
    ) {
        guard let word = arguments.single(line, "'tcp'") else { return }
        proxy.options.unsupportedMode = nil
        if word.text == "tcp" { return }
        if ["http", "health", "log", "spop", "haterm"].contains(word.text) {
            proxy.options.unsupportedMode = Located(value: word.text, position: word.position)
        } else {
            let meant = arguments.problems.nearest(to: word.text, among: ["tcp", "http"])
            arguments.problems.error(word.position, "unknown mode \(word.quoted)", expected: "'tcp'", suggestion: meant)
        }
    }
}
