import Glibc
import LibUV

/// Many connections through the bridge, with every way that one can end; exit 1 where anything does not add up.
///
/// `HERALD_STRESS_CONNECTIONS` says how many (100,000), `HERALD_STRESS_LOOPS` on how many threads (3),
/// `HERALD_STRESS_SECONDS` how long they may take (300), `HERALD_STRESS_MEMORY_KIB` by how much resident memory may grow
/// behind the first tenth of them (16 MiB; sanitizers keep back what is freed); `HERALD_STRESS_SEED` repeats a run.
@main
struct BridgeStress {
    static func main() throws {
        var settings = StressSettings(
            connectionCount: number("CONNECTIONS") ?? 100_000,
            loopCount: number("LOOPS") ?? 3,
            limit: .seconds(number("SECONDS") ?? 300),
            seed: UInt64(number("SEED") ?? 1)
        )
        if let allowance = number("MEMORY_KIB") { settings.memoryAllowance = allowance }
        let report = try StressRun.run(settings)
        try StandardStream.output.write(report.description)
        if !report.isGood { SystemInformation.exitImmediately(1) }
    }

    private static func number(_ name: String) -> Int? {
        // Safe: nobody changes the environment.
        unsafe getenv("HERALD_STRESS_\(name)").flatMap { unsafe Int(String(cString: $0)) }
    }
}

package struct StressSettings: Sendable {
    /// Connections that clients begin, on all loops together.
    package var connectionCount: Int
    package var loopCount: Int
    /// For the whole run.
    package var limit: Duration
    package var seed: UInt64
    /// Connections at one time, on each loop.
    package var concurrency = 64
    /// Whether nobody else in the process opens descriptors or takes memory, so that both can be judged.
    package var isAlone = true
    /// KiB by which resident memory may grow behind the first tenth of the connections.
    package var memoryAllowance = 16 * 1024

    package init(connectionCount: Int, loopCount: Int, limit: Duration, seed: UInt64) {
        self.connectionCount = connectionCount
        self.loopCount = loopCount
        self.limit = limit
        self.seed = seed
    }
}
