import ArgumentParser
import HeraldConfiguration
import LibUV

/// The configuration file that a command is about.
enum ConfigurationFile {
    /// Names the file where the command line does not.
    static let environmentName = "HERALD_CONFIG"
    /// Where an image has it.
    static let defaultPath = "/etc/herald/herald.yaml"

    /// The file for a command line that names none, where there is one.
    static var known: String? {
        if let path = SystemInformation.environment(environmentName), !path.isEmpty { return path }
        return SystemInformation.fileMark(defaultPath) == nil ? nil : defaultPath
    }

    /// The same.
    ///
    /// - Throws: exit code 2 where there is none, after saying where it was looked for.
    static func find() throws -> String {
        if let known { return known }
        StandardError.write(
            """
            herald: no configuration file: there is no --config, \(environmentName) is not set, and there is no \
            \(defaultPath)
            """
        )
        throw ExitCode(2)
    }

    /// Reads the file, with the environment of this process.
    static func configuration(_ path: String) throws(ConfigurationError) -> Configuration {
        try Configuration.read(file: path, environment: SystemInformation.environment)
    }

    /// The same; warnings and errors go to standard error, a line each.
    ///
    /// - Parameter showsWarnings: whether a valid file's warnings are shown.
    /// - Throws: the command's exit code.
    static func read(_ path: String, showsWarnings: Bool = true) throws -> Configuration {
        do throws(ConfigurationError) {
            let configuration = try self.configuration(path)
            if showsWarnings { show(configuration.report.lines) }
            return configuration
        } catch {
            show(error.lines)
            throw ExitCode(error.isBadUsage ? 2 : 1)
        }
    }

    /// For people, on standard error.
    static func show(_ lines: [String]) {
        if !lines.isEmpty { StandardError.write(lines.joined(separator: "\n")) }
    }
}
