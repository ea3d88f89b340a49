internal import HeraldCore

/// The rules: `http-check` and `tcp-check` lines.
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
        var rest = line.arguments
        while let word = rest.popFirst() {
            if word.text == "default" || (word.text == "comment" && rest.popFirst() != nil) { continue }
            arguments.problems.unsupported(
                word.position,
                "connect ... \(word.text)",
                instead: "'port', 'addr' and 'check-send-proxy' of the server"
            )
            return
        }
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
        let line = line.withoutComment(at: 1, 3)
        guard let match = line.arguments.first else {
            arguments.problems.error(line.keyword.position, "'expect' without a match", expected: "'expect \(example)'")
            return nil
        }
        // "!", "min-recv 5", "rstatus": said by what comes first.
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
        let line = line.withoutComment(at: 2)
        guard let word = arguments.single(line, "what is to be sent"), isASCII(word, arguments) else { return }
        let step = arguments.problems.at(word.position) { () throws(Fault) in try step(word.text) }
        if let step { steps.append(step) }
    }
}

extension HAProxyLine {
    /// Without `comment TEXT` where it begins with the word of one of these indexes: elsewhere the word is what is meant.
    fileprivate func withoutComment(at indexes: Int...) -> HAProxyLine {
        var line = self
        for index in indexes where line.words.count > index + 1 && line.words[index].text == "comment" {
            line.words.removeSubrange(index...index + 1)
        }
        return line
    }
}
