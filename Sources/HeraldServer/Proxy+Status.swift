package import HeraldCore
import LibUV
import NetworkAddress

extension Proxy: StatusSource {
    package var readiness: ReadinessReport {
        if stopRequests.count > 0 { return ReadinessReport(reasons: [.draining]) }
        // Every bind is open by then, or the process is not.
        guard takesClients else { return ReadinessReport(reasons: [.starting]) }
        return ReadinessReport(
            reasons: settings.frontends.compactMap { frontend in
                let name = settings.backends[frontend.backend].name
                let hasServer = backends[name]?.locals[0].value.snapshot.hasServer ?? false
                return hasServer ? nil : .noServer(frontend: frontend.name, backend: name)
            }
        )
    }

    package var status: ProxyStatus {
        get async {
            var status = ProxyStatus(
                version: HeraldVersion.text,
                takenAt: .now,
                startedAt: startedAtTime,
                uptime: ContinuousClock.now - startedAt,
                phase: stopRequests.count > 0 ? .draining : takesClients ? .running : .starting,
                readiness: readiness,
                configuration: configuration
            )
            status.sessionCount = processGate.count
            status.sessionLimit = processGate.limit
            status.sessionTotal = processGate.total
            status.residentBytes = SystemInformation.residentBytes
            status.cpuTime = SystemInformation.processorTime
            status.openFiles = SystemInformation.openFileCount
            status.openFileLimit = SystemInformation.openFileLimit
            status.droppedLogLines = journal.droppedLines
            status.diagnoses = diagnoses.all.map(\.text)
            var reports: [Worker.Report] = []
            for worker in workers { reports.append(await onLoop(of: worker) { $0.report }) }
            status.loops = reports.map { LoopStatus(sessionCount: $0.sessionCount, lag: $0.lag) }
            status.frontends = frontends.map { frontendStatus($0, reports) }
            for backend in settings.backends {
                guard let pool = backends[backend.name]?.pool else { continue }
                status.backends.append(await pool.status(reports.map(\.bytes)))
            }
            return status
        }
    }

    private func frontendStatus(_ frontend: RunningFrontend, _ reports: [Worker.Report]) -> FrontendStatus {
        let name = frontend.settings.name
        var counts = FrontendCounts()
        for report in reports {
            if let more = report.counts[name] { counts.add(more) }
        }
        let errors = reports.flatMap { $0.headerErrors[name] ?? [] }.sorted {
            $0.time.microsecondsSince1970 > $1.time.microsecondsSince1970
        }
        return FrontendStatus(
            name: name,
            binds: zip(frontend.settings.binds, frontend.addresses).map { bind, address in
                FrontendStatus.Bind(address: address.description, acceptsProxy: bind.acceptProxy != nil)
            },
            backend: settings.backends[frontend.settings.backend].name,
            sessionCount: frontend.gate.count,
            sessionLimit: frontend.settings.maximumSessions,
            counts: counts,
            headerErrors: Array(errors.prefix(Limits.headerErrorsKept))
        )
    }
}

extension BackendPool {
    /// - Parameter bytes: payload of sessions that go on, by server, one for each loop.
    func status(_ bytes: [[ObjectIdentifier: (fromClients: UInt64, fromServer: UInt64)]]) -> BackendStatus {
        let now = ContinuousClock.now
        return BackendStatus(
            name: settings.name,
            balance: settings.balance,
            queueLength: line.count,
            queueLimit: settings.maximumQueue,
            servers: servers.map { server in
                let slot = server.server.slot
                var counts = slot.counts
                for bytes in bytes {
                    guard let open = bytes[ObjectIdentifier(slot)] else { continue }
                    counts.bytesFromClients += open.fromClients
                    counts.bytesFromServer += open.fromServer
                }
                counts.passedChecks = server.passedChecks
                counts.failedChecks = server.failedChecks
                let member = server.member.settings
                return ServerStatus(
                    name: member.name,
                    address: server.server.address,
                    state: server.condition.state,
                    heldFor: server.condition.since.duration(to: now),
                    reason: server.condition.reason,
                    weight: member.weight,
                    isBackup: member.isBackup,
                    isDiscovered: server.discovery != nil,
                    announcement: member.announcement,
                    sessionCount: slot.sessionCount,
                    sessionLimit: member.maximumSessions,
                    counts: counts,
                    isChecked: server.condition.isChecked,
                    lastCheck: server.condition.lastOutcome
                )
            }
        )
    }
}
