import ArgumentParser
import HeraldConfiguration
import HeraldCore
import HeraldServer
import NetworkAddress

/// `herald run`: the proxy itself, in the foreground.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the proxy with a configuration file.",
        discussion: """
            FILE ending in .yaml or .yml is Herald YAML, in .cfg HAProxy syntax. The log goes to standard output, one \
            line for each session's end and for each change of state.

            SIGTERM and SIGINT drain: no new client is taken in, and sessions have the drain timeout to finish; a second \
            one stops at once. SIGHUP reads the file again: sessions go on, and a file with an error changes nothing. \
            Exit codes: 0 stopped; 1 bad configuration, or it can't start; 2 bad usage.

            Without --config it is the file that \(ConfigurationFile.environmentName) names, else \
            \(ConfigurationFile.defaultPath).
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    @Flag(help: "Reload when the file changes, as by SIGHUP.")
    var watch = false

    @Option(
        help: ArgumentHelp(
            "Worker threads, 1 to \(Limits.maximumThreads). (default: the file's, else the CPU quota)",
            valueName: "n"
        )
    )
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Where /healthz and /readyz are told by HTTP, such as 127.0.0.1:9901. (default: the file's, else nowhere)",
            valueName: "addr:port"
        ),
        transform: { try AddressArgument.bind($0) }
    )
    var admin: SocketAddress?

    @Option(help: ArgumentHelp("The log's format, text or json. (default: the file's, else text)", valueName: "format"))
    var logFormat: LogSettings.Format?

    @Option(
        help: ArgumentHelp(
            "The least level that is logged: debug, info, notice, warning or error. (default: the file's, else info)",
            valueName: "level"
        )
    )
    var logLevel: LogSettings.Level?

    func validate() throws {
        if let threads, !(1...Limits.maximumThreads).contains(threads) {
            throw ValidationError(
                "found '--threads \(threads)'; expected a number from 1 to \(Limits.maximumThreads)"
            )
        }
    }

    func run() throws {
        let path = try config ?? ConfigurationFile.find()
        let overrides = self
        let source = ConfigurationSource(path: path, isWatched: watch) { () throws(StartFailure) in
            do throws(ConfigurationError) {
                let configuration = try ConfigurationFile.configuration(path)
                ConfigurationFile.show(configuration.report.lines)
                return overrides.apply(to: configuration.settings)
            } catch {
                throw StartFailure(problems: error.lines)
            }
        }
        try ProxyRunner.run(apply(to: try ConfigurationFile.read(path).settings), source: source)
    }

    /// The command line comes before the file.
    private func apply(to settings: ProxySettings) -> ProxySettings {
        var settings = settings
        if let threads { settings.process.threads = threads }
        if let admin { settings.process.admin = admin }
        if let logFormat { settings.process.log.format = logFormat }
        if let logLevel { settings.process.log.level = logLevel }
        return settings
    }
}

extension LogSettings.Format: ExpressibleByArgument {}
extension LogSettings.Level: ExpressibleByArgument {}
