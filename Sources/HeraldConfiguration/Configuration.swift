internal import FoundationEssentials
package import HeraldCore

/// A configuration file that was read and found valid.
package struct Configuration: Sendable {
    package let settings: ProxySettings
    /// Warnings only.
    package let report: ConfigurationReport

    /// Reads a file's bytes in the language that its name's ending tells; the name is otherwise only for messages.
    ///
    /// - Parameter environment: the value of a variable that the file asks for; nil for one that is not set.
    package static func read(
        _ bytes: [UInt8],
        fileName: String,
        environment: @escaping (String) -> String?
    ) throws(ConfigurationError) -> Configuration {
        guard let language = ConfigurationLanguage(fileName: fileName) else {
            throw .unknownLanguage(path: fileName)
        }
        let problems = Problems()
        var settings: ProxySettings?
        if bytes.count > ConfigurationLimits.maximumFileBytes {
            problems.error(
                SourcePosition(line: 1, column: 1),
                "a file of \(bytes.count) bytes",
                expected: "at most \(ConfigurationLimits.maximumFileBytes)"
            )
        } else {
            settings =
                switch language {
                case .yaml: YAMLConfiguration.read(bytes, problems: problems, environment: environment)
                case .haproxy: HAProxyConfiguration.read(bytes, problems: problems, environment: environment)
                }
        }
        let report = ConfigurationReport(fileName: fileName, problems: problems.all, omitted: problems.omitted)
        guard let settings else { throw .invalid(report) }
        return Configuration(settings: settings, report: report)
    }

    /// Reads a regular file, of at most `ConfigurationLimits.maximumFileBytes`.
    package static func read(
        file path: String,
        environment: @escaping (String) -> String?
    ) throws(ConfigurationError) -> Configuration {
        guard ConfigurationLanguage(fileName: path) != nil else { throw .unknownLanguage(path: path) }
        return try read(bytes(of: path), fileName: path, environment: environment)
    }

    /// Only regular files have a size that can be looked at before they are read.
    private static func bytes(of path: String) throws(ConfigurationError) -> [UInt8] {
        do {
            let url = URL(filePath: path).resolvingSymlinksInPath()
            let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
            if let type = attributes[.type] as? FileAttributeType, type != .typeRegular {
                let isDirectory = type == .typeDirectory
                throw ConfigurationError.unreadable(
                    path: path,
                    reason: isDirectory ? "it is a directory" : "it is not a regular file"
                )
            }
            if let size = attributes[.size] as? UInt, size > ConfigurationLimits.maximumFileBytes {
                throw ConfigurationError.unreadable(
                    path: path,
                    reason: "it has \(size) bytes; at most \(ConfigurationLimits.maximumFileBytes) are read"
                )
            }
            return Array(try Data(contentsOf: url))
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw .unreadable(path: path, reason: FileProblem.reason(error))
        }
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

    /// Whether the command line is at fault rather than the file.
    package var isBadUsage: Bool {
        if case .unknownLanguage = self { true } else { false }
    }

    /// For stderr, one problem a line.
    package var lines: [String] {
        switch self {
        case .invalid(let report):
            report.lines
        case .unreadable(let path, let reason):
            ["\(Quotation.escape(path)): error: the file can't be read: \(reason)"]
        case .unknownLanguage(let path):
            ["\(Quotation.escape(path)): error: unknown kind of file; expected a name that ends in .yaml, .yml or .cfg"]
        }
    }
}
