/// The variables of the environment as a file in HAProxy's language sees them: lines of `global` change them for what comes
/// below (configuration manual, sections 2.3 and 3.1).
final class HAProxyEnvironment {
    private let variable: (String) -> String?
    /// What the file has set, and nil for what it has taken away.
    private var changes: [String: String?] = [:]
    /// Those that `resetenv` has left of the process's own; nil for all.
    private var kept: Set<String>?
    /// Bytes of variables that may still be put in.
    private var bytesLeft = ConfigurationLimits.maximumFileBytes

    /// - Parameter variable: the value of a variable of the process; nil for one that is not set.
    init(_ variable: @escaping (String) -> String?) {
        self.variable = variable
    }

    private subscript(name: String) -> String? {
        if let change = changes[name] { return change }
        return kept?.contains(name) == false ? nil : variable(name)
    }

    /// For a line that asks for it. Unlike in shells, and in Herald's YAML, a variable without text is one.
    func value(of name: String, fallback: String?) throws(Fault) -> String {
        guard let value = self[name] ?? fallback else {
            throw Fault(
                "the environment has no variable \(Quotation.quote(name))",
                expected: "it to be set, or \"${\(name)-default}\""
            )
        }
        bytesLeft -= value.utf8.count
        guard bytesLeft >= 0 else {
            throw Fault(
                "the variables up to here have too much text",
                expected: "at most \(ConfigurationLimits.maximumFileBytes) bytes, all in all"
            )
        }
        return value
    }

    /// `setenv` and `presetenv`, of which the latter leaves alone what is set.
    func set(_ name: String, to value: String, isDefault: Bool) {
        if !isDefault || self[name] == nil { changes[name] = .some(value) }
    }

    /// `unsetenv`
    func remove(_ names: [String]) {
        for name in names { changes[name] = .some(nil) }
    }

    /// `resetenv`: removes all the others.
    func keep(_ names: Set<String>) {
        changes = changes.filter { names.contains($0.key) }
        kept = kept.map { $0.intersection(names) } ?? names
    }
}
