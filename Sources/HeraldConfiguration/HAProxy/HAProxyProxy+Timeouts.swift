internal import HeraldCore

/// `timeout` and `option`, whose second word is the keyword proper.
extension HAProxyProxy {
    private static let timeouts = HAProxyWords<Keyword>(
        acts: [
            "client": Keyword(side: .frontend) { $2.timeout($1, into: &$0.options.clientTimeout) },
            "client-fin": Keyword(side: .frontend) { $2.timeout($1, into: &$0.options.clientFinTimeout) },
            "client-hs": Keyword(side: .frontend) { proxy, line, arguments in
                guard let duration = arguments.duration(line) else { return }
                // 0 can't be for ever here: silent strangers would pile up.
                proxy.options.handshakeTimeout =
                    duration > .zero ? Located(value: duration, position: line.keyword.position) : nil
                if duration > .zero && duration < AcceptProxySettings.shortestSafeTimeout {
                    arguments.problems.warning(
                        line.keyword.position,
                        AcceptProxySettings.shortTimeoutWarning(duration)
                    )
                }
            },
            "connect": Keyword(side: .backend) { $2.timeout($1, into: &$0.options.connectTimeout) },
            "server": Keyword(side: .backend) { $2.timeout($1, into: &$0.options.serverTimeout) },
            "server-fin": Keyword(side: .backend) { $2.timeout($1, into: &$0.options.serverFinTimeout) },
            "tunnel": Keyword(side: .backend) { $2.timeout($1, into: &$0.options.tunnelTimeout) },
            "check": Keyword(side: .backend) { $2.timeout($1, into: &$0.options.checks.timeout) },
            // 0 is as if it were not there: then, too, HAProxy takes `timeout connect`.
            "queue": Keyword(side: .backend) { $2.timeout($1, into: &$0.options.queueTimeout) },
        ],
        ignored: ["it is for HTTP": "http-request http-keep-alive tarpit"]
    )

    mutating func readTimeout(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        guard let rest = line.withoutKeyword else {
            arguments.problems.error(
                line.keyword.position,
                "'timeout' without its name",
                expected: "'timeout client', for example"
            )
            return
        }
        let name = "timeout \(rest.keyword.text)"
        let keyword = arguments.problems.action(
            of: rest.keyword,
            in: HAProxyProxy.timeouts,
            as: name,
            unknown: "unknown timeout \(rest.keyword.quoted)"
        )
        guard let keyword, isAtHome(keyword.side, false, rest.keyword, as: name, problems: arguments.problems) else {
            return
        }
        keyword.action(&self, rest, arguments)
    }

    private static let optionWords = HAProxyWords<Keyword>(
        acts: [
            "redispatch": Keyword(side: .backend, action: readRedispatch),
            "httpchk": Keyword(side: .backend) { $0.options.checks.readHTTPOption($1, $2) },
            "tcp-check": Keyword(side: .backend) { $0.options.checks.readTCPOption($1, $2) },
            "allbackups": Keyword(side: .backend) { proxy, line, arguments in
                arguments.nothing(after: line)
                proxy.options.usesAllBackups = !line.isNegated
            },
        ],
        granted: "tcplog splice-auto splice-request splice-response",
        ignored: [
            "Herald logs every session; 'log: {sessions: errors}' in YAML logs fewer": """
            dontlognull dontlog-normal log-health-checks log-separate-errors logasap
            """,
            "it is for HTTP": """
            httplog httpslog httpclose http-server-close http-keep-alive http-no-delay http-buffer-request
            http-ignore-probes http-pretend-keepalive http-restrict-req-hdr-names http-use-proxy-header
            http-use-htx http-tunnel http-drop-request-trailers http-drop-response-trailers forwardfor forwarded
            originalto checkcache accept-invalid-http-request accept-invalid-http-response
            accept-unsafe-violations-in-http-request accept-unsafe-violations-in-http-response
            disable-h2-upgrade h1-case-adjust-bogus-client h1-case-adjust-bogus-server idle-close-on-response
            prefer-last-server
            """,
            "a client that has ended leaves the queue where it has said nothing, and else waits for its answer":
                "abortonclose",
            "the kernel's own setting counts": "tcpka clitcpka srvtcpka tcp-smart-accept tcp-smart-connect",
            "nothing in Herald uses it": """
            contstats socket-stats persist independent-streams nolinger use-small-buffers
            """,
        ],
        unsupported: [
            "'option tcp-check' with its rules, or 'check' alone, which connects": """
            ssl-hello-chk smtpchk ldap-check mysql-check pgsql-check redis-check spop-check external-check
            """,
            "": "transparent http_proxy",
        ]
    )

    mutating func readOption(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        guard let rest = line.withoutKeyword else {
            arguments.problems.error(
                line.keyword.position,
                "'option' without its name",
                expected: "'option redispatch', for example"
            )
            return
        }
        if rest.isNegated, case .unsupported = HAProxyProxy.optionWords[rest.keyword.text] {
            // Off is what it is here.
            return
        }
        let name = "option \(rest.keyword.text)"
        let keyword = arguments.problems.action(
            of: rest.keyword,
            in: HAProxyProxy.optionWords,
            as: name,
            unknown: "unknown option \(rest.keyword.quoted)"
        )
        guard let keyword, isAtHome(keyword.side, false, rest.keyword, as: name, problems: arguments.problems) else {
            return
        }
        keyword.action(&self, rest, arguments)
    }

    /// `option redispatch [INTERVAL]`: Herald changes the server with every further attempt, which is HAProxy's 1.
    @Sendable private static func readRedispatch(
        _ proxy: inout HAProxyProxy,
        _ line: HAProxyLine,
        _ arguments: HAProxyArguments
    ) {
        guard let word = line.arguments.first, !line.isNegated else {
            arguments.nothing(after: line)
            proxy.options.redispatches = !line.isNegated
            return
        }
        arguments.nothing(after: line, 1)
        guard let interval = Int(word.text) else {
            arguments.problems.error(
                word.position,
                "\(word.quoted) for redispatch",
                expected: "a whole number, or nothing"
            )
            return
        }
        proxy.options.redispatches = interval != 0
        if interval > 1 || interval < -1 {
            arguments.problems.warning(
                word.position,
                "redispatch interval \(word.quoted) is not acted on: every further attempt goes to another server"
            )
        }
    }
}
