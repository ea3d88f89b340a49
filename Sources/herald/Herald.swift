import ArgumentParser
import HeraldCore
import LibUV

@main
struct Herald: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "herald",
        abstract: "The TCP proxy that keeps the client's address.",
        discussion: """
            Herald accepts connections, learns who the client is (from the socket or from a PROXY protocol header), \
            picks a healthy server, announces the client to it with send-proxy or send-proxy-v2, and relays the bytes.

            Try it with 'herald demo'. Exit codes: 0 done, 1 bad configuration or start, 2 bad usage.
            """,
        version: "herald \(HeraldVersion.text)",
        subcommands: [
            RunCommand.self, CheckCommand.self, ConvertCommand.self, DecodeCommand.self, HealthCommand.self,
            DemoCommand.self,
        ]
    )

    /// As ArgumentParser's own, but that bad usage exits with 2.
    static func main() {
        StandardStream.holdPlaces()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            guard code == .validationFailure else { exit(withError: error) }
            StandardError.write(fullMessage(for: error))
            exit(withError: ExitCode(2))
        }
    }
}

/// Lines for people, beside what a command prints.
enum StandardError {
    static func write(_ text: String) {
        // Nobody else could be told.
        try? StandardStream.error.write(text + "\n")
    }
}

/// What a command is asked for.
enum StandardOutput {
    /// - Throws: exit code 1 where it can't be written, after saying why.
    static func write(_ text: String) throws {
        do throws(UVError) {
            try StandardStream.output.write(text)
        } catch {
            // A reader who has seen enough, such as head, is no trouble to tell of.
            if error != .brokenPipe {
                StandardError.write("herald: standard output can't be written: \(error.fileReason)")
            }
            throw ExitCode(1)
        }
    }
}
