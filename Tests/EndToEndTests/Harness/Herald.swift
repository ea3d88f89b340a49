import Foundation
import Glibc

/// The command under test.
final class Herald: Sendable {
    /// Beside the test bundle: both are products of one build.
    static let binary = "\(Bundle.main.bundlePath)/herald"

    enum Syntax: String {
        case haproxy = "cfg"
        case yaml
    }

    let process: ChildProcess
    /// Its configuration.
    let file: String
    var facts: ProcessFacts { ProcessFacts(pid: process.pid) }

    /// Starts `herald run` with a configuration, and waits until it listens on `ports`.
    ///
    /// `launcher` is a command that changes its own limits or rights and then becomes herald.
    convenience init(
        _ configuration: String,
        as syntax: Syntax = .haproxy,
        ports: UInt16...,
        arguments: [String] = [],
        launcher: [String] = []
    ) throws {
        try self.init(starting: configuration, as: syntax, arguments: arguments, launcher: launcher)
        try process.waitUntilListening(on: ports)
    }

    /// Starts `herald run` and returns at once.
    init(
        starting configuration: String,
        as syntax: Syntax = .haproxy,
        arguments: [String] = [],
        launcher: [String] = [],
        logFormat: String? = "json"
    ) throws {
        let name = "herald-\(UUID().uuidString.prefix(8)).\(syntax.rawValue)"
        file = try Stage.current.directory.write(configuration, to: name)
        let command = [Self.binary, "run", "--config", file] + (logFormat.map { ["--log-format", $0] } ?? [])
        process = try ChildProcess(launcher + command + arguments)
    }

    /// Runs another subcommand to its end.
    static func command(_ arguments: String..., input: [UInt8]? = nil) throws -> ChildProcess {
        try run([binary] + arguments, input: input)
    }

    /// Asks it to end as an orchestrator does, and says how it ended.
    func terminate(within limit: Duration = patience) -> ChildProcess.Exit? {
        process.signal(SIGTERM)
        return process.wait(within: limit)
    }
}
