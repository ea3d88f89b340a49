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
    private let service: NameService
    private let journal: Journal
    private var discovered: DiscoveredServers
    private var known = KnownAddresses()
    /// What the pool knows of.
    private var handedOver: [DiscoveredServers.Server] = []
    private var hasAnswer = false
    private var lastAsked = ContinuousClock.now
    /// Why the last look-up failed; nil where it did not.
    private var trouble: String?
    private var leftOutCount = 0

    init(_ settings: DiscoverySettings, backend: String, service: NameService, journal: Journal) {
        self.settings = settings
        self.backend = backend
        self.service = service
        loop = service.loop
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
            let reason = await lookUp()
            if let reason, !hasAnswer {
                throw StartFailure(problems: ["backend '\(backend)': can't resolve '\(name)': \(reason)"])
            }
            if let reason { tell(reason) }
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
            if Task.isCancelled { return }
            let reason = await lookUp()
            if Task.isCancelled { return }
            if let reason { tell(reason) } else { tellThatItAnswers() }
            delay = reason == nil ? settings.refresh : min(settings.refresh, Limits.failedLookUpPause)
            if discovered.servers != handedOver {
                tellOfNew()
                await install(handOver())
            }
        }
    }

    // MARK: Look-ups

    private var name: String {
        switch settings.source {
        case .addresses(let name, _), .service(let name): name
        }
    }

    /// - Returns: why there is no answer, or not a whole one; nil where there is.
    private func lookUp() async -> String? {
        lastAsked = .now
        do throws(NameFailure) {
            let found = take(try await service.answer(to: settings))
            guard !found.endpoints.isEmpty else { return found.unknown ?? found.nothing ?? "it has no address" }
            _ = discovered.received(found.endpoints)
            hasAnswer = true
            tellOfLeftOut(discovered.leftOutCount + found.leftOutCount)
            return found.unknown
        } catch {
            return error.description
        }
    }

    /// What an answer comes to, with what was known before.
    private struct Found {
        var endpoints: [DiscoveredServers.Endpoint] = []
        /// Why not all of it is by this answer.
        var unknown: String?
        /// Why there is nothing.
        var nothing: String?
        /// Records whose target was not asked about, as there were too many.
        var leftOutCount = 0
    }

    private func take(_ answer: NameService.Answer) -> Found {
        switch (answer, settings.source) {
        case (.addresses(let answers), .addresses(let name, let port)):
            let outcome = known.received(Discovery.plain(answers), of: name)
            let endpoints = outcome.addresses.map { DiscoveredServers.Endpoint(SocketAddress($0, port: port)) }
            return Found(endpoints: endpoints, unknown: outcome.unknown, nothing: outcome.nothing)
        case (.services(let records, let targets), _):
            return take(records, targets)
        case (.addresses, .service):
            preconditionFailure("a service is answered by its records")
        }
    }

    private func take(_ records: [ServiceRecord], _ targets: [String: NameClient.Addresses]) -> Found {
        var found = Found()
        var addresses: [String: [IPAddress]] = [:]
        for (target, answers) in targets.sorted(by: { $0.key < $1.key }) {
            let outcome = known.received(Discovery.plain(answers), of: target)
            addresses[target] = outcome.addresses
            if let reason = outcome.unknown, found.unknown == nil { found.unknown = "'\(target)': \(reason)" }
            if let reason = outcome.nothing, found.nothing == nil { found.nothing = "'\(target)': \(reason)" }
        }
        known.forget(allBut: Set(targets.keys))
        found.leftOutCount = records.count { addresses[$0.target] == nil }
        found.endpoints = DiscoveredServers.endpoints(
            of: records.map { record in
                DiscoveredServers.Service(
                    priority: record.priority,
                    weight: record.weight,
                    port: record.port,
                    addresses: addresses[record.target] ?? []
                )
            }
        )
        return found
    }

    private static func plain(
        _ answers: NameClient.Addresses
    ) -> [DiscoverySettings.Family: KnownAddresses.Answer] {
        answers.reduce(into: [:]) { plain, answer in
            plain[answer.key == .ipv4 ? .ipv4 : .ipv6] =
                switch answer.value {
                case .success(let addresses): .addresses(addresses)
                case .failure(let failure) where failure.isAnswer: .nothing(failure.description)
                case .failure(let failure): .unknown(failure.description)
                }
        }
    }

    // MARK: Log

    private func tell(_ reason: String) {
        guard trouble == nil else { return }
        trouble = reason
        journal.event(
            .warning,
            discovered.servers.isEmpty
                ? "name service fails; there is no server yet" : "name service fails; the last answer is kept",
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

    /// Of those that go, the pool tells.
    private func tellOfNew() {
        let before = Set(handedOver.map(\.address))
        for server in discovered.servers where !before.contains(server.address) {
            journal.event(
                .notice,
                "name service lists a server",
                [
                    "backend": .text(backend), "server": .text(server.settings.name),
                    "address": .address(server.address), "name": .text(name),
                ]
            )
        }
    }

    private func tellOfLeftOut(_ count: Int) {
        guard count != leftOutCount else { return }
        leftOutCount = count
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
