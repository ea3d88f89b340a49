import ArgumentParser
import HeraldConfiguration
import HeraldCore

/// `herald convert`: HAProxy syntax to Herald YAML.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Turn a configuration in HAProxy syntax into Herald YAML, on standard output.",
        discussion: """
            What is printed does the same as FILE does under 'herald run', HAProxy's defaults written out. What Herald \
            can't do is an error with its line, and then nothing is printed; what is left out without harm is a warning.

            Exit codes: 0 done; 1 there is something that can't be carried over, or the file can't be read; 2 bad \
            usage, a file of another kind included.
            """
    )

    @Argument(help: ArgumentHelp("The configuration in HAProxy syntax, a name that ends in .cfg.", valueName: "file"))
    var file: String

    func validate() throws {
        guard ConfigurationLanguage(fileName: file) != .yaml else {
            throw ValidationError("\(file) is Herald YAML already; expected a name that ends in .cfg")
        }
    }

    func run() throws {
        let configuration = try ConfigurationFile.read(file)
        let comment = ["Written by 'herald convert' from \(file)."]
        try StandardOutput.write(YAMLWriter.write(configuration.settings, comment: comment))
    }
}
