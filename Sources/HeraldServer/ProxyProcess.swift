package import HeraldCore
package import LibUV
package import NetworkAddress

/// Starts what is to run beside a proxy, on its loops, of which the control loop comes first.
///
/// Called on the control loop, before the proxy looks a name up or opens a bind.
/// - Returns: what ends it, called on the control loop once no session is left.
package typealias ProxyAttachment =
    @Sendable (_ proxy: any ReadinessSource, _ loops: [EventLoop]) async throws(StartFailure) ->
    @Sendable () async -> Void

/// Runs a proxy on this thread and as many others as are asked for, until it is told to stop.
package enum ProxyProcess {
    /// - Parameters:
    ///   - isDialogue: whether somebody at a terminal runs it: then SIGHUP, the terminal's end, stops it like SIGTERM.
    ///   - attachment: nil for a proxy on its own.
    ///   - ready: called on this thread once clients are taken in, with the addresses that are listened on.
    /// - Throws: ``StartFailure`` when it could not start; nothing is left running then.
    package static func run(
        _ settings: ProxySettings,
        journal: Journal,
        isDialogue: Bool = false,
        attachment: ProxyAttachment? = nil,
        ready: @escaping @Sendable ([SocketAddress]) -> Void = { _ in }
    ) throws(StartFailure) -> ProxySummary {
        SignalSource.ignoreBrokenPipes()
        let openFiles = SystemInformation.raiseOpenFileLimit()
        let threads = settings.process.threads ?? Parallelism.threads
        let loops = try makeLoops(threads)
        let checkedServers = settings.backends.reduce(0) { $0 + $1.checkedCount }
        let room = Limits.sessions(openFiles: openFiles, checkedServers: checkedServers)
        if let asked = settings.process.maximumSessions, asked > room {
            journal.event(
                .warning,
                "fewer sessions than configured: the limit on open files is too low",
                ["sessions": .integer(room), "configured": .integer(asked), "open_files": .integer(openFiles)]
            )
        }
        let maximumSessions = min(settings.process.maximumSessions ?? room, room)
        let proxy = Proxy(
            settings,
            loops: loops,
            maximumSessions: maximumSessions,
            journal: journal,
            isDialogue: isDialogue
        )
        let outcome = Outcome()
        loops[0].spawn {
            do throws(StartFailure) {
                outcome.result = .success(try await proxy.run(attachment: attachment, ready: ready))
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
    /// Sessions that `openFiles` descriptors are enough for, beside the health checks.
    static func sessions(openFiles: Int, checkedServers: Int) -> Int {
        let wanted = reservedDescriptors + min(checkedServers, maximumConcurrentChecks)
        // Where there are few, most are for sessions all the same.
        let reserved = min(wanted, openFiles / 4)
        return min(max(1, (openFiles - reserved) / descriptorsPerSession), maximumSessions)
    }
}

extension BackendSettings {
    fileprivate var checkedCount: Int { servers.count { $0.check != nil } }
}
