import BridgeStress
import LibUV
import Testing

/// A small run of what `Tests/BridgeStress/stress.sh` does a hundred thousand times, and under the sanitizers.
@Suite struct StressTests {
    @Test(arguments: [1, 3])
    func everyConnectionEndsAsItShould(loopCount: Int) async throws {
        var settings = StressSettings(
            connectionCount: 3000,
            loopCount: loopCount,
            limit: .seconds(120),
            seed: UInt64(loopCount)
        )
        settings.isAlone = false
        let run = settings
        let report = try await withCheckedThrowingContinuation { continuation in
            do {
                // It waits for its threads, and must not keep one of the tests' own waiting.
                _ = try Thread { continuation.resume(with: Result { try StressRun.run(run) }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        #expect(report.problems == [])
    }
}
