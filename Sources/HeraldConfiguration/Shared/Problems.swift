/// What is wrong with a text by itself, before anybody knows where it stands.
struct Fault: Error, Hashable {
    var found: String
    var expected: String?
    var suggestion: String?

    init(_ found: String, expected: String? = nil, suggestion: String? = nil) {
        self.found = found
        self.expected = expected
        self.suggestion = suggestion
    }

    /// On one line.
    var message: String {
        var message = found
        if let expected { message += "; expected \(expected)" }
        if let suggestion { message += "; did you mean '\(suggestion)'?" }
        return message
    }
}

/// Collects the problems of one file, so that a reader can go on after each of them.
final class Problems {
    private(set) var all: [ConfigurationProblem] = []
    /// Beyond `ConfigurationLimits.maximumProblems`; an error always finds room for itself.
    private(set) var omitted = 0
    private(set) var hasErrors = false
    private var suggestionsLeft = ConfigurationLimits.maximumSuggestions

    func error(_ position: SourcePosition, _ found: String, expected: String? = nil, suggestion: String? = nil) {
        self.error(position, Fault(found, expected: expected, suggestion: suggestion))
    }

    func error(_ position: SourcePosition, _ fault: Fault) {
        hasErrors = true
        add(.error, position, fault)
    }

    func warning(_ position: SourcePosition, _ found: String, expected: String? = nil, suggestion: String? = nil) {
        add(.warning, position, Fault(found, expected: expected, suggestion: suggestion))
    }

    /// The candidate that was probably meant by `word`. Bounded for the whole file: a file of nothing but mistakes gets
    /// its messages, only the later ones without a suggestion.
    func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        guard suggestionsLeft > 0 else { return nil }
        suggestionsLeft -= 1
        return NearMiss.find(word, among: candidates.prefix(ConfigurationLimits.maximumSuggestionCandidates))
    }

    /// Runs `body`; a fault becomes an error at `position` and nil.
    func at<Value>(_ position: SourcePosition, _ body: () throws(Fault) -> Value) -> Value? {
        do {
            return try body()
        } catch {
            self.error(position, error)
            return nil
        }
    }

    private func add(_ severity: ConfigurationProblem.Severity, _ position: SourcePosition, _ fault: Fault) {
        if all.count >= ConfigurationLimits.maximumProblems {
            omitted += 1
            guard severity == .error, let last = all.last, last.severity == .warning else { return }
            all.removeLast()
        }
        all.append(
            ConfigurationProblem(
                severity: severity,
                position: position,
                found: fault.found,
                expected: fault.expected,
                suggestion: fault.suggestion
            )
        )
    }
}

/// A value and where it stands.
struct Located<Value> {
    var value: Value
    var position: SourcePosition
}

extension Located: Sendable where Value: Sendable {}

extension Located: Error where Value: Error {}
