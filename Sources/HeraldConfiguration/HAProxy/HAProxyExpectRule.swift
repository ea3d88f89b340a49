internal import NetworkAddress

/// `tcp-request connection expect-proxy layer4`: who must send a header on binds without `accept-proxy`.
struct HAProxyExpectRule {
    var position: SourcePosition
    /// nil where the rule has no condition.
    var networks: [CIDRBlock]?
}

extension HAProxyProxy {
    private static let expectation = "'tcp-request connection expect-proxy layer4 if { src NETWORK... }'"

    @Sendable static func readTCPRequest(
        _ proxy: inout HAProxyProxy,
        _ line: HAProxyLine,
        _ arguments: HAProxyArguments
    ) {
        let problems = arguments.problems
        let words = line.arguments.map(\.text)
        guard words.starts(with: ["connection", "expect-proxy"]) else {
            let shown = words.prefix(2).joined(separator: " ")
            problems.unsupported(line.keyword.position, "tcp-request \(shown)", instead: expectation)
            return
        }
        guard line.arguments.count > 2, line.words[3].text == "layer4" else {
            problems.error(
                line.words[min(3, line.words.count - 1)].position,
                "'expect-proxy' without 'layer4'",
                expected: expectation
            )
            return
        }
        let position = line.words[2].position
        var condition = line.words.dropFirst(4)
        guard let word = condition.popFirst() else {
            proxy.expectProxyRules.append(HAProxyExpectRule(position: position, networks: nil))
            return
        }
        guard word.text == "if" else {
            problems.unsupported(word.position, "expect-proxy layer4 \(word.text)", instead: "if { src NETWORK... }")
            return
        }
        do throws(LocatedFault) {
            let networks = try readNetworks(&condition, after: word, problems)
            proxy.expectProxyRules.append(HAProxyExpectRule(position: position, networks: networks))
        } catch {
            problems.error(error.position, error.value)
        }
    }

    private typealias LocatedFault = Located<Fault>

    /// `{ src NETWORK... }`, and perhaps more of them with `||` or `or` between.
    private static func readNetworks(
        _ words: inout ArraySlice<HAProxyWord>,
        after keyword: HAProxyWord,
        _ problems: Problems
    ) throws(LocatedFault) -> [CIDRBlock] {
        var networks: [CIDRBlock] = []
        var last = keyword
        while true {
            guard let open = words.popFirst() else {
                throw LocatedFault(
                    value: Fault("nothing after \(last.quoted)", expected: "{ src NETWORK... }"),
                    position: last.position
                )
            }
            guard open.text == "{", let criterion = words.popFirst(), criterion.text == "src" else {
                throw LocatedFault(
                    value: Fault(
                        "\(open.quoted) in a condition",
                        expected: "{ src NETWORK... }; Herald has no other conditions"
                    ),
                    position: open.position
                )
            }
            var count = 0
            var isClosed = false
            while let word = words.popFirst() {
                if word.text == "}" {
                    isClosed = true
                    break
                }
                count += 1
                if word.text.hasPrefix("-") {
                    problems.unsupported(word.position, "src \(word.text)", instead: "networks written out")
                } else if let block = problems.network(word.text, at: word.position) {
                    networks.append(block)
                }
            }
            guard isClosed, count > 0 else {
                throw LocatedFault(
                    value: Fault(
                        "a condition without \(isClosed ? "a network" : "its '}'")",
                        expected: "{ src NETWORK... }"
                    ),
                    position: open.position
                )
            }
            guard let joint = words.popFirst() else { return networks }
            guard joint.text == "||" || joint.text == "or" else {
                throw LocatedFault(
                    value: Fault("\(joint.quoted) in a condition", expected: "'||' or the end of the line"),
                    position: joint.position
                )
            }
            last = joint
        }
    }
}
