internal import HeraldCore

/// How a backend's servers are checked: `option httpchk` and `option tcp-check`, with their rules.
struct HAProxyChecks {
    private enum Kind {
        case connection
        case http
        case tcp
    }

    private var kind = Kind.connection
    private var http = HAProxyChecks.haproxysRequest
    private var expectsStatus = false
    private var steps: [DialogueStep] = []
    private var httpRule: SourcePosition?
    private var tcpRule: SourcePosition?
    private var hasSend = false
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
    private mutating func beginOwnHTTPRules() {
        guard areHTTPRulesInherited else { return }
        areHTTPRulesInherited = false
        http = HAProxyChecks.haproxysRequest
        expectsStatus = false
        hasSend = false
    }

    private mutating func beginOwnTCPRules() {
        guard areTCPRulesInherited else { return }
        areTCPRulesInherited = false
        steps = []
    }

    /// What HAProxy asks for where nothing is said.
    private static let haproxysRequest: HTTPCheckSettings = {
        var request = HTTPCheckSettings()
        request.method = "OPTIONS"
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

    private mutating func readMethod(_ word: HAProxyWord, _ arguments: HAProxyArguments) {
        let method = arguments.problems.at(word.position) { () throws(Fault) in try CheckText.method(word.text) }
        http.method = method ?? http.method
    }

    private mutating func readPath(_ word: HAProxyWord, _ arguments: HAProxyArguments) {
        let path = arguments.problems.at(word.position) { () throws(Fault) in try CheckText.path(word.text) }
        http.path = path ?? http.path
    }

    /// The version, and behind it header lines, which was the only place for them once: `HTTP/1.1\r\nHost:\ www`.
    private mutating func readVersion(_ word: HAProxyWord, _ arguments: HAProxyArguments) {
        let lines = word.text.split(whereSeparator: \.isNewline)
        guard let version = lines.first, version.hasPrefix("HTTP/1.") else {
            arguments.problems.error(word.position, "\(word.quoted) is not a version", expected: "HTTP/1.0 or HTTP/1.1")
            return
        }
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
            readField(String(parts.first ?? ""), String(value), at: word.position, arguments)
        }
    }

    private mutating func readField(
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

// MARK: - Rules

extension HAProxyChecks {
    private typealias Rule = @Sendable (inout HAProxyChecks, HAProxyLine, HAProxyArguments) -> Void

    private static let httpRules = HAProxyWords<Rule>(
        acts: [
            "connect": { checks, line, arguments in checks.readConnect(line, arguments) },
            "send": { checks, line, arguments in checks.readHTTPSend(line, arguments) },
            "expect": { checks, line, arguments in checks.readHTTPExpect(line, arguments) },
        ],
        ignored: ["nothing in Herald uses it": "comment set-var set-var-fmt unset-var"],
        unsupported: [
            "a status that fails the check": "disable-on-404",
            "": "send-state",
        ]
    )

    private static let tcpRules = HAProxyWords<Rule>(
        acts: [
            "connect": { checks, line, arguments in checks.readConnect(line, arguments) },
            "send": { checks, line, arguments in
                checks.readStep(line, arguments) { text throws(Fault) in .send(try CheckText.sought(text)) }
            },
            "send-binary": { checks, line, arguments in
                checks.readStep(line, arguments) { text throws(Fault) in .send(try CheckText.hex(text)) }
            },
            "expect": { checks, line, arguments in checks.readTCPExpect(line, arguments) },
        ],
        ignored: ["nothing in Herald uses it": "comment set-var set-var-fmt unset-var"],
        unsupported: ["'send' with the text itself": "send-lf send-binary-lf"]
    )

    mutating func readHTTPRule(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        beginOwnHTTPRules()
        httpRule = httpRule ?? line.keyword.position
        readRule(line, HAProxyChecks.httpRules, arguments)
    }

    mutating func readTCPRule(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        beginOwnTCPRules()
        tcpRule = tcpRule ?? line.keyword.position
        readRule(line, HAProxyChecks.tcpRules, arguments)
        if steps.count > Limits.maximumCheckSteps {
            arguments.problems.error(
                line.keyword.position,
                "\(steps.count) steps up to here",
                expected: "at most \(Limits.maximumCheckSteps)"
            )
        }
    }

    private mutating func readRule(_ line: HAProxyLine, _ rules: HAProxyWords<Rule>, _ arguments: HAProxyArguments) {
        guard let rest = line.withoutKeyword else {
            arguments.problems.error(
                line.keyword.position,
                "\(line.keyword.quoted) without a rule",
                expected: "'\(line.keyword.text) expect', for example"
            )
            return
        }
        let rule = arguments.problems.action(
            of: rest.keyword,
            in: rules,
            as: "\(line.keyword.text) \(rest.keyword.text)",
            unknown: "unknown rule \(rest.keyword.quoted) of '\(line.keyword.text)'"
        )
        rule?(&self, rest, arguments)
    }

    /// Without arguments it says what happens anyway.
    private func readConnect(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        guard let word = line.arguments.first(where: { $0.text != "default" }) else { return }
        arguments.problems.unsupported(
            word.position,
            "connect ... \(word.text)",
            instead: "'port', 'addr' and 'check-send-proxy' of the server"
        )
    }

    /// `http-check send [meth METHOD] [uri URI] [ver VERSION] [hdr NAME VALUE]...`
    private mutating func readHTTPSend(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        if hasSend {
            arguments.problems.error(
                line.keyword.position,
                "'http-check send' again",
                expected: "one request in a check"
            )
        }
        hasSend = true
        var rest = line.arguments
        while let word = rest.popFirst() {
            let count = word.text == "hdr" ? 2 : 1
            let values = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            guard ["meth", "uri", "ver", "hdr"].contains(word.text) else {
                arguments.problems.unsupported(
                    word.position,
                    "http-check send ... \(word.text)",
                    instead: "meth, uri, ver and hdr"
                )
                continue
            }
            guard values.count == count else {
                arguments.problems.error(
                    word.position,
                    "\(word.quoted) without a value",
                    expected: word.text == "hdr" ? "hdr NAME VALUE" : "\(word.text) and its value"
                )
                return
            }
            switch word.text {
            case "meth": readMethod(values[0], arguments)
            case "uri": readPath(values[0], arguments)
            case "ver": readVersion(values[0], arguments)
            default: readField(values[0].text, values[1].text, at: values[0].position, arguments)
            }
        }
    }

    /// `http-check expect status 200,300-399`, `http-check expect string TEXT`
    private mutating func readHTTPExpect(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        guard let (match, value) = match(line, "status 200-399", arguments) else { return }
        switch match.text {
        case "status":
            let ranges = value.text.split(separator: ",", omittingEmptySubsequences: false).compactMap { part in
                arguments.problems.at(value.position) { () throws(Fault) in try CheckText.status(String(part)) }
            }
            guard !ranges.isEmpty else { return }
            // Each rule must hold.
            let both = expectsStatus ? HAProxyChecks.common(http.status, ranges) : ranges
            if both.isEmpty {
                arguments.problems.error(value.position, "no status is within this and the rule before it")
            } else {
                http.status = both
            }
            expectsStatus = true
        case "string":
            if http.body != nil {
                arguments.problems.unsupported(
                    match.position,
                    "a second 'http-check expect string'",
                    instead: "one text"
                )
            }
            guard isASCII(value, arguments) else { return }
            http.body = arguments.problems.at(value.position) { () throws(Fault) in try CheckText.sought(value.text) }
            // HAProxy looks at the status only where a rule says so.
            if !expectsStatus { http.status = [HTTPCheckSettings.statusRange] }
        default:
            arguments.problems.unsupported(
                match.position,
                "http-check expect \(match.text)",
                instead: "'status' with ranges, or 'string'"
            )
        }
    }

    /// `tcp-check expect string TEXT`, `tcp-check expect binary HEX`
    private mutating func readTCPExpect(_ line: HAProxyLine, _ arguments: HAProxyArguments) {
        guard let (match, value) = match(line, "string TEXT", arguments) else { return }
        let step: DialogueStep?
        switch match.text {
        case "string":
            guard isASCII(value, arguments) else { return }
            step = arguments.problems.at(value.position) { () throws(Fault) in
                .expect(try CheckText.sought(value.text))
            }
        case "binary":
            step = arguments.problems.at(value.position) { () throws(Fault) in .expect(try CheckText.hex(value.text)) }
        default:
            arguments.problems.unsupported(
                match.position,
                "tcp-check expect \(match.text)",
                instead: "'string' or 'binary'"
            )
            return
        }
        if let step { steps.append(step) }
    }

    private static func common(_ one: [ClosedRange<Int>], _ other: [ClosedRange<Int>]) -> [ClosedRange<Int>] {
        one.flatMap { first in
            other.filter { first.overlaps($0) }.map { first.clamped(to: $0) }
        }
    }

    /// `\xff` is one byte to HAProxy, and a letter that may be written in two is none.
    private func isASCII(_ word: HAProxyWord, _ arguments: HAProxyArguments) -> Bool {
        if word.text.utf8.allSatisfy({ $0 < 0x80 }) { return true }
        arguments.problems.unsupported(
            word.position,
            "a byte beyond ASCII in a check's text",
            instead: "'send-binary' or 'expect binary' with hex"
        )
        return false
    }

    /// What is to match, and the pattern.
    private func match(
        _ line: HAProxyLine,
        _ example: String,
        _ arguments: HAProxyArguments
    ) -> (HAProxyWord, HAProxyWord)? {
        guard let match = line.arguments.first else {
            arguments.problems.error(line.keyword.position, "'expect' without a match", expected: "'expect \(example)'")
            return nil
        }
        // "!", "min-recv 5", "comment TEXT", "rstatus": said by what comes first.
        guard line.arguments.count == 2, let value = line.arguments.last else {
            if line.arguments.count < 2 && ["status", "string", "binary"].contains(match.text) {
                arguments.problems.error(match.position, "\(match.quoted) without a value", expected: "'\(example)'")
            } else {
                let word =
                    ["status", "string", "binary"].contains(match.text) ? line.arguments.dropFirst(2).first : match
                arguments.problems.unsupported(
                    (word ?? match).position,
                    "expect ... \((word ?? match).text)",
                    instead: "'expect \(match.text == "string" ? "string TEXT" : example)' alone"
                )
            }
            return nil
        }
        return (match, value)
    }

    private mutating func readStep(
        _ line: HAProxyLine,
        _ arguments: HAProxyArguments,
        _ step: (String) throws(Fault) -> DialogueStep
    ) {
        guard let word = arguments.single(line, "what is to be sent"), isASCII(word, arguments) else { return }
        let step = arguments.problems.at(word.position) { () throws(Fault) in try step(word.text) }
        if let step { steps.append(step) }
    }
}
