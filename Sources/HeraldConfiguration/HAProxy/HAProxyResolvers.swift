internal import HeraldCore
internal import NetworkAddress

/// A `resolvers` section: which name servers are asked, and how often.
struct HAProxyResolvers {
    let name: String
    var nameservers: [SocketAddress] = []
    /// HAProxy's default.
    var refresh = Duration.seconds(1)
    /// HAProxy's default.
    var timeout = Duration.seconds(1)
    /// HAProxy's default.
    var attempts = 3
    /// Of `parse-resolv-conf`.
    private var systemsServers: SourcePosition?

    init(name: String) {
        self.name = name
    }

    private typealias Action = @Sendable (inout HAProxyResolvers, HAProxyLine, HAProxyArguments) -> Void

    private static let words = HAProxyWords<Action>(
        acts: [
            "nameserver": { resolvers, line, arguments in
                guard line.arguments.count == 2, let word = line.arguments.last else {
                    arguments.problems.error(
                        line.keyword.position,
                        "'nameserver' without a name and an address",
                        expected: "nameserver NAME ADDRESS:PORT"
                    )
                    return
                }
                if word.text.hasPrefix("tcp") {
                    arguments.problems.unsupported(
                        word.position,
                        "nameserver NAME \(word.text.prefix { $0 != "@" })@",
                        instead: "an address that is asked by UDP"
                    )
                    return
                }
                let address = arguments.problems.at(word.position) { () throws(Fault) in
                    // Herald asks by datagrams, and by a stream where an answer is too long for one.
                    let text = word.text.hasPrefix("udp@") ? String(word.text.dropFirst(4)) : word.text
                    return try DiscoveryText.nameserver(text)
                }
                if let address { resolvers.nameservers.append(address) }
            },
            "timeout": { resolvers, line, arguments in
                guard line.arguments.count == 2, let name = line.arguments.first, let value = line.arguments.last else {
                    arguments.problems.error(
                        line.keyword.position,
                        "'timeout' without its name and a duration",
                        expected: "'timeout resolve 1s' or 'timeout retry 1s'"
                    )
                    return
                }
                let action = arguments.problems.action(
                    of: name,
                    in: timeouts,
                    as: "timeout \(name.text)",
                    unknown: "unknown timeout \(name.quoted)"
                )
                guard let action, let duration = arguments.positiveDuration(value) else { return }
                let shortest = DiscoverySettings.shortestRefresh
                if duration < shortest {
                    arguments.problems.warning(
                        value.position,
                        "\(value.quoted) for timeout \(name.text) is taken as \(DurationText.write(shortest))"
                    )
                }
                action(&resolvers, max(duration, shortest))
            },
            "resolve_retries": { resolvers, line, arguments in
                resolvers.attempts = arguments.integer(line, in: DiscoveryText.attemptRange) ?? resolvers.attempts
            },
            "parse-resolv-conf": { resolvers, line, arguments in
                arguments.nothing(after: line)
                resolvers.systemsServers = line.keyword.position
            },
        ],
        ignored: [
            "the last good answer is kept": "hold",
            "Herald asks by a stream where an answer is too long": "accepted_payload_size",
        ]
    )

    private static let timeouts = HAProxyWords<@Sendable (inout HAProxyResolvers, Duration) -> Void>(
        acts: [
            "resolve": { $0.refresh = $1 },
            "retry": { $0.timeout = $1 },
        ]
    )

    mutating func read(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        let action = arguments.problems.action(
            of: line.keyword,
            in: HAProxyResolvers.words,
            unknown: "unknown keyword \(line.keyword.quoted) in section 'resolvers'"
        )
        action?(&self, line, arguments)
    }

    /// The section is at its end. The system's name servers are asked where no others are named.
    func close(_ problems: Problems) {
        guard let systemsServers, !nameservers.isEmpty else { return }
        problems.warning(
            systemsServers,
            "'parse-resolv-conf' beside 'nameserver' is not acted on: those that are named are asked"
        )
    }

    /// Makes a discovery ask these name servers.
    func apply(to discovery: inout DiscoverySettings) {
        discovery.nameservers = nameservers
        discovery.refresh = refresh
        discovery.timeout = timeout
        discovery.attempts = attempts
    }
}
