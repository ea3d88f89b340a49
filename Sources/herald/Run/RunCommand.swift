import ArgumentParser
import HeraldConfiguration
import HeraldCore
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
            one stops at once. SIGHUP changes nothing: a changed file takes effect at the next start. Exit codes: 0 stopped; 1 bad configuration, or it can't start; 2 bad usage.
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String

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
        var settings = try ConfigurationFile.read(config).settings
        if let threads { settings.process.threads = threads }
        if let admin { settings.process.admin = admin }
        if let logFormat { settings.process.log.format = logFormat }
        if let logLevel { settings.process.log.level = logLevel }
        try ProxyRunner.run(settings)
    }
}

extension LogSettings.Format: ExpressibleByArgument {}
extension LogSettings.Level: ExpressibleByArgument {}
