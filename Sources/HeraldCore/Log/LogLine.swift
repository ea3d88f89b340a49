package import NetworkAddress

/// One event for the log: what happened, and the facts.
package struct LogLine: Sendable {
    package enum Value: Hashable, Sendable {
        case text(String)
        case integer(Int)
        /// Written in milliseconds; say so in the key.
        case milliseconds(Duration)
        case address(SocketAddress)
    }

    package var time: Timestamp
    package var level: LogSettings.Level
    /// Fixed words; facts that vary belong in the fields.
    package var message: String
    /// In the order in which they are written. Keys are in snake case, unlike each other and unlike `time`, `level` and
    /// `message`.
    package var fields: KeyValuePairs<String, Value>

    package init(
        time: Timestamp,
        level: LogSettings.Level,
        message: String,
        fields: KeyValuePairs<String, Value> = [:]
    ) {
        self.time = time
        self.level = level
        self.message = message
        self.fields = fields
    }

    /// Appends the line with its line feed. Whatever the texts have in them, it is one line, and valid JSON where asked.
    package func append(to output: inout [UInt8], as format: LogSettings.Format) {
        LineWriter.append(to: &output, as: format, time: time, level: level, message: message) { line in
            for (key, value) in fields { line.field(key, value) }
        }
    }
}

extension LogLine.Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    package init(stringLiteral value: String) {
        self = .text(value)
    }

    package init(integerLiteral value: Int) {
        self = .integer(value)
    }
}

extension LineWriter {
    mutating func field(_ key: String, _ value: LogLine.Value) {
        switch value {
        case .text(let text): field(key, text)
        case .integer(let number): field(key, number)
        case .milliseconds(let duration): field(key, milliseconds: duration)
        case .address(let address): field(key, address)
        }
    }
}
