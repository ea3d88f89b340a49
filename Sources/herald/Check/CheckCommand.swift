import ArgumentParser
import FoundationEssentials
import HeraldConfiguration
import HeraldCore

/// `herald check`: is this configuration one that Herald would run with?
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration file and report every problem in it.",
        discussion: """
            FILE ending in .yaml or .yml is Herald YAML, in .cfg HAProxy syntax. Every problem goes to stderr as \
            FILE:LINE:COLUMN: error: (or warning:), sorted by line. Only the file is looked at: no host name is \
            resolved and no address is bound.

            Exit codes: 0 valid, perhaps with warnings; 1 not valid, or not readable; 2 neither kind of file.
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("The file to check.", valueName: "file"))
    var config: String

    func run() throws {
        let configuration = try ConfigurationOutput.read(config)
        let settings = configuration.settings
        let servers = settings.backends.reduce(0) { $0 + $1.servers.count }
        print(
            """
            \(config): ok: \(CheckCommand.count(settings.frontends.count, "frontend")), \
            \(CheckCommand.count(settings.backends.count, "backend")), \(CheckCommand.count(servers, "server"))
            """
        )
    }

    private static func count(_ number: Int, _ thing: String) -> String {
        "\(number) \(thing)\(number == 1 ? "" : "s")"
    }
}

/// What the commands that read a configuration say about it on stderr.
enum ConfigurationOutput {
    /// Prints warnings; or all problems, and ends the command with its exit code.
    static func read(_ path: String) throws -> Configuration {
        do {
            let configuration = try Configuration.read(file: path)
            print(configuration.report.lines)
            return configuration
        } catch {
            print(error.lines)
            throw ExitCode(error.exitCode)
        }
    }

    /// One line each, on stderr, in one write.
    static func print(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        var stderr = StandardError()
        Swift.print(lines.joined(separator: "\n"), to: &stderr)
    }
}
