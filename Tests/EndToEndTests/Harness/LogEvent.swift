import Foundation

/// A line of the log, as `--log-format json` writes it: its message and its fields as text.
struct LogEvent {
    let message: String
    let level: String
    private let fields: [String: String]

    init?(_ line: Substring) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let message = object["message"] as? String, let level = object["level"] as? String
        else { return nil }
        self.message = message
        self.level = level
        fields = object.mapValues { "\($0)" }
    }

    subscript(key: String) -> String? { fields[key] }
}

extension Herald {
    /// All lines so far.
    var log: [LogEvent] {
        process.output.split(separator: "\n").compactMap { LogEvent($0) }
    }

    /// Lines so far with this message.
    func events(_ message: String) -> [LogEvent] {
        log.filter { $0.message == message }
    }

    /// Waits until there are so many lines with this message; false where they don't come.
    func logs(_ message: String, times: Int = 1, within limit: Duration = patience) -> Bool {
        becomesTrue(within: limit) { events(message).count >= times }
    }
}
