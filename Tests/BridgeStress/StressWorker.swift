import LibUV
import NetworkAddress

/// What one loop does: it serves whom the kernel gives it, and its own clients connect to whichever loop that is.
///
/// An actor of its loop; the conversations are tasks of that loop.
actor StressWorker: LoopActor {
    /// Destinations from 127.0.0.2 on, so that the ports of ended connections are not missed. Not the clients' own
    /// address: a connection to a port where nobody listens may come from that same port, and is then made, with itself.
    private static let hostCount = 32
    /// For one connection: far more than any needs, so that only one that hangs is caught.
    private static let patience = Duration.seconds(120)

    nonisolated let loop: EventLoop
    private let neighbour: EventLoop
    private let ledger: Ledger
    private var random: SplitMix
    private var listener: TCPListener?
    private var refusedPort: UInt16 = 0

    init(_ loop: EventLoop, neighbour: EventLoop, _ ledger: Ledger, seed: UInt64, _ index: Int) {
        self.loop = loop
        self.neighbour = neighbour
        self.ledger = ledger
        random = SplitMix(seed: seed &* 1000 &+ UInt64(index))
    }

    // MARK: Server

    /// Opens the listener: the first worker's with a port of the kernel's choice, which the others share.
    func listen(on address: SocketAddress?) -> SocketAddress? {
        let anywhere = SocketAddress(.v4(IPv4Address(0, 0, 0, 0)), port: 0)
        var shared = TCPListener.Options()
        shared.isShared = true
        do throws(UVError) {
            let listener = try TCPListener(loop: loop, address: address ?? anywhere, options: shared) {
                [unowned self] stream, _ in
                StressWorker.tellAccepted(self, stream)
            } onError: { [ledger] error in
                ledger.problem("accepting: \(error)")
            }
            listener.resume()
            self.listener = listener
            // Nobody listens on a port that is bound and closed again, and nobody else gets it so soon.
            let options = TCPListener.Options()
            let closed = try TCPListener(loop: loop, address: anywhere, options: options) { _, _ in
            } onError: { _ in
            }
            refusedPort = closed.localAddress?.port ?? 1
            closed.close()
            return listener.localAddress
        } catch {
            ledger.problem("listening: \(error)")
            return nil
        }
    }

    func close() {
        listener?.close()
        listener = nil
    }

    private static let tellAccepted = StressWorker.entrance { $0.accepted($1) }
    private static let tellArrived = StressWorker.entrance { $0.arrived($1) }

    private func accepted(_ stream: TCPStream) {
        ledger.accept()
        loop.resumeLater(Arrival(channel: Channel(stream), worker: self))
    }

    private final class Arrival: Resumable {
        private let channel: Channel
        private let worker: StressWorker

        init(channel: Channel, worker: StressWorker) {
            self.channel = channel
            self.worker = worker
        }

        func resume() {
            StressWorker.tellArrived(worker, channel)
        }
    }

    private func arrived(_ channel: Channel) {
        loop.spawn { await self.serve(channel) }
    }

    private func serve(_ channel: Channel) async {
        let timer = watch(channel, "a server")
        defer {
            timer.close()
            channel.stream.close()
            ledger.serve()
        }
        channel.start()
        await channel.receive(1)
        // Who gave up has sent nothing.
        guard let plan = channel.firstByte.flatMap(Plan.init(rawValue:)) else { return }
        switch plan {
        case .echo:
            channel.startEcho()
            await channel.receiveEverything()
            channel.stream.endWriting()
        case .serverEnds, .stall:
            _ = await channel.send(plan, upTo: plan.answerBytes)
            channel.stream.endWriting()
            await channel.receiveEverything()
        case .halfClosed:
            await channel.receiveEverything()
            _ = await channel.send(plan, upTo: plan.answerBytes)
        case .clientResets:
            let isSent = await channel.send(plan, upTo: plan.answerBytes)
            await channel.receiveEverything()
            // The kernel tells of a reset once: here or to the write.
            if isSent && channel.error == nil { ledger.problem("\(plan): the server saw a FIN") }
        case .serverResets:
            _ = await channel.send(plan, upTo: plan.answerBytes)
            channel.stream.reset()
        case .canceled, .refused:
            ledger.problem("\(plan) has reached the server")
        }
        if channel.isMangled { ledger.problem("\(plan): what the server received was not what was sent") }
    }

    // MARK: Clients

    func runClients(port: UInt16, concurrency: Int) async {
        // Tasks of this loop: child tasks would be those of the loop of whoever calls.
        let clients = (0..<concurrency).map { _ in
            loop.spawn {
                while let number = self.ledger.begin() { await self.connect(number, port: port) }
            }
        }
        for client in clients { await client.value }
    }

    private func connect(_ number: Int, port: UInt16) async {
        let plan = Plan.next(&random)
        let host = IPAddress.v4(IPv4Address(127, 0, 0, UInt8(2 + number % StressWorker.hostCount)))
        let stream = TCPStream(loop: loop)
        let channel = Channel(stream)
        let timer = watch(channel, "a client")
        defer {
            timer.close()
            stream.close()
            ledger.end(byteCount: channel.receivedCount)
        }
        if number % 16 == 0 { await hop() }
        let isCut = plan == .canceled
        if isCut { cut(stream) }
        let error = await stream.connected(to: SocketAddress(host, port: plan == .refused ? refusedPort : port))
        switch plan {
        case .refused:
            if error != .connectionRefused { ledger.problem("refused: \(error.map { "\($0)" } ?? "connected")") }
        case .canceled:
            // Either may be first.
            if let error, error != .canceled { ledger.problem("canceled: \(error)") }
        default:
            if let error { return ledger.problem("\(plan): can't connect: \(error)") }
            await talk(plan, channel)
        }
    }

    private func talk(_ plan: Plan, _ channel: Channel) async {
        let question = plan.questionBytes(&random)
        if plan != .stall { channel.start() }
        let isSent = await channel.send(plan, upTo: question)
        switch plan {
        case .echo:
            await channel.receive(question)
            expect(plan, channel, question)
            await end(channel, plan)
        case .serverEnds:
            await channel.receiveEverything()
            expect(plan, channel, plan.answerBytes)
            await end(channel, plan)
        case .halfClosed:
            channel.stream.endWriting()
            await channel.receiveEverything()
            expect(plan, channel, plan.answerBytes)
        case .stall:
            await loop.sleep(for: .milliseconds(50))
            channel.start()
            await channel.receiveEverything()
            expect(plan, channel, plan.answerBytes)
        case .clientResets:
            await channel.receive(1 + random.next(below: plan.answerBytes))
            channel.stream.reset()
        case .serverResets:
            await channel.receiveEverything()
            if isSent && channel.error == nil { ledger.problem("\(plan): the client saw a FIN") }
        case .canceled, .refused:
            break
        }
        if channel.isMangled { ledger.problem("\(plan): what the client received was not what was sent") }
    }

    /// Mostly by a reset: each end by FINs keeps a port in TIME_WAIT for a minute, and others on this machine need some.
    private func end(_ channel: Channel, _ plan: Plan) async {
        guard random.next(below: 8) == 0 else { return channel.stream.reset() }
        channel.stream.endWriting()
        await channel.receiveEverything()
        if let error = channel.error { ledger.problem("\(plan), at its end: \(error)") }
    }

    private func expect(_ plan: Plan, _ channel: Channel, _ count: Int) {
        if let error = channel.error { return ledger.problem("\(plan): \(error)") }
        if channel.receivedCount != count { ledger.problem("\(plan): \(channel.receivedCount) bytes of \(count)") }
    }

    // MARK: Disturbances

    /// A timer for each connection, as good as never due.
    private func watch(_ channel: Channel, _ who: String) -> Timer {
        let timer = Timer(loop: loop)
        timer.start(after: StressWorker.patience) { [ledger] in
            ledger.problem("\(who) hangs, after \(channel.receivedCount) bytes")
            channel.stream.reset()
        }
        return timer
    }

    /// Closes a stream that is connecting: at once, within this turn, or a little later.
    private func cut(_ stream: TCPStream) {
        switch random.next(below: 4) {
        case 0: loop.spawn { stream.close() }
        case 1: loop.spawn { stream.reset() }
        case 2: neighbour.execute { [loop] in loop.execute { stream.close() } }
        default:
            let sleeper = loop.spawn { [loop] in
                await loop.sleep(for: .milliseconds(1))
                stream.close()
            }
            if random.next(below: 2) == 0 { sleeper.cancel() }
        }
    }

    /// To the other loop and back.
    private func hop() async {
        await loop.suspend { continuation in
            neighbour.execute { continuation.resume() }
        }
        ledger.hop()
        loop.checkThread()
    }
}

extension TCPStream {
    fileprivate func connected(to address: SocketAddress) async -> UVError? {
        await withCheckedContinuation { continuation in
            connect(to: address) { continuation.resume(returning: $0) }
        }
    }
}
