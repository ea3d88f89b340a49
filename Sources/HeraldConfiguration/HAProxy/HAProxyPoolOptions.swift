internal import HeraldCore

/// The options of a `server` line that say how much it takes, and when it is passed over.
struct HAProxyPoolOptions {
    var isBackup = false
    private var maximumSessions: Int?
    /// Sessions in HAProxy's queue of this one server; nil where there is no limit.
    fileprivate private(set) var maximumQueue: Located<Int>?
    var slowStart: Duration?
    private var isObserved = false
    private var observation = ObservationSettings()
    private var endsSessionsWhenDown = false

    fileprivate var hasMaximumSessions: Bool { maximumSessions != nil }

    init() {
        observation.action = .failCheck
    }

    /// The server has its check already.
    func apply(to server: inout ServerSettings) {
        server.isBackup = isBackup
        server.maximumSessions = maximumSessions
        server.slowStart = slowStart
        // As in HAProxy, nothing is observed of a server that no check would bring up again.
        server.observation = isObserved && server.check != nil ? observation : nil
        server.endsSessionsWhenDown = endsSessionsWhenDown
    }

    /// 0 is no limit.
    mutating func readMaximumSessions(_ word: HAProxyWord, _ value: HAProxyWord, _ arguments: HAProxyArguments) {
        let range = 0...ServerSettings.sessionRange.upperBound
        guard let count = arguments.integer(value, word.text, in: range) else { return }
        maximumSessions = count > 0 ? count : nil
    }

    /// 0 is no limit.
    mutating func readMaximumQueue(_ word: HAProxyWord, _ value: HAProxyWord, _ arguments: HAProxyArguments) {
        let range = 0...BackendSettings.queueRange.upperBound
        guard let count = arguments.integer(value, word.text, in: range) else { return }
        maximumQueue = count > 0 ? Located(value: count, position: word.position) : nil
    }

    /// 0 is at once.
    mutating func readSlowStart(_ value: HAProxyWord, _ arguments: HAProxyArguments) {
        guard let duration = arguments.duration(value) else { return }
        slowStart = duration > .zero ? duration : nil
    }
}

// MARK: - Passive health

extension HAProxyPoolOptions {
    private static let layers = HAProxyWords<Bool>(
        acts: ["layer4": true, "none": false],
        unsupported: ["'observe layer4'; Herald does not look into what servers answer": "layer7"]
    )

    mutating func readLayer(_ value: HAProxyWord, _ arguments: HAProxyArguments) {
        let layer = arguments.problems.action(
            of: value,
            in: HAProxyPoolOptions.layers,
            as: "observe \(value.text)",
            unknown: "unknown layer \(value.quoted) for 'observe'"
        )
        isObserved = layer ?? isObserved
    }

    mutating func readErrorLimit(_ word: HAProxyWord, _ value: HAProxyWord, _ arguments: HAProxyArguments) {
        observation.errorLimit =
            arguments.integer(value, word.text, in: ObservationSettings.errorRange) ?? observation.errorLimit
    }

    static let actionExpectation = "fastinter, fail-check, sudden-death or mark-down"

    mutating func readAction(_ word: HAProxyWord, _ value: HAProxyWord, _ arguments: HAProxyArguments) {
        if let action = ObservationSettings.Action(rawValue: value.text) {
            observation.action = action
        } else {
            refuse(value, for: word, HAProxyPoolOptions.actionExpectation, arguments.problems)
        }
    }

    mutating func readShutdown(_ word: HAProxyWord, _ value: HAProxyWord, _ arguments: HAProxyArguments) {
        if value.text == "shutdown-sessions" {
            endsSessionsWhenDown = true
        } else {
            refuse(value, for: word, "shutdown-sessions", arguments.problems)
        }
    }

    private func refuse(_ value: HAProxyWord, for word: HAProxyWord, _ expectation: String, _ problems: Problems) {
        let names = expectation.split { !$0.isLetter && $0 != "-" }.map(String.init)
        problems.error(
            value.position,
            "\(value.quoted) for \(word.text)",
            expected: expectation,
            suggestion: problems.nearest(to: value.text, among: names)
        )
    }

    /// What the words of a server come to nothing for, because nobody checks it.
    fileprivate var idleWords: [String] {
        (isObserved ? ["observe"] : []) + (endsSessionsWhenDown ? ["on-marked-down"] : [])
    }
}

// MARK: - The whole backend

extension HAProxyProxy {
    /// HAProxy has a queue for each server, Herald one for the backend, which is as long as those together. nil where
    /// one of them has no limit.
    func maximumQueue(_ problems: Problems) -> Int? {
        let options = servers.map(\.value.options)
        guard let first = options.lazy.compactMap(\.pool.maximumQueue).first else { return nil }
        let limited = options.filter { $0.pool.hasMaximumSessions }
        let queues = limited.compactMap { $0.pool.maximumQueue?.value }
        guard !limited.isEmpty else {
            problems.warning(
                first.position,
                "'maxqueue' is not acted on: nothing waits where no server has a 'maxconn'"
            )
            return nil
        }
        guard queues.count == limited.count else {
            problems.warning(
                first.position,
                "'maxqueue' is not acted on: Herald has one queue for a backend, and other servers' have no limit",
                expected: "'maxqueue' for every server that has a 'maxconn'"
            )
            return nil
        }
        let sum = min(queues.reduce(0, +), BackendSettings.queueRange.upperBound)
        if limited.count > 1 {
            problems.warning(
                first.position,
                "Herald has one queue for a backend: \(sum) sessions may wait in it, the sum of 'maxqueue'"
            )
        }
        return sum
    }

    func warnOfUnchecked(_ problems: Problems) {
        for server in servers where !server.value.options.isChecked {
            for word in server.value.options.pool.idleWords {
                problems.warning(
                    server.position,
                    "'\(word)' of server \(Quotation.quote(server.value.name)) is not acted on: nothing checks it",
                    expected: "'check' beside it"
                )
            }
        }
    }
}
