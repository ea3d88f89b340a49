import HeraldCore
import LibUV
import NetworkAddress

/// Asks name servers for all discoveries.
///
/// Lives on the control loop. No more than `Limits.maximumConcurrentLookUps` look-ups are under way at one time.
actor NameService: LoopActor {
    /// What a look-up found.
    enum Answer: Sendable {
        case addresses(NameClient.Addresses)
        /// The records that count, and the addresses of their targets.
        case services([ServiceRecord], targets: [String: NameClient.Addresses])
    }

    nonisolated let loop: EventLoop
    private var running = 0
    private var waiting: [(ticket: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    private var tickets = 0

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Looks up what `settings` say, once. Ends at once, by `NameFailure.canceled`, when the task is cancelled.
    func answer(to settings: DiscoverySettings) async throws(NameFailure) -> Answer {
        guard await enter() else { throw .canceled }
        defer { leave() }
        // One for each look-up: it follows every change of resolv.conf.
        let client = try NameClient(
            loop: loop,
            nameservers: settings.nameservers,
            timeout: settings.timeout ?? NameClient.usualTimeout,
            attempts: settings.attempts ?? NameClient.usualAttempts,
            maximumRecords: Limits.maximumDNSRecords
        )
        defer { client.close() }
        switch settings.source {
        case .addresses(let name, _):
            return .addresses(await addresses(of: name, settings.preference, client))
        case .service(let name):
            let records = try await client.services(of: name).filter { $0.target != "." }
            let targets = Set(records.map(\.target)).sorted().prefix(Limits.maximumServiceTargets)
            return .services(records, targets: await addresses(ofAll: Array(targets), settings.preference, client))
        }
    }

    /// Of both families; but where one is preferred, of the other only where there is none of it.
    private func addresses(
        of name: String,
        _ preference: DiscoverySettings.Family?,
        _ client: NameClient
    ) async -> NameClient.Addresses {
        guard let preference else { return await client.addresses(of: name, families: [.ipv4, .ipv6]) }
        let (first, second): (AddressFamily, AddressFamily) = preference == .ipv4 ? (.ipv4, .ipv6) : (.ipv6, .ipv4)
        let preferred = await client.addresses(of: name, families: [first])
        guard case .failure(let failure)? = preferred[first], failure.isAnswer else { return preferred }
        return preferred.merging(await client.addresses(of: name, families: [second])) { _, new in new }
    }

    /// Not a tuple: from a group's task, Swift 6.3.1 hands on a broken one at -O.
    private struct Target: Sendable {
        let name: String
        let addresses: NameClient.Addresses
    }

    private func addresses(
        ofAll names: [String],
        _ preference: DiscoverySettings.Family?,
        _ client: NameClient
    ) async -> [String: NameClient.Addresses] {
        await withTaskGroup(of: Target.self) { group in
            var found: [String: NameClient.Addresses] = [:]
            for (index, name) in names.enumerated() {
                if index >= Limits.maximumConcurrentTargets, let target = await group.next() {
                    found[target.name] = target.addresses
                }
                group.addTask(executorPreference: loop) { [self] in
                    Target(name: name, addresses: await addresses(of: name, preference, client))
                }
            }
            for await target in group { found[target.name] = target.addresses }
            return found
        }
    }

    // MARK: Turns

    /// Whether it is this task's turn, rather than cancelled.
    private func enter() async -> Bool {
        guard running >= Limits.maximumConcurrentLookUps else {
            running += 1
            return true
        }
        tickets += 1
        let ticket = tickets
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiting.append((ticket, $0)) }
        } onCancel: {
            // Comes after the ticket is in line, as all that is left for the loop.
            loop.execute { self.assumeIsolated { $0.giveUp(ticket) } }
        }
    }

    private func giveUp(_ ticket: Int) {
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return }
        waiting.remove(at: index).continuation.resume(returning: false)
    }

    /// Hands the turn on.
    private func leave() {
        if waiting.isEmpty {
            running -= 1
        } else {
            waiting.removeFirst().continuation.resume(returning: true)
        }
    }
}
