import ArgumentParser

@main
struct Herald: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "herald",
        abstract: "A layer-4 proxy that keeps the client's address.",
        subcommands: [CheckCommand.self, ConvertCommand.self]
    )
}
