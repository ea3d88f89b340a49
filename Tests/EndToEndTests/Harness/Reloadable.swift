import Foundation
import Glibc

/// A configuration in YAML of a few parts, which a test changes one by one.
struct ReloadedFile {
    /// Lines of the top level.
    var head = ""
    /// The frontend `web`'s binds.
    var binds: [String]
    /// Further lines of the frontend, in flow style behind the others.
    var frontend = ""
    var frontendName = "web"
    var backendName = "back"
    /// Further lines of the backend.
    var backend = ""
    /// `name: value`
    var servers: [String]
    /// Further frontends and backends, in flow style.
    var moreFrontends: [String] = []
    var moreBackends: [String] = []

    /// One server is named as it tells itself.
    init(binds: UInt16..., servers: RecordingServer...) {
        self.binds = binds.map { "127.0.0.1:\($0)" }
        self.servers = servers.map { "\($0.name): \"\($0.address)\"" }
    }

    func named(backend name: String) -> ReloadedFile {
        var file = self
        file.backendName = name
        return file
    }

    var text: String {
        let frontends = [
            "\(frontendName): { bind: [\(binds.joined(separator: ", "))], default-backend: \(backendName)\(frontend) }"
        ]
        let backends = ["\(backendName): { servers: { \(servers.joined(separator: ", ")) }\(backend) }"]
        return """
            \(head)
            frontends:
              \((frontends + moreFrontends).joined(separator: "\n  "))
            backends:
              \((backends + moreBackends).joined(separator: "\n  "))

            """
    }
}

extension Herald {
    convenience init(
        _ file: ReloadedFile,
        ports: UInt16...,
        threads: Int = 2,
        arguments: [String] = []
    ) throws {
        try self.init(starting: file.text, as: .yaml, arguments: ["--threads", "\(threads)"] + arguments)
        try process.waitUntilListening(on: ports)
        guard logs("ready") else { throw HarnessError("herald does not get ready") }
    }

    /// Puts another configuration in the place of the file's, all at once.
    func replaceFile(_ text: String) throws {
        try text.write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// Reloads by SIGHUP, and waits until that is done.
    func reload(_ next: ReloadedFile, within limit: Duration = patience) throws {
        let count = events("reloaded").count
        try replaceFile(next.text)
        process.signal(SIGHUP)
        guard logs("reloaded", times: count + 1, within: limit) else { throw HarnessError("herald does not reload") }
    }

    /// Reloads by SIGHUP in vain, and returns what the log says of it.
    func reloadInVain(_ text: String) throws -> [String] {
        let message = "not reloaded; all goes on as before"
        let count = events(message).count
        try replaceFile(text)
        process.signal(SIGHUP)
        guard logs(message, times: count + 1) else { throw HarnessError("herald does not say that it can't reload") }
        _ = becomesTrue { facts.isAsleep }
        return events(message).dropFirst(count).map { $0["problem"] ?? "" }
    }
}
