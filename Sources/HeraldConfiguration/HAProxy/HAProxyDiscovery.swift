internal import HeraldCore
internal import NetworkAddress

/// The options of a `server` line that say how its name is looked up.
struct HAProxyDiscoveryOptions {
    private(set) var resolvers: Located<String>?
    /// HAProxy's default.
    private var preference = DiscoverySettings.Family.ipv6
    private var start: DiscoverySettings.Start?
    private var startPosition: SourcePosition?

    mutating func readResolvers(_ value: HAProxyWord) {
        resolvers = Located(value: value.text, position: value.position)
    }

    mutating func readPreference(_ value: HAProxyWord, _ arguments: HAProxyArguments) {
        guard let family = DiscoverySettings.Family(rawValue: value.text) else {
            arguments.problems.error(
                value.position,
                "\(value.quoted) for resolve-prefer",
                expected: "ipv4 or ipv6",
                suggestion: arguments.problems.nearest(to: value.text, among: ["ipv4", "ipv6"])
            )
            return
        }
        preference = family
    }

    /// A list of what to do at the start, of which the first that can be done is done.
    mutating func readStart(_ value: HAProxyWord, _ arguments: HAProxyArguments) {
        start = nil
        startPosition = value.position
        for method in value.text.split(separator: ",", omittingEmptySubsequences: false) {
            let next: DiscoverySettings.Start
            switch method {
            // Herald keeps no state in a file.
            case "last": continue
            case "libc": next = .required
            case "none": next = .empty
            default:
                guard let ip = IPAddress(String(method)) else {
                    arguments.problems.error(
                        value.position,
                        "\(Quotation.quote(String(method))) for init-addr",
                        expected: "last, libc, none or an IP address, separated by commas"
                    )
                    return
                }
                next = .address(ip)
            }
            switch start {
            case nil: start = next
            // What comes behind `libc` is for a name that does not resolve.
            case .required?: start = next
            case .empty?, .address?: return
            }
        }
    }

    /// Without `resolvers` a name is looked up at the start, and only then.
    func warnIfIdle(of address: ServerAddress, _ problems: Problems) {
        guard case .name = address, let startPosition, start != nil, start != .required else { return }
        problems.warning(
            startPosition,
            "'init-addr' is not acted on without 'resolvers': the name must resolve at the start"
        )
    }

    func apply(to discovery: inout DiscoverySettings) {
        discovery.preference = preference
        discovery.start = start ?? .required
    }
}

extension HAProxyProxy {
    /// `server-template PREFIX NUMBER HOST:PORT [OPTION...]`
    @Sendable static func readServerTemplate(
        _ proxy: inout HAProxyProxy,
        _ line: HAProxyLine,
        _ arguments: HAProxyArguments
    ) {
        proxy.mentionsServer = true
        let problems = arguments.problems
        guard line.words.count > 3 else {
            problems.error(
                line.keyword.position,
                "'server-template' without a prefix, a number and a name",
                expected: "server-template PREFIX NUMBER HOST:PORT"
            )
            return
        }
        let prefix = problems.at(line.words[1].position) { () throws(Fault) in try NameText.check(line.words[1].text) }
        let maximum = maximum(line.words[2], arguments)
        let source = problems.at(line.words[3].position) { () throws(Fault) in
            try DiscoveryText.source(line.words[3].text)
        }
        let options = serverOptions(line.words.dropFirst(4), of: "server-template", proxy, arguments)
        guard let prefix, let maximum, let source else { return }
        proxy.templates.append(
            Located(
                value: HAProxyTemplate(
                    naming: .numbered(prefix: prefix),
                    source: source,
                    maximum: maximum,
                    options: options
                ),
                position: line.words[1].position
            )
        )
    }

    /// `5`, or `1-5`.
    private static func maximum(_ word: HAProxyWord, _ arguments: HAProxyArguments) -> Int? {
        let bounds = word.text.split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2 else {
            return arguments.integer(word, "server-template", in: DiscoverySettings.maximumRange)
        }
        guard bounds[0] == "1" else {
            arguments.problems.error(
                word.position,
                "\(word.quoted) for server-template",
                expected: "a number, or a range from 1 on, such as 1-5"
            )
            return nil
        }
        let last = HAProxyWord(
            text: String(bounds[1]),
            position: SourcePosition(line: word.position.line, column: word.position.column + 2)
        )
        return arguments.integer(last, "server-template", in: DiscoverySettings.maximumRange)
    }
}

/// A `server-template` line, or a `server` line whose name is looked up again and again.
struct HAProxyTemplate {
    let naming: DiscoverySettings.Naming
    let source: DiscoverySettings.Source
    let maximum: Int
    let options: HAProxyServerOptions

    /// The name servers are filled in once all sections are read.
    func settings(checks: HAProxyChecks) -> DiscoverySettings {
        let prototype = options.server(named: "", at: .name("", port: 1), checks: checks)
        var settings = DiscoverySettings(source: source, naming: naming, prototype: prototype)
        settings.maximum = maximum
        options.discovery.apply(to: &settings)
        return settings
    }
}
