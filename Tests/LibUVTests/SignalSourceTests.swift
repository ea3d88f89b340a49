import Glibc
import LibUV
import Testing

/// Only SIGHUP is sent to the process of the tests, and only while a source is open: by default it would end it.
@Suite(.serialized) struct SignalSourceTests {
    @Test func aSignalComesOnTheLoop() async throws {
        try await withLoop { loop in
            var count = 0
            let source = try SignalSource(.hangUp, loop: loop) {
                loop.checkThread()
                count += 1
            }
            kill(getpid(), SIGHUP)
            await loop.until { count == 1 }
            kill(getpid(), SIGHUP)
            await loop.until { count == 2 }
            source.close()
            source.close()
        }
    }

    @Test func everySourceOfASignalIsTold() async throws {
        try await withLoop { loop in
            var told: [Int] = []
            let sources = try (0..<3).map { number in
                try SignalSource(.hangUp, loop: loop) { told.append(number) }
            }
            kill(getpid(), SIGHUP)
            await loop.until { told.count == 3 }
            #expect(told.sorted() == [0, 1, 2])
            for source in sources { source.close() }
        }
    }

    @Test(arguments: [SignalSource.Signal.terminate, .interrupt, .hangUp])
    func signalsThatEndAProcessDoNotWhileTheyAreListenedFor(signal: SignalSource.Signal) async throws {
        switch signal {
        case .terminate: await #expect(processExitsWith: .success) { try await receive(.terminate) }
        case .interrupt: await #expect(processExitsWith: .success) { try await receive(.interrupt) }
        case .hangUp: await #expect(processExitsWith: .success) { try await receive(.hangUp) }
        }
    }

    @Test func aClosedSourceGivesTheSignalItsOldMeaningBack() async {
        await #expect(processExitsWith: .signal(SIGTERM)) {
            try await receive(.terminate)
            kill(getpid(), SIGTERM)
            sleep(10)
        }
    }

    @Test func aWriteToNobodyIsAnErrorAndNotTheEnd() async {
        await #expect(processExitsWith: .success) {
            SignalSource.ignoreBrokenPipes()
            var ends: [Int32] = [0, 0]
            // Safe: pipe writes two descriptors.
            precondition(unsafe pipe(&ends) == 0)
            close(ends[0])
            var byte: UInt8 = 0
            precondition(unsafe write(ends[1], &byte, 1) == -1 && errno == EPIPE)
        }
    }
}

private func receive(_ signal: SignalSource.Signal) async throws {
    try await withLoop { loop in
        var count = 0
        let source = try SignalSource(signal, loop: loop) { count += 1 }
        kill(getpid(), signal.rawValue)
        await loop.until { count == 1 }
        source.close()
    }
}
