import LibUV
import Synchronization

/// What has begun and what has ended, over all loops of a run.
///
/// Counters are atomic rather than locked: ThreadSanitizer follows atomics, and sees nothing of a futex.
final class Ledger: Sendable {
    private static let maximumProblems = 20

    private let settings: StressSettings
    private let begun = Atomic(0)
    private let ended = Atomic(0)
    private let accepted = Atomic(0)
    private let served = Atomic(0)
    private let hops = Atomic(0)
    private let bytes = Atomic(0)
    /// Resident memory in KiB once a tenth of the connections is over, and once all are.
    private let earlyMemory = Atomic(0)
    private let lateMemory = Atomic(0)
    private let problems = Mutex<[String]>([])

    init(_ settings: StressSettings) {
        self.settings = settings
    }

    /// Hands out the number of one more connection; nil once all are begun.
    func begin() -> Int? {
        let number = begun.add(1, ordering: .relaxed).newValue
        return number <= settings.connectionCount ? number : nil
    }

    func end(byteCount: Int) {
        bytes.add(byteCount, ordering: .relaxed)
        let count = ended.add(1, ordering: .acquiringAndReleasing).newValue
        if count == max(1, settings.connectionCount / 10) {
            earlyMemory.store(Ledger.residentMemory, ordering: .releasing)
        }
        if count == settings.connectionCount { lateMemory.store(Ledger.residentMemory, ordering: .releasing) }
    }

    func accept() { accepted.add(1, ordering: .relaxed) }
    func serve() { served.add(1, ordering: .acquiringAndReleasing) }
    func hop() { hops.add(1, ordering: .relaxed) }

    func problem(_ text: String) {
        problems.withLock { $0.append(text) }
    }

    var isBalanced: Bool {
        ended.load(ordering: .acquiring) == settings.connectionCount
            && served.load(ordering: .acquiring) == accepted.load(ordering: .acquiring)
    }

    func report(after time: Duration) -> StressReport {
        let found = problems.withLock(\.self)
        var problems = Array(found.prefix(Ledger.maximumProblems))
        if found.count > problems.count { problems.append("and \(found.count - problems.count) more") }
        let ended = ended.load(ordering: .acquiring)
        let accepted = accepted.load(ordering: .acquiring)
        let served = served.load(ordering: .acquiring)
        if ended != settings.connectionCount { problems.append("\(ended) of \(settings.connectionCount) have ended") }
        if served != accepted { problems.append("\(accepted) accepted, \(served) served") }
        let early = earlyMemory.load(ordering: .acquiring)
        let late = lateMemory.load(ordering: .acquiring)
        if settings.isAlone && late > early + settings.memoryAllowance {
            problems.append("resident memory has grown from \(early) to \(late) KiB")
        }
        return StressReport(
            problems: problems,
            summary: """
                \(ended) connections in \(time.wholeMilliseconds) ms, \(accepted) accepted, \
                \(hops.load(ordering: .acquiring)) hops between loops, \
                \(bytes.load(ordering: .acquiring) / 1_048_576) MiB; memory \(early) KiB early, \(late) KiB late
                """
        )
    }

    private static var residentMemory: Int {
        let pages = SystemInformation.smallFile("/proc/self/statm")?.split(separator: " ").dropFirst().first
        return (pages.flatMap { Int($0) } ?? 0) * 4
    }
}
