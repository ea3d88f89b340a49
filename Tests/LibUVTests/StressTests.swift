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
        var thread: Thread?
        let result: Result<StressReport, any Error> = await withCheckedContinuation { continuation in
            do {
                // It waits for its threads, and must not keep one of the tests' own waiting.
                thread = try Thread { continuation.resume(returning: Result { try StressRun.run(run) }) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        thread?.join()
        let report = try result.get()
        #expect(report.problems == [])
    }
}
