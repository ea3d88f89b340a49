import ArgumentParser
import HeraldConfiguration

/// A configuration file on the command line.
enum ConfigurationFile {
    /// Reads the file; warnings and errors go to standard error, a line each.
    static func read(_ path: String) throws -> Configuration {
        do throws(ConfigurationError) {
            let configuration = try Configuration.read(file: path)
            for line in configuration.report.lines { StandardError.write(line) }
            return configuration
        } catch {
            for line in error.lines { StandardError.write(line) }
            throw ExitCode(1)
        }
    }
}
