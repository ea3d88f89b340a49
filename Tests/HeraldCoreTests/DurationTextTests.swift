import HeraldCore
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        (Duration.zero, "0 ms"), (.microseconds(412), "0.412 ms"), (.milliseconds(250), "250 ms"),
        (.microseconds(1500), "1.5 ms"), (.milliseconds(1500), "1.5 s"), (.seconds(1), "1 s"),
        (.microseconds(1_000_001), "1.000001 s"), (.seconds(60), "60 s"), (.seconds(90), "90 s"),
        (.seconds(600), "10 min"), (.seconds(601), "601 s"), (.seconds(3600), "60 min"), (.seconds(7200), "2 h"),
        (.nanoseconds(999), "0 ms"), (.milliseconds(-20), "-20 ms"),
    ])
    func saysItShort(duration: Duration, text: String) {
        #expect(duration.plainText == text)
    }

    @Test func hugeDurationsAreCapped() {
        #expect(Duration.seconds(Int64.max).wholeMicroseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeMicroseconds == .min)
        #expect(Duration.milliseconds(-1500).wholeMicroseconds == -1_500_000)
    }
}
