import ArgumentParser
import HeraldCore
import HeraldServer
import LibUV

/// Runs a proxy in the foreground, with the log on standard output.
enum ProxyRunner {
    /// - Parameters:
    ///   - source: where the settings came from, and are read from again.
    ///   - isDialogue: whether somebody at a terminal runs it, and it is to end with that.
    /// - Throws: exit code 1 when it could not start; the reasons are on standard error.
    static func run(
        _ settings: ProxySettings,
        source: ConfigurationSource? = nil,
        isDialogue: Bool = false,
        greeting: String = "",
        farewell: (ProxySummary) -> String = { _ in "" }
    ) throws {
        let journal = try Journal(settings.process.log)
        var options = ProxyProcess.Options()
        options.source = source
        options.isDialogue = isDialogue
        options.attachment = AdminAttachment(journal: journal)
        options.ready = { _ in
            try? StandardStream.output.write(greeting)
            StartupPages.release()
        }
        do throws(StartFailure) {
            let summary = try ProxyProcess.run(
                settings,
                journal: journal,
                options: options
            )
            journal.close()
            try? StandardStream.output.write(farewell(summary))
        } catch {
            journal.close()
            for problem in error.problems { StandardError.write("herald: error: \(problem)") }
            throw ExitCode(1)
        }
    }
}
