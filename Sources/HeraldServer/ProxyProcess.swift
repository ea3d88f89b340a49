package import HeraldCore
package import LibUV
package import NetworkAddress

/// What runs beside a proxy, on its loops, of which the control loop comes first. Called on the control loop.
package protocol ProxyAttachment: Sendable {
    /// Called before the proxy looks a name up or opens a bind.
    func start(
        beside proxy: any StatusSource,
        loops: [EventLoop],
        settings: ProxySettings
    ) async throws(StartFailure)

    /// Gets ready for other settings, as far as that can fail.
    func prepare(_ settings: ProxySettings) async throws(StartFailure)

    /// What was prepared takes effect.
    func adopt() async

    /// What was prepared is given back.
    func abandon() async

    /// No session is left.
    func close() async
}

/// Runs a proxy on this thread and as many others as are asked for, until it is told to stop.
package enum ProxyProcess {
    /// What a proxy is started with besides its settings.
    package struct Options: Sendable {
        /// Whether somebody at a terminal runs it: then SIGHUP, the terminal's end, stops it like SIGTERM.
        package var isDialogue = false
        /// Where its settings come from; nil for settings that can't change.
        package var source: ConfigurationSource?
        package var attachment: (any ProxyAttachment)?
        /// Called on this thread once clients are taken in, with the addresses that are listened on.
        package var ready: @Sendable ([SocketAddress]) -> Void = { _ in }
        /// Files that the process may have open.
        fileprivate var openFiles = 0

        package init() {}

        /// As many sessions as are asked for, and as the limit on open files allows.
        func maximumSessions(_ settings: ProxySettings) -> Int {
            let checkedServers = settings.backends.reduce(0) { $0 + $1.checkedCount }
            let discoveries = settings.backends.reduce(0) { $0 + $1.discoveries.count }
            let room = Limits.sessions(
                openFiles: openFiles,
                checkedServers: checkedServers,
                discoveries: discoveries
            )
            return min(settings.process.maximumSessions ?? room, room)
        }
    }

    /// - Throws: ``StartFailure`` when it could not start; nothing is left running then.
    package static func run(
        _ settings: ProxySettings,
        journal: Journal,
        options: Options = Options()
    ) throws(StartFailure) -> ProxySummary {
        SignalSource.ignoreBrokenPipes()
        var options = options
        options.openFiles = SystemInformation.raiseOpenFileLimit()
        let threads = settings.process.threads ?? Parallelism.threads
        let loops = try makeLoops(threads)
        let room = options.maximumSessions(settings)
        if let asked = settings.process.maximumSessions, asked > room {
            journal.event(
                .warning,
                "fewer sessions than configured: the limit on open files is too low",
                [
                    "sessions": .integer(room), "configured": .integer(asked),
                    "open_files": .integer(options.openFiles),
                ]
            )
        }
        let proxy = Proxy(settings, loops: loops, journal: journal, options: options)
        let outcome = Outcome()
        loops[0].spawn {
            do throws(StartFailure) {
                outcome.result = .success(try await proxy.run())
            } catch {
                outcome.result = .failure(error)
            }
            for loop in loops.dropFirst() { loop.execute { loop.stop() } }
            loops[0].stop()
        }
        var others: [Thread] = []
        do throws(UVError) {
            for loop in loops.dropFirst() { others.append(try Thread { loop.run() }) }
        } catch {
            throw StartFailure(problems: ["can't start \(threads) threads: \(error)"])
        }
        loops[0].run()
        for thread in others { thread.join() }
        guard let result = outcome.result else { preconditionFailure("the loop ended before the proxy did") }
        return try result.get()
    }

    private static func makeLoops(_ count: Int) throws(StartFailure) -> [EventLoop] {
        var loops: [EventLoop] = []
        do throws(UVError) {
            for _ in 0..<count { loops.append(try EventLoop(readBufferSize: Limits.readBufferBytes)) }
        } catch {
            throw StartFailure(problems: ["can't make an event loop: \(error)"])
        }
        return loops
    }

    // Unchecked: written on the first loop's thread, which is the one that reads it.
    private final class Outcome: @unchecked Sendable {
        var result: Result<ProxySummary, StartFailure>?
    }
}

extension Limits {
    /// Sessions that `openFiles` descriptors are enough for, beside the health checks and look-ups.
    static func sessions(openFiles: Int, checkedServers: Int, discoveries: Int) -> Int {
        let wanted =
            reservedDescriptors + min(checkedServers, maximumConcurrentChecks)
            + min(discoveries, maximumConcurrentLookUps) * descriptorsPerLookUp
        // Where there are few, most are for sessions all the same.
        let reserved = min(wanted, openFiles / 4)
        return min(max(1, (openFiles - reserved) / descriptorsPerSession), maximumSessions)
    }
}

extension BackendSettings {
    fileprivate var checkedCount: Int {
        servers.count { $0.check != nil } + discoveries.reduce(0) { $0 + $1.checkedCount }
    }
}

extension DiscoverySettings {
    fileprivate var checkedCount: Int { prototype.check == nil ? 0 : maximum }
}
