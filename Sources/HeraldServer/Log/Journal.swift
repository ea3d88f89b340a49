package import HeraldCore
package import LibUV
import Synchronization

/// The process's log: lines go to a thread of their own, and never hold up a loop.
///
/// What a stalled reader leaves no room for is dropped and counted; the count is told once there is room again.
package final class Journal: Sendable {
    package let settings: LogSettings
    private let output: OutputThread
    private let dropped = Atomic<Int>(0)

    /// - Parameter descriptor: where the lines go; 1 for standard output.
    package init(_ settings: LogSettings, descriptor: Int32 = 1) throws(UVError) {
        self.settings = settings
        output = try OutputThread(descriptor: descriptor, capacity: Limits.maximumLogBufferBytes)
    }

    /// Tells of something that happened, from any thread.
    package func event(
        _ level: LogSettings.Level,
        _ message: String,
        _ fields: KeyValuePairs<String, LogLine.Value> = [:]
    ) {
        guard level >= settings.level else { return }
        var bytes: [UInt8] = []
        LogLine(time: .now, level: level, message: message, fields: fields).append(to: &bytes, as: settings.format)
        write(bytes, lineCount: 1)
    }

    /// Takes whole lines over, from any thread.
    func write(_ lines: [UInt8], lineCount: Int) {
        guard output.append(lines) else {
            dropped.wrappingAdd(lineCount, ordering: .relaxed)
            return
        }
        let lost = dropped.exchange(0, ordering: .relaxed)
        guard lost > 0 else { return }
        var warning: [UInt8] = []
        LogLine(
            time: .now,
            level: .warning,
            message: "log lines dropped: their reader is too slow",
            fields: ["lines": .integer(lost)]
        ).append(to: &warning, as: settings.format)
        if !output.append(warning) { dropped.wrappingAdd(lost, ordering: .relaxed) }
    }

    /// Writes what is left, as long as the reader takes it within `limit`.
    package func close(waitingAtMost limit: Duration = .seconds(1)) {
        output.close(waitingAtMost: limit)
    }
}

extension Timestamp {
    package static var now: Timestamp { Timestamp(microsecondsSince1970: SystemInformation.wallClockMicroseconds) }
}
