import ArgumentParser
import HeraldConfiguration
import HeraldCore

/// `herald check`: is this configuration one that Herald would run with?
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration file and report every problem in it.",
        discussion: """
            FILE ending in .yaml or .yml is Herald YAML, in .cfg HAProxy syntax. Every problem goes to standard error \
            as FILE:LINE:COLUMN: error: (or warning:), in the order of the file. Only the file is looked at: no host \
            name is resolved and no address is bound.

            Exit codes: 0 valid, perhaps with warnings; 1 not valid, or not readable; 2 bad usage, a file of another \
            kind included.
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String

    func run() throws {
        let settings = try ConfigurationFile.read(config).settings
        var parts = [
            CheckCommand.count(settings.frontends.count, "frontend"),
            CheckCommand.count(settings.backends.count, "backend"),
            CheckCommand.count(settings.backends.reduce(0) { $0 + $1.servers.count }, "server"),
        ]
        let names = settings.backends.reduce(0) { $0 + $1.discoveries.count }
        if names > 0 { parts.append("\(CheckCommand.count(names, "name")) to look servers up by") }
        try StandardOutput.write("\(config): ok: \(parts.joined(separator: ", "))\n")
    }

    private static func count(_ number: Int, _ thing: String) -> String {
        "\(number) \(thing)\(number == 1 ? "" : "s")"
    }
}
