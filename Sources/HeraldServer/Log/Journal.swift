package import HeraldCore
package import LibUV
import Synchronization

/// The process's log: lines go to a thread of their own, and never hold up a loop.
///
/// What a stalled reader leaves no room for is dropped and counted; the count is told once there is room again.
package final class Journal: Sendable {
    private let current: Mutex<LogSettings>
    private let output: OutputThread
    /// Not told of yet.
    private let dropped = Atomic<Int>(0)
    private let allDropped = Atomic<UInt64>(0)

    /// - Parameter descriptor: where the lines go; 1 for standard output.
    package init(_ settings: LogSettings, descriptor: Int32 = 1) throws(UVError) {
        current = Mutex(settings)
        output = try OutputThread(descriptor: descriptor, capacity: Limits.maximumLogBufferBytes)
    }

    package var settings: LogSettings { current.withLock { $0 } }

    /// Lines that a slow reader left no room for, ever.
    package var droppedLines: UInt64 { allDropped.load(ordering: .relaxed) }

    /// Writes by other settings from now on.
    package func adopt(_ settings: LogSettings) {
        current.withLock { $0 = settings }
    }

    /// Tells of something that happened, from any thread.
    package func event(
        _ level: LogSettings.Level,
        _ message: String,
        _ fields: KeyValuePairs<String, LogLine.Value> = [:]
    ) {
        guard level >= settings.level else { return }
        event(LogLine(time: .now, level: level, message: message, fields: fields))
    }

    /// The same, of a line that is made already.
    package func event(_ line: LogLine) {
        let settings = settings
        guard line.level >= settings.level else { return }
        var bytes: [UInt8] = []
        line.append(to: &bytes, as: settings.format)
        write(bytes, lineCount: 1)
    }

    /// Takes whole lines over, from any thread.
    func write(_ lines: [UInt8], lineCount: Int) {
        guard output.append(lines) else {
            dropped.wrappingAdd(lineCount, ordering: .relaxed)
            allDropped.wrappingAdd(UInt64(lineCount), ordering: .relaxed)
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
