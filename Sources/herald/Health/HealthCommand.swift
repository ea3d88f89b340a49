import ArgumentParser
import HeraldConfiguration
import HeraldCore
import LibUV
import NetworkAddress

/// `herald health`: is the Herald that runs here ready?
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a running Herald whether it is ready, for HEALTHCHECK and exec probes.",
        discussion: """
            Asks the admin endpoint of a running Herald by plain HTTP, and waits \(Limits.healthPollTimeout.plainText) \
            at most. The address is that of --url, else the admin bind of the file that --config or \
            \(ConfigurationFile.environmentName) names or of \(ConfigurationFile.defaultPath), else \
            \(HealthCommand.defaultURL). A URL without a path asks for \(HealthCommand.path).

            Exit codes: 0 ready; 1 not ready, or no answer, with one line on standard error that says why; 2 bad usage.
            """
    )

    private static let path = "/readyz"
    private static let defaultURL = HTTPURL(
        SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: 9901),
        target: path
    )

    @Option(
        help: ArgumentHelp("Where to ask: http://HOST[:PORT][/PATH].", valueName: "url"),
        transform: { try HTTPURL($0) }
    )
    var url: HTTPURL?

    @Option(name: .shortAndLong, help: ArgumentHelp("The running Herald's configuration file.", valueName: "file"))
    var config: String?

    func run() throws {
        let file = config ?? ConfigurationFile.known
        var target = try url ?? file.map { try HealthCommand.url(ofConfiguration: $0) } ?? HealthCommand.defaultURL
        if target.target.isEmpty { target.target = HealthCommand.path }
        if let problem = try HealthCommand.problem(at: target) {
            StandardError.write("herald: not ready: \(problem)")
            // At once, because a look-up that hangs would be waited for by an orderly end.
            SystemInformation.exitImmediately(1)
        }
    }

    /// What keeps it from being ready; nil where it is.
    private static func problem(at url: HTTPURL) throws -> String? {
        SignalSource.ignoreBrokenPipes()
        let loop = try EventLoop(readBufferSize: Limits.maximumHTTPReplyBytes)
        let result = LoopBound(PollResult(), loop: loop)
        loop.spawn {
            result.value.failure = await HealthPoll.failure(of: url, loop: loop)
            loop.stop()
        }
        loop.run()
        return result.value.failure
    }

    private final class PollResult {
        var failure: String?
    }

    /// The admin address of a file; a wildcard listens on loopback, too.
    private static func url(ofConfiguration path: String) throws -> HTTPURL {
        let settings = try ConfigurationFile.read(path, showsWarnings: false).settings
        guard var address = settings.process.admin, address.port > 0 else {
            StandardError.write(
                """
                herald: \(path) has no admin address to ask at; expected 'admin: { bind: ADDRESS:PORT }' in it, or \
                '--url URL' in place of it
                """
            )
            throw ExitCode(2)
        }
        if address.ip.isUnspecified {
            address.ip = address.ip.isIPv4 ? .v4(IPv4Address(127, 0, 0, 1)) : .v6(IPv6Address(high: 0, low: 1))
        }
        return HTTPURL(address, target: HealthCommand.path)
    }
}
