import HeraldCore
import Testing

@Suite struct ConnectAttemptsTests {
    private let slots = (0..<8).map { _ in ServerSlot() }

    private func settings(retries: Int, connect: Duration = .seconds(5), total: Duration? = nil) -> BackendSettings {
        var settings = BackendSettings(name: "b", servers: [])
        settings.retries = retries
        settings.timeouts.connect = connect
        settings.timeouts.connectTotal = total
        return settings
    }

    @Test func anotherServerIsTriedAsOftenAsRetriesSay() {
        var attempts = ConnectAttempts(settings(retries: 2))
        #expect(attempts.failed(slots[4], elapsed: .zero) == .anotherServer)
        #expect(attempts.failed(slots[2], elapsed: .seconds(60)) == .anotherServer)
        #expect(attempts.retryCount == 2)
        #expect(attempts.failed(slots[7], elapsed: .zero) == .giveUp)
        #expect(attempts.failed.map(ObjectIdentifier.init) == [4, 2, 7].map { ObjectIdentifier(slots[$0]) })
        #expect(attempts.retryCount == 2)
    }

    @Test func withoutRedispatchItIsTheSameServer() {
        var settings = settings(retries: 2)
        settings.redispatches = false
        var attempts = ConnectAttempts(settings)
        #expect(attempts.failed(slots[0], elapsed: .zero) == .sameServer)
        #expect(attempts.failed(slots[0], elapsed: .zero) == .sameServer)
        #expect(attempts.failed(slots[0], elapsed: .zero) == .giveUp)
    }

    @Test func attemptsThatWentToAnotherServerAreCounted() {
        var attempts = ConnectAttempts(settings(retries: 9))
        for slot in [0, 0, 1, 2, 2] { _ = attempts.failed(slots[slot], elapsed: .zero) }
        #expect(attempts.redispatchCount(last: slots[2]) == 2)
        #expect(attempts.redispatchCount(last: slots[5]) == 3)
        #expect(attempts.redispatchCount(last: nil) == 2, "the line was as far as it got")
        #expect(attempts.failedServers.map(ObjectIdentifier.init) == slots.prefix(3).map(ObjectIdentifier.init))
        #expect(ConnectAttempts(settings(retries: 9)).redispatchCount(last: slots[0]) == 0)
    }

    @Test func withoutRetriesTheFirstFailureIsTheLast() {
        var attempts = ConnectAttempts(settings(retries: 0))
        #expect(attempts.failed(slots[0], elapsed: .zero) == .giveUp)
        #expect(attempts.retryCount == 0)
    }

    @Test func allAttemptsTogetherStayWithinTheTotal() {
        let settings = settings(retries: 100, total: .seconds(12))
        #expect(settings.timeouts.attempt(elapsed: .zero) == .seconds(5))
        #expect(settings.timeouts.attempt(elapsed: .seconds(10)) == .seconds(2))
        var attempts = ConnectAttempts(settings)
        #expect(attempts.failed(slots[0], elapsed: .seconds(11)) == .anotherServer)
        #expect(attempts.pause(elapsed: .milliseconds(11_900)) == .milliseconds(100))
        #expect(attempts.failed(slots[1], elapsed: .seconds(12)) == .giveUp)
    }

    @Test func thePauseIsNoLongerThanAConnectMayTake() {
        #expect(ConnectAttempts(settings(retries: 1)).pause(elapsed: .zero) == .seconds(1))
        let short = ConnectAttempts(settings(retries: 1, connect: .milliseconds(200)))
        #expect(short.pause(elapsed: .zero) == .milliseconds(200))
    }
}
