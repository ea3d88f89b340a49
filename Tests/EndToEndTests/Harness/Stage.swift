import Dispatch
import Synchronization
import Testing

/// What one test has started: processes are stopped and files removed when it ends, however it ends.
final class Stage: Sendable {
    /// The stage of the running test; every suite that starts something carries `.onStage`.
    static var current: Stage {
        guard let local else { preconditionFailure("the suite lacks .onStage") }
        return local
    }

    @TaskLocal fileprivate static var local: Stage?

    let directory: TemporaryDirectory
    private let processes = Mutex<[ChildProcess]>([])
    private let endings = Mutex<[@Sendable () -> Void]>([])

    fileprivate init() throws {
        directory = try TemporaryDirectory()
    }

    func add(_ process: ChildProcess) {
        processes.withLock { $0.append(process) }
    }

    /// Runs `ending` when the test is over, before processes are stopped.
    func atEnd(_ ending: @escaping @Sendable () -> Void) {
        endings.withLock { $0.append(ending) }
    }

    /// What every process has said so far, for a failure's comment.
    var story: String {
        processes.withLock { $0 }.map(\.story).joined(separator: "\n")
    }

    fileprivate func strike() {
        for ending in endings.withLock({ $0.reversed() }) {
            ending()
        }
        for process in processes.withLock({ $0.reversed() }) {
            process.stop()
        }
        directory.remove()
    }
}

/// Gives each test a `Stage` and a thread of its own, so that it may block without holding up other tests.
struct StageTrait: TestTrait, SuiteTrait, TestScoping {
    /// Tests on stage at one time: they mostly wait, but each has a few processes at work.
    private static let turnstile = Turnstile(places: 4)

    let isRecursive = true

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        await Self.turnstile.enter()
        let stage: Stage
        do {
            stage = try Stage()
        } catch {
            await Self.turnstile.leave()
            throw error
        }
        let narrator = IssueHandlingTrait.compactMapIssues { issue in
            var issue = issue
            issue.comments.append(Comment(rawValue: stage.story))
            return issue
        }
        let result: Result<Void, any Error>
        do {
            try await Stage.$local.withValue(stage) {
                try await narrator.provideScope(for: test, testCase: testCase) {
                    try await withTaskExecutorPreference(OwnThread(), operation: function)
                }
            }
            result = .success(())
        } catch let error as HarnessError {
            result = .failure(HarnessError("\(error)\n\(stage.story)"))
        } catch {
            result = .failure(error)
        }
        stage.strike()
        await Self.turnstile.leave()
        try result.get()
    }
}

extension Trait where Self == StageTrait {
    static var onStage: Self { StageTrait() }
}

/// Runs a test's blocking body away from the cooperative pool, whose few threads the other tests need.
private final class OwnThread: TaskExecutor {
    private let queue = DispatchQueue(label: "end-to-end test")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { [self] in
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

/// Lets a bounded number of tests in at one time.
private actor Turnstile {
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) {
        self.places = places
    }

    func enter() async {
        if places > 0 {
            places -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty {
            places += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
