extension Duration {
    /// In plain words, with the unit that says it shortest: `250 ms`, `1.5 s`, `10 min`, `2 h`.
    ///
    /// What is less than a microsecond is cut off.
    package var plainText: String {
        let microseconds = wholeMicroseconds
        let magnitude = microseconds.magnitude
        let sign = microseconds < 0 ? "-" : ""
        for (name, size) in [("h", UInt64(3_600_000_000)), ("min", 60_000_000)]
        where magnitude >= 2 * size && magnitude.isMultiple(of: size) {
            return "\(sign)\(magnitude / size) \(name)"
        }
        let (name, size) = magnitude >= 1_000_000 ? ("s", UInt64(1_000_000)) : ("ms", 1_000)
        var decimals = String(1_000_000 + magnitude % size * (1_000_000 / size)).dropFirst()
        while decimals.last == "0" { decimals.removeLast() }
        return "\(sign)\(magnitude / size)\(decimals.isEmpty ? "" : ".")\(decimals) \(name)"
    }

    /// Cut towards zero; durations beyond 292,000 years are the largest or smallest number.
    package var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, isTooLargeInAll) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return isTooLarge || isTooLargeInAll ? (seconds < 0 ? .min : .max) : sum
    }
}
