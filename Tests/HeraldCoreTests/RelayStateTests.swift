import HeraldCore
import Testing

@Suite struct RelayStateTests {
    @Test func aConversationThatFlowsFreely() {
        var state = RelayState()
        #expect(state.received(100, from: .client, hasRemainder: false) == .readOn)
        #expect(state.received(300, from: .server, hasRemainder: false) == .readOn)
        #expect(state.ended(.client) == .sendFin)
        #expect(state.isEnded(.client))
        #expect(!state.isEnded(.server))
        #expect(state.received(50, from: .server, hasRemainder: false) == .readOn)
        #expect(state.ended(.server) == .finish)
        #expect(state.byteCount(from: .client) == 100)
        #expect(state.byteCount(from: .server) == 350)
    }

    @Test func aSideThatIsHeldIsReadAgainOnceItsRemainderIsTaken() {
        var state = RelayState()
        #expect(state.received(100, from: .client, hasRemainder: true) == .hold)
        #expect(state.isHeld(.client))
        #expect(!state.isHeld(.server))
        // The other direction is none the worse.
        #expect(state.received(10, from: .server, hasRemainder: false) == .readOn)
        #expect(state.flushed(.client) == .readOn)
        #expect(!state.isHeld(.client))
        #expect(state.byteCount(from: .client) == 100)
    }

    @Test func aFinWaitsForTheRemainderBeforeIt() {
        var state = RelayState()
        #expect(state.received(1, from: .server, hasRemainder: true) == .hold)
        #expect(state.ended(.server) == .wait)
        #expect(state.flushed(.server) == .sendFin)
        #expect(state.ended(.client) == .finish)
    }

    @Test func theLastRemainderFinishes() {
        var state = RelayState()
        #expect(state.received(1, from: .server, hasRemainder: true) == .hold)
        #expect(state.ended(.server) == .wait)
        #expect(state.ended(.client) == .sendFin)
        #expect(state.flushed(.server) == .finish)
    }

    @Test func bothRemaindersAreWaitedFor() {
        var state = RelayState()
        for side in [SessionSide.client, .server] {
            #expect(state.received(1, from: side, hasRemainder: true) == .hold)
            #expect(state.ended(side) == .wait)
        }
        #expect(state.flushed(.client) == .sendFin)
        #expect(state.flushed(.server) == .finish)
    }

    @Test func sidesAreEachOthersOther() {
        #expect(SessionSide.client.other == .server)
        #expect(SessionSide.server.other == .client)
    }

    @Test func whatCannotHappenTraps() async {
        await #expect(processExitsWith: .failure) {
            var state = RelayState()
            _ = state.received(1, from: .client, hasRemainder: true)
            _ = state.received(1, from: .client, hasRemainder: false)
        }
        await #expect(processExitsWith: .failure) {
            var state = RelayState()
            _ = state.ended(.client)
            _ = state.received(1, from: .client, hasRemainder: false)
        }
        await #expect(processExitsWith: .failure) {
            var state = RelayState()
            _ = state.ended(.client)
            _ = state.ended(.client)
        }
        await #expect(processExitsWith: .failure) {
            var state = RelayState()
            _ = state.flushed(.client)
        }
    }

    /// Two directions as a socket would have them, which do as they are told and keep their own account.
    private struct Wire {
        /// Bytes that are yet to come, and then a FIN.
        var coming: Int
        var received = 0
        var held = 0
        var delivered = 0
        var isRead = true
        var hasEnded = false
        var finDelivered = false

        var canRead: Bool { isRead && coming > 0 }
        /// A FIN may be seen by the read that has left the remainder, too.
        var canEnd: Bool { coming == 0 && !hasEnded && (isRead || held > 0) }
        var canFlush: Bool { held > 0 }
        var isDone: Bool { hasEnded && held == 0 }
    }

    @Test(arguments: 0..<2000 as Range<UInt64>)
    func everyByteIsDeliveredBeforeItsFinAndTheRelayFinishesOnce(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var state = RelayState()
        var client = Wire(coming: Int.random(in: 0...5000, using: &random))
        var server = Wire(coming: Int.random(in: 0...5000, using: &random))
        let totals = (client.coming, server.coming)
        var isFinished = false

        while !isFinished {
            let side: SessionSide = Bool.random(using: &random) ? .client : .server
            var wire = side == .client ? client : server
            let other = side == .client ? server : client
            switch Int.random(in: 0..<3, using: &random) {
            case 0 where wire.canRead:
                let count = Int.random(in: 1...wire.coming, using: &random)
                // Mostly all is taken.
                let taken = Bool.random(using: &random) ? count : Int.random(in: 0...count, using: &random)
                wire.coming -= count
                wire.received += count
                wire.delivered += taken
                wire.held = count - taken
                let action = state.received(count, from: side, hasRemainder: taken < count)
                #expect(action == (taken < count ? .hold : .readOn))
                wire.isRead = action == .readOn
            case 1 where wire.canEnd:
                wire.hasEnded = true
                wire.isRead = false
                switch state.ended(side) {
                case .sendFin:
                    #expect(wire.held == 0 && !other.isDone)
                    wire.finDelivered = true
                case .wait:
                    #expect(wire.held > 0)
                case .finish:
                    #expect(wire.isDone && other.isDone)
                    isFinished = true
                }
            case 2 where wire.canFlush:
                wire.delivered += wire.held
                wire.held = 0
                switch state.flushed(side) {
                case .readOn:
                    #expect(!wire.hasEnded)
                    wire.isRead = true
                case .sendFin:
                    #expect(wire.hasEnded && !other.isDone)
                    wire.finDelivered = true
                case .finish:
                    #expect(wire.isDone && other.isDone)
                    isFinished = true
                }
            default:
                continue
            }
            if side == .client { client = wire } else { server = wire }
            #expect(state.isHeld(side) == (wire.held > 0))
            #expect(state.isEnded(side) == wire.hasEnded)
            #expect(state.byteCount(from: side) == UInt64(wire.received))
            #expect(isFinished == (client.isDone && server.isDone))
        }
        #expect((client.delivered, server.delivered) == totals)
        // One direction's FIN was passed on; the other one's is the close of the finished relay.
        #expect(client.finDelivered != server.finDelivered)
    }
}

@Suite struct SilenceLimitsTests {
    private func limits(
        client: Int? = nil,
        clientFin: Int? = nil,
        server: Int? = nil,
        serverFin: Int? = nil,
        tunnel: Int? = nil
    ) -> SilenceLimits {
        var frontend = FrontendSettings(name: "f", binds: [], backend: 0)
        frontend.clientTimeout = client.map { .seconds($0) }
        frontend.clientFinTimeout = clientFin.map { .seconds($0) }
        var backend = BackendSettings(name: "b", servers: [])
        backend.timeouts.server = server.map { .seconds($0) }
        backend.timeouts.serverFin = serverFin.map { .seconds($0) }
        backend.timeouts.tunnel = tunnel.map { .seconds($0) }
        return SilenceLimits(frontend: frontend, backend: backend)
    }

    @Test func withoutTimeoutsARelayMayBeSilentForEver() {
        let limits = limits()
        #expect(limits.shortest == nil)
        var state = RelayState()
        #expect(limits.current(state) == nil)
        _ = state.ended(.client)
        #expect(limits.current(state) == nil)
        _ = state.ended(.server)
        #expect(limits.current(state) == nil)
    }

    @Test func theShorterOfBothSidesIsInForce() {
        #expect(limits(client: 10, server: 20).open == .seconds(10))
        #expect(limits(client: 20, server: 10).open == .seconds(10))
        #expect(limits(client: 20).open == .seconds(20))
        #expect(limits(server: 20).open == .seconds(20))
    }

    @Test func tunnelTakesThePlaceOfBoth() {
        #expect(limits(client: 10, server: 20, tunnel: 3600).open == .seconds(3600))
        #expect(limits(tunnel: 3600).shortest == .seconds(3600))
        #expect(limits(client: 10, tunnel: 3600).clientFin == .seconds(3600))
    }

    @Test func theSideThatIsWaitedForHasItsOwn() throws {
        let limits = limits(client: 10, clientFin: 1, server: 20, serverFin: 2)
        var state = RelayState()
        #expect(try #require(limits.current(state)) == (.seconds(10), .idleTimeout))
        _ = state.ended(.server)
        #expect(try #require(limits.current(state)) == (.seconds(1), .clientFinTimeout))
        var other = RelayState()
        _ = other.ended(.client)
        #expect(try #require(limits.current(other)) == (.seconds(2), .serverFinTimeout))
        #expect(limits.shortest == .seconds(1))
    }

    @Test(arguments: [(SessionSide.client, SessionEnding.serverFinTimeout), (.server, .clientFinTimeout)])
    func whereBothHaveEndedItIsWhoDoesNotTakeTheRest(source: SessionSide, ending: SessionEnding) throws {
        let limits = limits(clientFin: 1, serverFin: 2)
        var state = RelayState()
        _ = state.received(1, from: source, hasRemainder: true)
        _ = state.ended(source)
        _ = state.ended(source.other)
        #expect(try #require(limits.current(state)).ending == ending)
    }

    @Test func withoutItsOwnItGoesOnWithWhatWasInForce() throws {
        let limits = limits(client: 10, server: 20)
        var state = RelayState()
        _ = state.ended(.client)
        #expect(try #require(limits.current(state)) == (.seconds(10), .serverFinTimeout))
        #expect(limits.shortest == .seconds(10))
    }

    @Test func aFinTimeoutAloneIsLookedAtFromTheStart() throws {
        let limits = limits(serverFin: 2)
        var state = RelayState()
        #expect(limits.shortest == .seconds(2))
        #expect(limits.current(state) == nil)
        _ = state.ended(.client)
        #expect(try #require(limits.current(state)) == (.seconds(2), .serverFinTimeout))
    }
}
