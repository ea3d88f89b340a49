/// A moment of the wall clock, for people to read. Durations and deadlines use monotonic time instead.
package struct Timestamp: Hashable, Sendable {
    /// Without leap seconds, as POSIX has it; negative before 1970.
    package var microsecondsSince1970: Int64

    package init(microsecondsSince1970: Int64) {
        self.microsecondsSince1970 = microsecondsSince1970
    }

    /// Writes it in UTC and milliseconds (cut, not rounded), as ISO 8601 and RFC 3339 have it: `2026-01-31T23:59:59.999Z`.
    ///
    /// Years beyond 9999 have as many digits as they need, those before 0 a sign, as in ISO 8601's expanded form.
    package func append(to output: inout [UInt8]) {
        let (days, microseconds) = microsecondsSince1970.dividedFloor(by: 86_400_000_000)
        let (year, month, day) = Timestamp.civilDate(daysSince1970: days)
        let milliseconds = UInt64(microseconds / 1000)

        if year < 0 { output.append(UInt8(ascii: "-")) }
        output.appendDecimal(year.magnitude, minimumDigits: 4)
        output.append(UInt8(ascii: "-"))
        output.appendDecimal(month, minimumDigits: 2)
        output.append(UInt8(ascii: "-"))
        output.appendDecimal(day, minimumDigits: 2)
        output.append(UInt8(ascii: "T"))
        output.appendDecimal(milliseconds / 3_600_000, minimumDigits: 2)
        output.append(UInt8(ascii: ":"))
        output.appendDecimal(milliseconds / 60_000 % 60, minimumDigits: 2)
        output.append(UInt8(ascii: ":"))
        output.appendDecimal(milliseconds / 1000 % 60, minimumDigits: 2)
        output.append(UInt8(ascii: "."))
        output.appendDecimal(milliseconds % 1000, minimumDigits: 3)
        output.append(UInt8(ascii: "Z"))
    }

    /// The date of a day in the Gregorian calendar, carried on backwards before 1582.
    ///
    /// Counts from 1 March, so that a leap day is the last day of its year, and in eras of 400 years, which all have the
    /// same length (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
    private static func civilDate(daysSince1970: Int64) -> (year: Int64, month: UInt64, day: UInt64) {
        let daysPerEra: Int64 = 146_097
        let daysFromMarchOfYear0To1970: Int64 = 719_468
        let (era, dayOfEra) = (daysSince1970 + daysFromMarchOfYear0To1970).dividedFloor(by: daysPerEra)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), UInt64(month), UInt64(day))
    }
}

extension Timestamp: CustomStringConvertible {
    package var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Int64 {
    /// Quotient rounded down, so that the remainder is never negative. Precondition: the divisor is positive.
    fileprivate func dividedFloor(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
