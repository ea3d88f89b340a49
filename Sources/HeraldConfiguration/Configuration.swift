package import HeraldCore

/// A configuration file that was read and found valid.
package struct Configuration: Sendable {
    package let settings: ProxySettings
    /// Warnings only.
    package let report: ConfigurationReport

    /// Reads a file's bytes in the language that its name's ending tells; the name is otherwise only for messages.
    package static func read(_ bytes: [UInt8], fileName: String) throws(ConfigurationError) -> Configuration {
        throw .unknownLanguage(path: fileName)
    }

    /// Reads a regular file of at most `Limits.maximumFileBytes`.
    package static func read(file path: String) throws(ConfigurationError) -> Configuration {
        throw .unknownLanguage(path: path)
    }
}

/// The two languages of configuration files, told apart by the ending of the name.
package enum ConfigurationLanguage: Hashable, Sendable {
    /// `.yaml`, `.yml`
    case yaml
    /// `.cfg`
    case haproxy

    package init?(fileName: String) {
        if fileName.hasSuffix(".yaml") || fileName.hasSuffix(".yml") {
            self = .yaml
        } else if fileName.hasSuffix(".cfg") {
            self = .haproxy
        } else {
            return nil
        }
    }
}

/// Why there is no configuration.
package enum ConfigurationError: Error, Hashable {
    /// At least one error; warnings too.
    case invalid(ConfigurationReport)
    /// The operating system's reason, in words.
    case unreadable(path: String, reason: String)
    /// The name ends neither in `.yaml`, `.yml` nor in `.cfg`: bad usage rather than a bad file.
    case unknownLanguage(path: String)

    /// For stderr, one problem a line.
    package var lines: [String] {
        switch self {
        case .invalid(let report):
            report.lines
        case .unreadable(let path, let reason):
            ["\(Quotation.escape(path)): error: cannot be read: \(reason)"]
        case .unknownLanguage(let path):
            ["\(Quotation.escape(path)): error: unknown kind of file; expected a name that ends in .yaml, .yml or .cfg"]
        }
    }
}
