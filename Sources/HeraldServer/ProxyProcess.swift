package import HeraldCore
import LibUV
package import NetworkAddress

/// Runs a proxy on this thread and as many others as are asked for, until it is told to stop.
package enum ProxyProcess {
    /// - Parameters:
    ///   - ready: called on this thread once clients are taken in, with the addresses that are listened on.
    /// - Throws: ``StartFailure`` when it could not start; nothing is left running then.
    package static func run(
        _ settings: ProxySettings,
        journal: Journal,
        ready: @escaping @Sendable ([SocketAddress]) -> Void = { _ in }
    ) throws(StartFailure) -> ProxySummary {
        SignalSource.ignoreBrokenPipes()
        let openFiles = SystemInformation.raiseOpenFileLimit()
        let threads = settings.process.threads ?? Parallelism.threads
        let loops = try makeLoops(threads)
        let maximumSessions = settings.process.maximumSessions ?? Limits.sessions(openFiles: openFiles)
        let proxy = Proxy(settings, loops: loops, maximumSessions: maximumSessions, journal: journal)
        let outcome = Outcome()
        loops[0].spawn {
            do throws(StartFailure) {
                outcome.result = .success(try await proxy.run(ready: ready))
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
    /// Sessions that `openFiles` descriptors are enough for.
    static func sessions(openFiles: Int) -> Int {
        max(1, (openFiles - reservedDescriptors) / descriptorsPerSession)
    }
}
