import LibUV
import Synchronization
import Testing

/// What one test may take before it is given up: far more than any needs, so that only a hang is caught.
private let patience = Duration.seconds(120)

/// The body of a test has not come to its end.
struct TestHangs: Error {}

/// Runs `body` as a task of a loop that has a thread of its own, and ends that loop.
///
/// Whatever the body has left open, a handle, a task, a look-up, holds the loop and fails the test.
@discardableResult
func withLoop<Result: Sendable>(
    readBufferSize: Int = 64 * 1024,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: @escaping @Sendable (EventLoop) async throws -> Result
) async throws -> Result {
    SignalSource.ignoreBrokenPipes()
    weak var released: EventLoop?
    let result: Swift.Result<Result, any Error>
    do {
        let loop = try EventLoop(readBufferSize: readBufferSize)
        released = loop
        let thread = try Thread { loop.run() }
        result = await firstResult { finish in
            loop.spawn {
                do {
                    finish(.success(try await body(loop)))
                } catch {
                    finish(.failure(error))
                }
            }
        }
        if case .failure(let error) = result, error is TestHangs { throw error }
        loop.execute { loop.stop() }
        thread.join()
    }
    let value = try result.get()
    #expect(released == nil, "something outlives the test", sourceLocation: sourceLocation)
    return value
}

/// Waits for the first call of what `start` is given, or for the end of patience.
private func firstResult<Result: Sendable>(
    _ start: (@escaping @Sendable (Swift.Result<Result, any Error>) -> Void) -> Void
) async -> Swift.Result<Result, any Error> {
    let deadline = Mutex<Task<Void, Never>?>(nil)
    let result: Swift.Result<Result, any Error> = await withCheckedContinuation { continuation in
        let waiting = Once(continuation)
        deadline.withLock { deadline in
            deadline = Task {
                try? await Task.sleep(for: patience)
                waiting.resume(.failure(TestHangs()))
            }
        }
        start { waiting.resume($0) }
    }
    deadline.withLock { $0?.cancel() }
    return result
}

/// A continuation that several may resume, of whom the first counts.
private final class Once<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, Never>?>

    init(_ continuation: CheckedContinuation<Value, Never>) {
        self.continuation = Mutex(continuation)
    }

    func resume(_ value: Value) {
        continuation.withLock { $0.take() }?.resume(returning: value)
    }
}

extension EventLoop {
    /// Waits until `condition` holds, looking again every millisecond; the test's own patience is the bound.
    func until(_ condition: @escaping () -> Bool) async {
        while !condition() { await sleep(for: .milliseconds(1)) }
    }
}
