/// Durations as HAProxy writes them: a whole number and `us`, `ms`, `s`, `m`, `h` or `d`; without a unit, milliseconds.
enum DurationText {
    private static let units: KeyValuePairs<String, Int> = [
        "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1,
    ]

    /// What others write for the units, and what they mean.
    private static let foreignUnits: [String: String] = [
        "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
        "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "msec": "ms", "millis": "ms",
        "milliseconds": "ms", "usec": "us", "µs": "us",
    ]

    private static let expectation = "a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"

    /// Reads a duration of zero or more; microseconds count as the milliseconds that they begin.
    static func parse(_ text: String) throws(Fault) -> Duration {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = String(text.dropFirst(digits.count))
        guard !digits.isEmpty else { throw Fault("\(Quotation.quote(text)) is not a duration", expected: expectation) }
        guard unit.isEmpty || unit == "us" || units.contains(where: { $0.key == unit }) else {
            let word = unit.lowercased().filter { $0 != " " }
            let meant = foreignUnits[word] ?? units.first { $0.key == word }?.key
            throw Fault(
                "\(Quotation.quote(text)) is not a duration",
                expected: expectation,
                suggestion: meant.map { "\(digits)\($0)" }
            )
        }
        guard let number = Int(digits), let milliseconds = milliseconds(number, unit),
            milliseconds <= ConfigurationLimits.maximumDurationMilliseconds
        else { throw Fault("\(Quotation.quote(text)) is too long a duration", expected: "at most 24d") }
        return .milliseconds(milliseconds)
    }

    private static func milliseconds(_ number: Int, _ unit: String) -> Int? {
        if unit == "us" { return number / 1_000 + (number % 1_000 > 0 ? 1 : 0) }
        let factor = units.first { $0.key == unit }?.value ?? 1
        let (product, hasOverflown) = number.multipliedReportingOverflow(by: factor)
        return hasOverflown ? nil : product
    }

    /// The shortest text that reads back as `duration`, in its largest whole unit.
    static func write(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(seconds) * 1_000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        let unit = units.first { milliseconds > 0 && milliseconds % $0.value == 0 }
        return unit.map { "\(milliseconds / $0.value)\($0.key)" } ?? "\(milliseconds)ms"
    }
}
