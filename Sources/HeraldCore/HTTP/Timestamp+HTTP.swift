extension Timestamp {
    /// As HTTP's Date field has it (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// Of years from 0 to 9999.
    package var httpDate: String {
        let iso = Array("\(self)".utf8)
        func digits(_ range: Range<Int>) -> String { String(decoding: iso[range], as: UTF8.self) }
        let month = Timestamp.monthNames[(Int(digits(5..<7)) ?? 1) - 1]
        return "\(weekday), \(digits(8..<10)) \(month) \(digits(0..<4)) \(digits(11..<19)) GMT"
    }

    /// 1 January 1970 was a Thursday.
    private var weekday: String {
        let microsecondsPerDay: Int64 = 86_400_000_000
        let day = (microsecondsSince1970 % (7 * microsecondsPerDay) + 7 * microsecondsPerDay) / microsecondsPerDay
        return ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(day % 7)]
    }

    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
