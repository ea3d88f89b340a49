internal import HeraldCore

/// `balance` and `hash-type`.
extension HAProxyProxy {
    private static let algorithms = HAProxyWords<BackendSettings.Balance>(
        acts: Dictionary(uniqueKeysWithValues: BackendSettings.Balance.allCases.map { ($0.rawValue, $0) })
            .merging(["static-rr": .roundrobin]) { own, _ in own },
        unsupported: [
            expectation: "hash uri url_param hdr rdp-cookie log-hash log-sticky sticky ss"
        ]
    )

    private static let expectation = "roundrobin, leastconn, source, random or first"
    /// Herald's random draws as many, as HAProxy's does where nothing else is said.
    private static let draws = 2

    /// `balance ALGORITHM`
    @Sendable static func readBalance(
        _ proxy: inout HAProxyProxy,
        _ line: HAProxyLine,
        _ arguments: HAProxyArguments
    ) {
        guard let word = line.arguments.first else {
            _ = arguments.single(line, expectation)
            return
        }
        let problems = arguments.problems
        // "hdr(name)" and "random(2)" are the words before the bracket.
        let name = HAProxyWord(text: String(word.text.prefix { $0 != "(" }), position: word.position)
        let balance = problems.action(
            of: name,
            in: algorithms,
            as: "balance \(name.text)",
            unknown: "unknown balance algorithm \(name.quoted)"
        )
        guard let balance else { return }
        if name.text != word.text {
            guard readDraws(word, of: balance, problems) else { return }
        }
        arguments.nothing(after: line, 1)
        if name.text == "static-rr" {
            problems.warning(
                word.position,
                "'balance static-rr' is done as 'balance roundrobin', whose shares are the same"
            )
        }
        proxy.options.balance = balance
    }

    /// `random(DRAWS)`: whether Herald can do it; says why where it can't.
    private static func readDraws(
        _ word: HAProxyWord,
        of balance: BackendSettings.Balance,
        _ problems: Problems
    ) -> Bool {
        guard balance == .random else {
            problems.error(word.position, "\(word.quoted) for balance", expected: "'\(balance)' alone")
            return false
        }
        let number = word.text.dropFirst("random(".count)
        if number == ")" { return true }
        guard number.hasSuffix(")"), let count = Int(number.dropLast()), count > 0 else {
            problems.error(word.position, "\(word.quoted) for balance", expected: "random or random(\(draws))")
            return false
        }
        if count != draws {
            problems.unsupported(
                word.position,
                "balance \(word.text)",
                instead: "random(\(draws)): of two servers, the one with less to do"
            )
        }
        return count == draws
    }

    private static let hashMethods = HAProxyWords<Bool>(
        acts: ["consistent": true],
        ignored: ["Herald's 'balance source' is always consistent": "map-based"]
    )

    private static let hashFunctions = HAProxyWords<Never>(
        acts: [:],
        ignored: ["Herald has one hash function, and it needs no more mixing": "sdbm djb2 wt6 crc32 none avalanche"]
    )

    /// `hash-type METHOD [FUNCTION [MODIFIER]]`: which client goes where is Herald's own affair anyway.
    @Sendable static func readHashType(
        _ proxy: inout HAProxyProxy,
        _ line: HAProxyLine,
        _ arguments: HAProxyArguments
    ) {
        guard let method = line.arguments.first else {
            _ = arguments.single(line, "consistent")
            return
        }
        let problems = arguments.problems
        let known = problems.action(
            of: method,
            in: hashMethods,
            as: "hash-type \(method.text)",
            unknown: "unknown hash type \(method.quoted)"
        )
        guard known == true else { return }
        for word in line.arguments.dropFirst().prefix(2) {
            _ = problems.action(
                of: word,
                in: hashFunctions,
                as: "hash-type ... \(word.text)",
                unknown: "unknown hash function \(word.quoted)"
            )
        }
        arguments.nothing(after: line, 3)
    }
}
