internal import HeraldCore
internal import NetworkAddress

/// The options of a `server` or `default-server` line.
struct HAProxyServerOptions {
    private(set) var isChecked = false
    private var check = HealthCheckSettings()
    private var isCheckHeaderForced = false
    private var weight = 1
    private var isDisabled = false
    /// Both can be set, and then version 2 is sent; `no-send-proxy` takes back only version 1.
    private var sendsVersion1 = false
    private var sendsVersion2 = false
    private var hasChecksum = false
    private(set) var pool = HAProxyPoolOptions()
    private(set) var discovery = HAProxyDiscoveryOptions()

    /// The server that these options make; `checks` are the backend's.
    func server(named name: String, at address: ServerAddress, checks: HAProxyChecks) -> ServerSettings {
        var server = ServerSettings(name: name, address: address)
        server.weight = weight
        server.isDisabled = isDisabled
        if sendsVersion2 {
            var options = Version2Options()
            options.hasChecksum = hasChecksum
            server.announcement = .version2(options)
        } else if sendsVersion1 {
            server.announcement = .version1
        }
        if isChecked {
            var check = check
            check.timeout = checks.timeout
            check.kind = checks.settings
            check.announcement = check.announcement(
                following: server.announcement,
                isForced: isCheckHeaderForced ? true : nil
            )
            server.check = check
        }
        pool.apply(to: &server)
        return server
    }

    typealias Option = HAProxyOption<HAProxyServerOptions>

    static let words = HAProxyWords<Option>(
        acts: [
            "check": Option { options, _, _, _ in options.isChecked = true },
            "no-check": Option { options, _, _, _ in options.isChecked = false },
            "inter": Option(value: "a duration, such as 2s") { options, _, value, arguments in
                options.check.interval = arguments.positiveDuration(value) ?? options.check.interval
            },
            "fastinter": Option(value: "a duration, such as 1s") { options, _, value, arguments in
                options.check.fastInterval = arguments.positiveDuration(value)
            },
            "downinter": Option(value: "a duration, such as 5s") { options, _, value, arguments in
                options.check.downInterval = arguments.positiveDuration(value)
            },
            "rise": Option(value: "a number of checks") { options, word, value, arguments in
                options.check.rise =
                    arguments.integer(value, word.text, in: HealthCheckSettings.countRange) ?? options.check.rise
            },
            "fall": Option(value: "a number of checks") { options, word, value, arguments in
                options.check.fall =
                    arguments.integer(value, word.text, in: HealthCheckSettings.countRange) ?? options.check.fall
            },
            "port": Option(value: "a port from 1 to 65535") { options, word, value, arguments in
                options.check.port = arguments.integer(value, word.text, in: 1...65_535).map { UInt16($0) }
            },
            "addr": Option(value: "an IP address") { options, _, value, arguments in
                options.check.address = arguments.problems.at(value.position) { () throws(Fault) in
                    try AddressText.ip(value.text)
                }
            },
            "weight": Option(value: "0 to 256") { options, word, value, arguments in
                options.weight =
                    arguments.integer(value, word.text, in: 0...ServerSettings.maximumWeight) ?? options.weight
            },
            "disabled": Option { options, _, _, _ in options.isDisabled = true },
            "enabled": Option { options, _, _, _ in options.isDisabled = false },
            "send-proxy": Option { options, _, _, _ in options.sendsVersion1 = true },
            "no-send-proxy": Option { options, _, _, _ in options.sendsVersion1 = false },
            "send-proxy-v2": Option { options, _, _, _ in options.sendsVersion2 = true },
            "no-send-proxy-v2": Option { options, _, _, _ in options.sendsVersion2 = false },
            "check-send-proxy": Option { options, _, _, _ in options.isCheckHeaderForced = true },
            "no-check-send-proxy": Option { options, _, _, _ in options.isCheckHeaderForced = false },
            "resolvers": Option(value: "the name of a 'resolvers' section") { options, _, value, _ in
                options.discovery.readResolvers(value)
            },
            "resolve-prefer": Option(value: "ipv4 or ipv6") { options, _, value, arguments in
                options.discovery.readPreference(value, arguments)
            },
            "init-addr": Option(value: "a list of last, libc, none or an address") { options, _, value, arguments in
                options.discovery.readStart(value, arguments)
            },
            "proxy-v2-options": Option(value: "crc32c") { options, _, value, arguments in
                options.readVersion2Options(value, arguments)
            },
            "backup": Option { options, _, _, _ in options.pool.isBackup = true },
            "no-backup": Option { options, _, _, _ in options.pool.isBackup = false },
            "maxconn": Option(value: "a number of sessions") { $0.pool.readMaximumSessions($1, $2, $3) },
            "maxqueue": Option(value: "a number of sessions") { $0.pool.readMaximumQueue($1, $2, $3) },
            "slowstart": Option(value: "a duration, such as 30s") { $0.pool.readSlowStart($2, $3) },
            "observe": Option(value: "layer4") { $0.pool.readLayer($2, $3) },
            "error-limit": Option(value: "a number of failed connects") { $0.pool.readErrorLimit($1, $2, $3) },
            "on-error": Option(value: HAProxyPoolOptions.actionExpectation) { $0.pool.readAction($1, $2, $3) },
            "on-marked-down": Option(value: "shutdown-sessions") { $0.pool.readShutdown($1, $2, $3) },
        ],
        granted: """
            no-ssl no-check-ssl no-agent-check no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-tfo no-verifyhost
            no-check-reuse-pool no-check-sni-auto no-sni-auto no-ssl-reuse
            """,
        ignored: [
            "nothing in Herald uses it": "guid non-stick stick hash-key shard log-bufsize log-proto",
            "servers come in the order of the file": "id",
            "the kernel's own setting counts": "tfo tcp-ut cc",
            "it is for HTTP": """
            pool-conn-name pool-low-conn pool-max-conn pool-purge-delay max-reuse ws check-pool-conn-name
            check-reuse-pool idle-ping
            """,
        ],
        unsupported: [
            "a server without TLS; Herald passes it through": tlsWords,
            "'maxconn', whatever the load": "minconn",
            "'send-proxy' or 'send-proxy-v2'": "send-proxy-v2-ssl send-proxy-v2-ssl-cn set-proxy-v2-tlv-fmt",
            "'resolvers' alone, which takes every address": "resolve-opts resolve-net",
            "": """
            cookie track on-marked-up agent-check agent-send
            agent-inter agent-addr agent-port source usesrc interface namespace redir proto check-proto socks4
            check-via-socks4 healthcheck init-state quic-cc-algo tcp-md5sig
            """,
        ]
    )

    private static let tlsWords = """
        ssl check-ssl verify verifyhost verify-host sni sni-auto check-sni check-sni-auto crt ca-file crl-file alpn npn
        check-alpn ciphers ciphersuites client-sigalgs sigalgs curves force-sslv3 force-tlsv10 force-tlsv11
        force-tlsv12 force-tlsv13 no-sslv3 no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 no-tls-tickets tls-tickets
        ssl-max-ver ssl-min-ver allow-0rtt ktls renegotiate no-renegotiate ssl-reuse
        """

    /// Ignored and unsupported options that stand alone; the others are followed by one argument.
    static let flags = Set(
        """
        agent-check allow-0rtt check-reuse-pool check-sni-auto check-ssl check-via-socks4 force-sslv3
        force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 no-sslv3 no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13
        no-tls-tickets tls-tickets non-stick stick renegotiate no-renegotiate send-proxy-v2-ssl send-proxy-v2-ssl-cn
        sni-auto ssl ssl-reuse tfo
        no-ssl no-check-ssl no-agent-check no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-tfo no-verifyhost
        no-check-reuse-pool no-check-sni-auto no-sni-auto no-ssl-reuse
        """.split(whereSeparator: \.isWhitespace).map(String.init)
    )

    private static let version2Options = HAProxyWords<Bool>(
        acts: ["crc32c": true],
        unsupported: [
            "'crc32c'": "ssl cert-cn ssl-cipher cert-sig cert-key authority unique-id"
        ]
    )

    private mutating func readVersion2Options(_ value: HAProxyWord, _ arguments: HAProxyArguments) {
        var column = value.position.column
        for part in value.text.split(separator: ",", omittingEmptySubsequences: false) {
            let word = HAProxyWord(
                text: String(part),
                position: SourcePosition(line: value.position.line, column: column)
            )
            column += part.unicodeScalars.count + 1
            let isChecksum = arguments.problems.action(
                of: word,
                in: HAProxyServerOptions.version2Options,
                as: "proxy-v2-options \(part)",
                unknown: "unknown option \(word.quoted) of 'proxy-v2-options'"
            )
            if isChecksum == true { hasChecksum = true }
        }
    }
}

extension HAProxyProxy {
    private static let portExpectation =
        "HOST:PORT (HAProxy would take the port that the client dialled, which Herald does not)"

    /// `server NAME ADDRESS:PORT [OPTION...]`
    @Sendable static func readServer(_ proxy: inout HAProxyProxy, _ line: HAProxyLine, _ arguments: HAProxyArguments) {
        proxy.mentionsServer = true
        let problems = arguments.problems
        guard line.words.count > 2 else {
            problems.error(
                line.keyword.position,
                "'server' without a name and an address",
                expected: "server NAME HOST:PORT"
            )
            return
        }
        let name = problems.at(line.words[1].position) { () throws(Fault) in try NameText.check(line.words[1].text) }
        let address = problems.at(line.words[2].position) { () throws(Fault) in
            try AddressText.server(line.words[2].text, expectation: portExpectation)
        }
        let options = serverOptions(line.words.dropFirst(3), of: "server", proxy, arguments)
        guard let name, let address else { return }
        // Without name servers, or with an address, it is looked up once at most.
        guard options.discovery.resolvers != nil, case .name(let host, let port) = address else {
            proxy.servers.append(Located(value: (name, address, options), position: line.words[1].position))
            return
        }
        let template = HAProxyTemplate(
            naming: .single(name),
            source: .addresses(name: host, port: port),
            maximum: 1,
            options: options
        )
        proxy.templates.append(Located(value: template, position: line.words[1].position))
    }

    static func serverOptions(
        _ words: ArraySlice<HAProxyWord>,
        of keyword: String,
        _ proxy: HAProxyProxy,
        _ arguments: HAProxyArguments
    ) -> HAProxyServerOptions {
        var options = proxy.options.server
        HAProxyServerOptions.Option.read(
            words,
            into: &options,
            HAProxyServerOptions.words,
            flags: HAProxyServerOptions.flags,
            of: keyword,
            arguments
        )
        return options
    }

    /// `default-server [OPTION...]`, for the servers below it.
    @Sendable static func readDefaultServer(
        _ proxy: inout HAProxyProxy,
        _ line: HAProxyLine,
        _ arguments: HAProxyArguments
    ) {
        HAProxyServerOptions.Option.read(
            line.arguments,
            into: &proxy.options.server,
            HAProxyServerOptions.words,
            flags: HAProxyServerOptions.flags,
            of: "default-server",
            arguments
        )
    }
}
