/// Every bound on a configuration file. They stop accidents (the wrong file, a runaway generator), not grown-up setups.
package enum ConfigurationLimits {
    /// A file of 10,000 servers has about one megabyte.
    package static let maximumFileBytes = 16 << 20
    /// Mappings and lists within each other; Herald's own keys need seven.
    package static let maximumYAMLDepth = 32
    /// Problems that are kept; each bad line can give several.
    package static let maximumProblems = 10_000
    /// Words of a file that get a "did you mean", which is a search for each.
    package static let maximumSuggestions = 500
    /// Names that one such search looks at.
    package static let maximumSuggestionCandidates = 1_000
    /// Characters in the name of a frontend, backend or server.
    package static let maximumNameLength = 128
    /// HAProxy's own: 2^31 - 1 milliseconds, almost 25 days.
    package static let maximumDurationMilliseconds = 2_147_483_647
}
