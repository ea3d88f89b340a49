package import HeraldCore
package import LibUV
package import NetworkAddress

/// One backend: which servers it has, which of them are up, and who hears of it.
///
/// Lives on the control loop. Sessions never call it: each change is published to every loop as a new `PoolSnapshot`,
/// and a pick reads that.
package actor BackendPool: LoopActor {
    /// A server with its address looked up.
    package struct Member: Sendable {
        package let settings: ServerSettings
        package let address: SocketAddress

        package init(settings: ServerSettings, address: SocketAddress) {
            self.settings = settings
            self.address = address
        }
    }

    private let name: String
    package let loop: EventLoop
    private let journal: Journal
    private let members: [Member]
    private let turns = TurnCounter()
    private let publish: @Sendable (PoolSnapshot) -> Void
    /// nil for a server that is not checked.
    private var trackers: [HealthTracker?]

    /// - Parameter publish: called on the control loop with each new snapshot, the first one at once.
    package init(
        _ settings: BackendSettings,
        members: [Member],
        loop: EventLoop,
        journal: Journal,
        publish: @escaping @Sendable (PoolSnapshot) -> Void
    ) {
        name = settings.name
        self.members = members
        self.loop = loop
        self.journal = journal
        self.publish = publish
        trackers = members.map { member in
            member.settings.isDisabled ? nil : member.settings.check.map { HealthTracker(settings: $0, at: .now) }
        }
    }

    /// How the backend looks now.
    package var snapshot: PoolSnapshot {
        let servers = members.indices.map { index in
            let member = members[index]
            return PoolSnapshot.Server(
                index: index,
                name: member.settings.name,
                address: member.address,
                announcement: member.settings.announcement,
                isUp: !member.settings.isDisabled && trackers[index]?.state != .down
            )
        }
        return PoolSnapshot(servers: servers, weights: members.map(\.settings.weight), turns: turns)
    }

    /// Checks every server that is to be checked until the task is cancelled.
    ///
    /// - Parameters:
    ///   - first: how many servers of other backends are checked before these, so that all are spread over time.
    ///   - total: how many servers are checked in all.
    package func checkHealth(with checker: HealthChecker, first: Int, of total: Int) async {
        await withDiscardingTaskGroup { group in
            var slot = first
            for index in members.indices where trackers[index] != nil {
                let mySlot = slot
                slot += 1
                group.addTask(executorPreference: loop) {
                    await self.checkRepeatedly(index, with: checker, slot: mySlot, of: total)
                }
            }
        }
    }

    /// Servers that are checked.
    package var checkedCount: Int { trackers.count { $0 != nil } }

    private func checkRepeatedly(_ index: Int, with checker: HealthChecker, slot: Int, of total: Int) async {
        guard let interval = trackers[index]?.nextInterval else { return }
        var random = SystemRandomNumberGenerator()
        await loop.sleep(
            for: CheckSchedule.firstDelay(server: slot, of: total, interval: interval, using: &random)
        )
        while !Task.isCancelled, let timeout = trackers[index]?.timeout {
            let began = loop.now
            let outcome = await checker.check(members[index], timeout: timeout)
            if Task.isCancelled { return }
            record(outcome, for: index)
            guard let interval = trackers[index]?.nextInterval else { return }
            let delay = CheckSchedule.nextDelay(interval: interval, using: &random)
            await loop.sleep(for: delay - .milliseconds(Int(loop.now - began)))
        }
    }

    private func record(_ outcome: CheckOutcome, for index: Int) {
        guard let transition = trackers[index]?.record(outcome, at: .now) else { return }
        let snapshot = snapshot
        publish(snapshot)
        let server = members[index]
        journal.event(
            transition.to == .down ? .warning : .notice,
            "server \(transition.to)",
            [
                "backend": .text(name), "server": .text(server.settings.name), "address": .address(server.address),
                "reason": .text(transition.outcome.description), "checks": .integer(transition.checks),
                "held": .text(transition.heldFor.plainText),
            ]
        )
        if transition.to == .down && !snapshot.servers.contains(where: \.isUp) {
            journal.event(.error, "backend has no server left", ["backend": .text(name)])
        }
    }
}
