import Glibc
import LibUV
import Testing

@Suite struct UVErrorTests {
    @Test func errorsHaveANameAndPlainWords() {
        #expect(UVError.connectionRefused.name == "ECONNREFUSED")
        #expect(UVError.connectionRefused.description == "connection refused")
        #expect("\(UVError.addressInUse)" == "address already in use")
        #expect(UVError.tooManyWatches.description.contains("max_user_watches"))
        #expect(UVError(code: -4242).description.contains("4242"))
        #expect(!UVError(code: -4242).name.isEmpty)
    }

    @Test func resetsAndShortagesAreKnown() {
        #expect(UVError.connectionReset.isReset)
        #expect(UVError.brokenPipe.isReset)
        #expect(!UVError.connectionRefused.isReset)
        #expect(UVError.tooManyOpenFiles.isLocalShortage)
        #expect(UVError.tooManyWatches.isLocalShortage)
        #expect(UVError.addressNotAvailable.isLocalShortage)
        #expect(!UVError.connectionRefused.isLocalShortage)
    }
}

@Suite struct ThreadTests {
    @Test func aThreadRunsItsFunctionAndLetsGoOfIt() throws {
        final class Payload: Sendable {}
        let count = Counter()
        weak var released: Payload?
        do {
            let payload = Payload()
            released = payload
            let threads = try (0..<8).map { _ in
                try Thread {
                    _ = payload
                    count.add()
                }
            }
            for thread in threads { thread.join() }
        }
        #expect(count.value == 8)
        #expect(released == nil)
    }
}

@Suite struct SystemInformationTests {
    @Test func clocksRun() {
        let monotonic = SystemInformation.monotonicNanoseconds
        let wall = SystemInformation.wallClockMicroseconds
        usleep(2000)
        #expect(SystemInformation.monotonicNanoseconds >= monotonic + 2_000_000)
        // The wall clock may be set meanwhile, but not to before this was written.
        #expect(wall > 1_700_000_000_000_000)
        #expect(abs(wall / 1_000_000 - Int64(time(nil))) < 10)
    }

    @Test func aMachineHasProcessors() {
        #expect(SystemInformation.availableParallelism >= 1)
    }

    @Test func smallFilesAreReadAndMissingOnesAreNil() {
        #expect(SystemInformation.smallFile("/proc/self/stat")?.hasPrefix("\(getpid()) ") == true)
        #expect(SystemInformation.smallFile("/proc/self/no-such-file") == nil)
        #expect(SystemInformation.smallFile("/proc") == nil)
    }

    @Test func theLimitOnOpenFilesIsRaised() async {
        await #expect(processExitsWith: .success) {
            Process.allowDescriptors(below: 256)
            let limit = SystemInformation.raiseOpenFileLimit()
            precondition(limit >= 256)
            precondition(SystemInformation.raiseOpenFileLimit() == limit)
            if limit > 300 { precondition(fcntl(0, F_DUPFD, 300) >= 300) }
        }
    }

    @Test func theProcessEndsAtOnce() async {
        await #expect(processExitsWith: .exitCode(7)) { SystemInformation.exitImmediately(7) }
    }
}
