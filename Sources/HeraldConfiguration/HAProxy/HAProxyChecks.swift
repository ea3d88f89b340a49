internal import HeraldCore

/// How a backend's servers are checked: `option httpchk` and `option tcp-check`, with their rules.
struct HAProxyChecks {
    private enum Kind {
        case connection
        case http
        case tcp
    }

    private var kind = Kind.connection
    var http = HAProxyChecks.haproxysRequest
    var expectsStatus = false
    var steps: [DialogueStep] = []
    var httpRule: SourcePosition?
    var tcpRule: SourcePosition?
    var hasSend = false
    /// What `defaults` says holds until the section says something of its own.
    private var areHTTPRulesInherited = false
    private var areTCPRulesInherited = false
    var timeout: Duration?

    /// The same for a section below `defaults`.
    var inherited: HAProxyChecks {
        var checks = self
        checks.areHTTPRulesInherited = true
        checks.areTCPRulesInherited = true
        checks.httpRule = nil
        checks.tcpRule = nil
        return checks
    }

    /// As HAProxy, a section's first own word about HTTP checks does away with all that it inherited.
    mutating func beginOwnHTTPRules() {
        guard areHTTPRulesInherited else { return }
        areHTTPRulesInherited = false
        http = HAProxyChecks.haproxysRequest
        expectsStatus = false
        hasSend = false
    }

    mutating func beginOwnTCPRules() {
        guard areTCPRulesInherited else { return }
        areTCPRulesInherited = false
        steps = []
    }

    /// What HAProxy asks for where nothing is said.
    private static let haproxysRequest: HTTPCheckSettings = {
        var request = HTTPCheckSettings()
        request.method = "OPTIONS"
        request.version = .http10
        return request
    }()

    /// What makes a server of the backend pass.
    var settings: HealthCheckSettings.Kind {
        switch kind {
        case .connection: .tcp
        case .http: .http(http)
        case .tcp: steps.isEmpty ? .tcp : .dialogue(steps)
        }
    }

    /// What can never pass.
    func refuseImpossible(_ problems: Problems) {
        guard kind == .http, http.method == "HEAD", http.body != nil, let httpRule else { return }
        problems.error(
            httpRule,
            "'http-check expect string' with the method HEAD, whose replies have no body",
            expected: "GET"
        )
    }

    /// Rules that nothing asks for, as HAProxy warns of them.
    func warnOfIdleRules(_ problems: Problems) {
        for (position, rule, option, isUsed) in [
            (httpRule, "http-check", "option httpchk", kind == .http),
            (tcpRule, "tcp-check", "option tcp-check", kind == .tcp),
        ] {
            guard let position, !isUsed else { continue }
            problems.warning(position, "'\(rule)' is not acted on without '\(option)'")
        }
    }
}

// MARK: - Options

extension HAProxyChecks {
    /// `option httpchk [URI | METHOD URI [VERSION]]`
    mutating func readHTTPOption(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        guard !line.isNegated else {
            if kind == .http { kind = .connection }
            return
        }
        kind = .http
        beginOwnHTTPRules()
        http.method = HAProxyChecks.haproxysRequest.method
        http.path = HAProxyChecks.haproxysRequest.path
        http.version = HAProxyChecks.haproxysRequest.version
        let words = Array(line.arguments)
        arguments.nothing(after: line, 3)
        switch words.count {
        case 0: break
        case 1: readPath(words[0], arguments)
        default:
            readMethod(words[0], arguments)
            readPath(words[1], arguments)
            if words.count > 2 { readVersion(words[2], arguments) }
        }
    }

    mutating func readTCPOption(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        arguments.nothing(after: line)
        if !line.isNegated {
            kind = .tcp
        } else if kind == .tcp {
            kind = .connection
        }
    }

    mutating func readMethod(_ word: HAProxyWord, _ arguments: HAProxyArguments) {
        let method = arguments.problems.at(word.position) { () throws(Fault) in try CheckText.method(word.text) }
        http.method = method ?? http.method
    }

    mutating func readPath(_ word: HAProxyWord, _ arguments: HAProxyArguments) {
        let path = arguments.problems.at(word.position) { () throws(Fault) in try CheckText.path(word.text) }
        http.path = path ?? http.path
    }

    /// The version, and behind it header lines, which was the only place for them once: `HTTP/1.1\r\nHost:\ www`.
    mutating func readVersion(_ word: HAProxyWord, _ arguments: HAProxyArguments) {
        let lines = word.text.split(whereSeparator: \.isNewline)
        let version = lines.first.flatMap { line in
            HTTPCheckSettings.Version.allCases.first { line == "HTTP/\($0.rawValue)" }
        }
        guard let version else {
            arguments.problems.error(word.position, "\(word.quoted) is not a version", expected: "HTTP/1.0 or HTTP/1.1")
            return
        }
        http.version = version
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
            readField(String(parts.first ?? ""), String(value), at: word.position, arguments)
        }
    }

    mutating func readField(
        _ name: String,
        _ value: String,
        at position: SourcePosition,
        _ arguments: HAProxyArguments
    ) {
        let value = arguments.problems.at(position) { () throws(Fault) in try CheckText.fieldValue(value) }
        guard let value else { return }
        if name.lowercased() == "host" {
            http.host = value
        } else if name.lowercased() != "connection" {
            // Herald's own says that the connection ends.
            let name = arguments.problems.at(position) { () throws(Fault) in try CheckText.fieldName(name) }
            if let name {
                // Beside others of its name: between names, order means nothing (RFC 9110, section 5.3).
                let last = http.fields.lastIndex { $0.name == name }
                let field = HTTPCheckSettings.Field(name: name, value: value)
                http.fields.insert(field, at: last.map { $0 + 1 } ?? http.fields.endIndex)
            }
        }
        if http.fields.count > Limits.maximumCheckFields {
            arguments.problems.error(
                position,
                "\(http.fields.count) headers up to here",
                expected: "at most \(Limits.maximumCheckFields)"
            )
        }
    }
}
