import Glibc
import HeraldAdmin
import HeraldCore
import LibUV
import NetworkAddress
import Testing

/// What the pages say.
@Suite struct PageTests {
    @Test func livenessIsOkWhileEveryLoopTurns() async throws {
        try await withLoop { loop in
            try await withOtherLoop { other in
                let page = LivenessPage(loops: [loop, other])
                for _ in 0..<3 { #expect(await page.answer() == .text(.ok, "ok")) }
                await page.close()
            }
        }
    }

    @Test func aLoopThatStandsStillIsNamedUntilItTurnsAgain() async throws {
        try await withLoop { loop in
            try await withOtherLoop { other in
                let page = LivenessPage(loops: [loop, other], limit: .milliseconds(200), interval: .milliseconds(20))
                #expect(await page.answer().status == .ok)
                other.execute { usleep(700_000) }
                // A short stop is none to speak of.
                #expect(await page.answer().status == .ok)
                var answer = await page.answer()
                for _ in 0..<500 where answer.status == .ok {
                    await loop.sleep(for: .milliseconds(1))
                    answer = await page.answer()
                }
                #expect(answer.status == .serviceUnavailable)
                #expect(answer.text.contains(#/^loop 1 of 2 has not turned for [0-9.]+ ms\n$/#))
                for _ in 0..<2000 where answer.status != .ok {
                    await loop.sleep(for: .milliseconds(1))
                    answer = await page.answer()
                }
                #expect(answer.status == .ok)
                await page.close()
            }
        }
    }

    /// Nobody has asked before, so nothing is known of the loop.
    @Test func theFirstPollFindsALoopThatStandsStillAlready() async throws {
        try await withLoop { loop in
            try await withOtherLoop { other in
                other.execute { usleep(600_000) }
                let page = LivenessPage(loops: [loop, other], limit: .milliseconds(200), interval: .milliseconds(20))
                #expect(await page.answer().status == .serviceUnavailable)
                await page.close()
            }
        }
    }

    @Test func aFirstPollDoesNotOutliveThePage() async throws {
        try await withLoop { loop in
            try await withOtherLoop { other in
                other.execute { usleep(300_000) }
                let page = LivenessPage(loops: [loop, other])
                let poll = loop.spawn { _ = await page.answer() }
                await loop.sleep(for: .milliseconds(20))
                await page.close()
                await poll.value
            }
        }
    }

    @Test func readinessIsWhatTheSourceSays() async throws {
        try await withLoop { loop in
            #expect(await ReadinessPage(Source(reasons: [])).answer() == .text(.ok, "ready"))
            let answer = await ReadinessPage(Source(reasons: [.draining])).answer()
            #expect(answer == .json(.serviceUnavailable, #"{"ready":false,"reasons":["draining"]}"#))
            #expect(answer.type == "application/json")
        }
    }

    private struct Source: ReadinessSource {
        let reasons: [ReadinessReport.Reason]

        var readiness: ReadinessReport { ReadinessReport(reasons: reasons) }
    }

    /// A loop that turns on a thread of its own.
    private func withOtherLoop(_ body: (EventLoop) async throws -> Void) async throws {
        let other = try EventLoop(readBufferSize: 4096)
        let thread = try Thread { other.run() }
        defer {
            other.execute { other.stop() }
            thread.join()
        }
        try await body(other)
    }
}
