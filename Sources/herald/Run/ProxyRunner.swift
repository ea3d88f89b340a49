import ArgumentParser
import HeraldCore
import HeraldServer
import LibUV

/// Runs a proxy in the foreground, with the log on standard output.
enum ProxyRunner {
    /// - Parameter isDialogue: whether somebody at a terminal runs it, and it is to end with that.
    /// - Throws: exit code 1 when it could not start; the reasons are on standard error.
    static func run(
        _ settings: ProxySettings,
        isDialogue: Bool = false,
        greeting: String = "",
        farewell: (ProxySummary) -> String = { _ in "" }
    ) throws {
        let journal = try Journal(settings.process.log)
        do throws(StartFailure) {
            let summary = try ProxyProcess.run(
                settings,
                journal: journal,
                isDialogue: isDialogue,
                attachment: settings.process.admin.map { AdminAttachment.at($0, journal: journal) },
                ready: { _ in
                    StandardStream.output.write(greeting)
                    StartupPages.release()
                }
            )
            journal.close()
            StandardStream.output.write(farewell(summary))
        } catch {
            journal.close()
            for problem in error.problems { StandardError.write("herald: error: \(problem)") }
            throw ExitCode(1)
        }
    }
}
