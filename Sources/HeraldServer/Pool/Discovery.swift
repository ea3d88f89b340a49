import HeraldCore
import LibUV
import NetworkAddress

/// Follows the servers that the name service tells of.
///
/// Lives on the control loop. A name service that fails, or knows nothing any more, leaves the last good answer in force;
/// the log says so once, and once when it answers again.
actor Discovery: LoopActor {
    nonisolated let loop: EventLoop
    nonisolated let settings: DiscoverySettings
    private let backend: String
    private let journal: Journal
    private var discovered: DiscoveredServers
    /// What the pool knows of.
    private var handedOver: [DiscoveredServers.Server] = []
    private var hasAnswer = false
    private var lastAsked = ContinuousClock.now
    /// Why the last look-up failed; nil where it did not.
    private var trouble: String?
    private var leftOutCount = 0

    init(_ settings: DiscoverySettings, backend: String, loop: EventLoop, journal: Journal) {
        self.settings = settings
        self.backend = backend
        self.loop = loop
        self.journal = journal
        discovered = DiscoveredServers(settings)
    }

    /// What there is now, for the pool.
    func handOver() -> [BackendPool.Member] {
        handedOver = discovered.servers
        return handedOver.map { BackendPool.Member(settings: $0.settings, address: $0.address) }
    }

    /// Finds the servers for the start.
    ///
    /// - Throws: why there are none, where there must be.
    func first() async throws(StartFailure) {
        switch settings.start {
        case .address(let ip):
            guard case .addresses(_, let port) = settings.source else { return }
            _ = discovered.received([DiscoveredServers.Endpoint(SocketAddress(ip, port: port))])
        case .required:
            if let reason = await lookUp() {
                throw StartFailure(problems: ["backend '\(backend)': can't resolve '\(name)': \(reason)"])
            }
        case .empty:
            let limit = Limits.firstLookUpTimeout
            let reason = await withTaskGroup(of: String?.self) { group in
                group.addTask(executorPreference: loop) { [self] in await lookUp() }
                group.addTask(executorPreference: loop) { [loop] in
                    await loop.sleep(for: limit)
                    return "no answer within \(limit.plainText)"
                }
                // Whatever comes first.
                let reason = await group.next() ?? nil
                group.cancelAll()
                return reason
            }
            if let reason { tell(reason) }
        }
    }

    /// Looks up again and again until the task is cancelled.
    ///
    /// - Parameter install: takes over the whole list, each time that it has changed.
    func follow(_ install: @Sendable ([BackendPool.Member]) async -> Void) async {
        var random = SystemRandomNumberGenerator()
        // An address that was only for the start gives way at once; and reloads put no look-up off.
        var delay = hasAnswer ? max(.zero, settings.refresh - (.now - lastAsked)) : .zero
        while !Task.isCancelled {
            await loop.sleep(for: CheckSchedule.nextDelay(interval: delay, using: &random))
            delay = settings.refresh
            if Task.isCancelled { return }
            let reason = await lookUp()
            if Task.isCancelled { return }
            if let reason { tell(reason) } else { tellThatItAnswers() }
            if discovered.servers != handedOver { await install(handOver()) }
        }
    }

    // MARK: Look-ups

    /// Not a tuple: from a group's task, Swift 6.3.1 hands on a broken one at -O.
    private struct Answer: Sendable {
        let name: String
        let result: Result<[IPAddress], NameFailure>
    }

    private var name: String {
        switch settings.source {
        case .addresses(let name, _), .service(let name): name
        }
    }

    /// - Returns: why there is no answer; nil where there is one.
    private func lookUp() async -> String? {
        lastAsked = .now
        do throws(NameFailure) {
            let client = try NameClient(
                loop: loop,
                nameservers: settings.nameservers,
                timeout: settings.timeout ?? NameClient.usualTimeout,
                attempts: settings.attempts ?? NameClient.usualAttempts,
                maximumRecords: Limits.maximumDNSRecords
            )
            defer { client.close() }
            let endpoints = try await endpoints(client)
            guard !endpoints.isEmpty else { throw .noRecords }
            _ = discovered.received(endpoints)
            hasAnswer = true
            tellOfLeftOut()
            return nil
        } catch {
            return error.description
        }
    }

    private func endpoints(_ client: NameClient) async throws(NameFailure) -> [DiscoveredServers.Endpoint] {
        switch settings.source {
        case .addresses(let name, let port):
            return try await addresses(of: name, client).map { .init(SocketAddress($0, port: port)) }
        case .service(let name):
            let records = try await client.services(of: name).filter { $0.target != "." }
            let targets = Set(records.map(\.target)).sorted().prefix(Limits.maximumServiceTargets)
            let addresses = await withTaskGroup(of: Answer.self) { group in
                for target in targets {
                    group.addTask(executorPreference: loop) { [self] in
                        do throws(NameFailure) {
                            return Answer(name: target, result: .success(try await self.addresses(of: target, client)))
                        } catch {
                            return Answer(name: target, result: .failure(error))
                        }
                    }
                }
                var answers: [String: Result<[IPAddress], NameFailure>] = [:]
                for await answer in group { answers[answer.name] = answer.result }
                return answers
            }
            var services: [DiscoveredServers.Service] = []
            for record in records {
                switch addresses[record.target] {
                case .success(let addresses)?:
                    services.append(
                        .init(
                            priority: record.priority,
                            weight: record.weight,
                            port: record.port,
                            addresses: addresses
                        )
                    )
                // A target without an address serves nobody; one that is not known must not look as if it were gone.
                case .failure(let failure)? where !failure.isAnswer: throw failure
                case .failure?, nil: break
                }
            }
            return DiscoveredServers.endpoints(of: services)
        }
    }

    /// Of both families: where one can't be asked for that has servers now, there is no answer, or they would look gone. Some
    /// name servers never answer for the family that they have nothing of.
    private func addresses(of name: String, _ client: NameClient) async throws(NameFailure) -> [IPAddress] {
        let answers = await client.addresses(of: name, families: Set(AddressFamily.allCases))
        var found: [IPAddress] = []
        var nothing = NameFailure.noRecords
        for family in AddressFamily.allCases {
            switch answers[family] {
            case .success(let addresses)?: found += addresses
            case .failure(let failure)? where !failure.isAnswer && has(family): throw failure
            case .failure(let failure)?: nothing = failure
            case nil: break
            }
        }
        if found.isEmpty { throw nothing }
        return found
    }

    private func has(_ family: AddressFamily) -> Bool {
        discovered.servers.contains { $0.address.ip.isIPv4 == (family == .ipv4) }
    }

    // MARK: Log

    private func tell(_ reason: String) {
        guard trouble == nil else { return }
        trouble = reason
        journal.event(
            .warning,
            hasAnswer ? "name service fails; the last answer is kept" : "name service fails; there is no server yet",
            ["backend": .text(backend), "name": .text(name), "reason": .text(reason)]
        )
    }

    private func tellThatItAnswers() {
        guard trouble != nil else { return }
        trouble = nil
        journal.event(
            .notice,
            "name service answers again",
            ["backend": .text(backend), "name": .text(name), "servers": .integer(discovered.servers.count)]
        )
    }

    private func tellOfLeftOut() {
        guard discovered.leftOutCount != leftOutCount else { return }
        leftOutCount = discovered.leftOutCount
        guard leftOutCount > 0 else { return }
        journal.event(
            .warning,
            "name service has more addresses than servers may be",
            [
                "backend": .text(backend), "name": .text(name), "maximum": .integer(settings.maximum),
                "left_out": .integer(leftOutCount),
            ]
        )
    }
}
