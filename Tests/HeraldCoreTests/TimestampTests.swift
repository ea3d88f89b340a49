import Foundation
import HeraldCore
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:00.000Z"), (999_999, "1970-01-01T00:00:00.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (-1000, "1969-12-31T23:59:59.999Z"), (-1001, "1969-12-31T23:59:59.998Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000Z"), (951_868_799_999_999, "2000-02-29T23:59:59.999Z"),
        (951_868_800_000_000, "2000-03-01T00:00:00.000Z"), (1_709_164_800_000_000, "2024-02-29T00:00:00.000Z"),
        (1_767_225_599_999_000, "2025-12-31T23:59:59.999Z"), (1_767_225_600_000_000, "2026-01-01T00:00:00.000Z"),
        (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z"), (4_107_542_399_000_000, "2100-02-28T23:59:59.000Z"),
        (2_147_483_648_000_000, "2038-01-19T03:14:08.000Z"), (253_402_300_799_999_999, "9999-12-31T23:59:59.999Z"),
        (253_402_300_800_000_000, "10000-01-01T00:00:00.000Z"), (-62_167_219_200_000_000, "0000-01-01T00:00:00.000Z"),
        (-62_167_219_200_000_001, "-0001-12-31T23:59:59.999Z"),
    ])
    func momentsAreWrittenInUTC(microseconds: Int64, text: String) {
        #expect(Timestamp(microsecondsSince1970: microseconds).description == text)
    }

    @Test func everyDayOfFourCenturiesFollowsTheOneBefore() {
        var (year, month, day) = (1900, 1, 1)
        // 1900-01-01 is day -25,567.
        for dayNumber in -25_567..<(-25_567 + 146_097) as Range<Int64> {
            let text = Timestamp(microsecondsSince1970: dayNumber * 86_400_000_000).description
            let expected = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)T00:00:00.000Z"
            guard text == expected else {
                Issue.record("day \(dayNumber) is \(text), not \(expected)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    @Test(arguments: [Int64.min, .max])
    func noClockIsTooWrong(microseconds: Int64) {
        #expect(Timestamp(microsecondsSince1970: microseconds).description.hasSuffix("Z"))
    }

    /// From 1621 on: before 1582 Foundation has the Julian calendar.
    @Test func agreesWithFoundation() {
        var random = SplitMix64(seed: 7)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<1000 {
            let milliseconds = Int64.random(in: -11_000_000_000_000...250_000_000_000_000, using: &random)
            // Half a millisecond keeps the floating-point date away from the edges.
            let date = Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1000)
            #expect(Timestamp(microsecondsSince1970: milliseconds * 1000).description == date.formatted(style))
        }
    }
}
