import HeraldCore
import Testing

@Suite struct WorkRestTests {
    private let start = ContinuousClock.now

    @Test func beforeAnyWorkThereIsNothingToGiveAgain() {
        #expect(!WorkRest().holds(at: start))
    }

    @Test func itLastsNineTimesAsLongAsTheWork() {
        var rest = WorkRest()
        rest.worked(from: start, to: start + .milliseconds(20))
        #expect(rest.holds(at: start + .milliseconds(20)))
        #expect(rest.holds(at: start + .milliseconds(199)))
        #expect(!rest.holds(at: start + .milliseconds(200)))
    }

    @Test func itIsNeverLongerThanASecond() {
        var rest = WorkRest()
        rest.worked(from: start, to: start + .seconds(5))
        #expect(rest.holds(at: start + .milliseconds(5999)))
        #expect(!rest.holds(at: start + .seconds(6)))
    }

    @Test func workThatTakesNoTimeNeedsNoRest() {
        var rest = WorkRest()
        rest.worked(from: start, to: start)
        #expect(!rest.holds(at: start))
    }
}
