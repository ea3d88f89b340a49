/// A place in a configuration file.
package struct SourcePosition: Hashable, Sendable, Comparable {
    /// From 1.
    package var line: Int
    /// From 1, in characters (Unicode scalars).
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// One thing that is wrong, or worth a second look, in a configuration file.
package struct ConfigurationProblem: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        /// Herald won't run with it.
        case error
        /// Herald runs, perhaps otherwise than was meant.
        case warning
    }

    package var severity: Severity
    package var position: SourcePosition
    /// What stands there, text of the file quoted.
    package var found: String
    /// What would be right.
    package var expected: String?
    /// The word that was probably meant.
    package var suggestion: String?

    /// One line, without the file's name and the position.
    package var message: String {
        Fault(found, expected: expected, suggestion: suggestion).message
    }
}

/// All that a configuration file's reader had to say, in the order of the file.
package struct ConfigurationReport: Hashable, Sendable {
    /// Lines printed at most, errors before warnings; the rest is counted.
    package static let maximumLines = 100

    package let fileName: String
    /// Sorted by position.
    package let problems: [ConfigurationProblem]

    /// Further problems that nobody kept.
    private let omitted: Int

    package init(fileName: String, problems: [ConfigurationProblem], omitted: Int = 0) {
        self.fileName = fileName
        self.omitted = omitted
        self.problems = problems.enumerated()
            .sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }
            .map(\.element)
    }

    package var hasErrors: Bool { problems.contains { $0.severity == .error } }

    /// `FILE:LINE:COLUMN: error: ...` for each problem, and one line more where there are more than `maximumLines`.
    package var lines: [String] {
        let name = Quotation.escape(fileName)
        var lines = shown.map { problem in
            "\(name):\(problem.position.line):\(problem.position.column): \(problem.severity): \(problem.message)"
        }
        let rest = problems.count + omitted - lines.count
        if rest > 0 { lines.append("\(name): and \(rest) more") }
        return lines
    }

    /// In the order of the file.
    private var shown: [ConfigurationProblem] {
        guard problems.count > ConfigurationReport.maximumLines else { return problems }
        let errors = problems.filter { $0.severity == .error }.prefix(ConfigurationReport.maximumLines)
        let warnings = problems.filter { $0.severity == .warning }.prefix(
            ConfigurationReport.maximumLines - errors.count
        )
        return (errors + warnings).sorted { $0.position < $1.position }
    }
}
