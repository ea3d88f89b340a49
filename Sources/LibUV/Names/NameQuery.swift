/// One question of one task.
// Unchecked: all state is touched on the loop's thread alone, which is checked where another could come in.
final class NameQuery<Record: Sendable>: NameAnswerReceiver, @unchecked Sendable {
    typealias Answer = Result<[Record], NameFailure>

    private let channel: NameChannel
    private let read: (RawSpan) throws(NameFailure) -> [Record]
    private var continuation: CheckedContinuation<Answer, Never>?
    private var isOver = false

    init(_ channel: NameChannel, read: @escaping (RawSpan) throws(NameFailure) -> [Record]) {
        self.channel = channel
        self.read = read
    }

    /// Asks once; the answer comes within the channel's timeout, and at once when the task is cancelled.
    func answer(about name: String, type: Int32) async -> Answer {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                channel.loop.checkThread()
                self.continuation = continuation
                if isOver {
                    finish(.failure(.canceled))
                } else {
                    channel.put(name, type: type, receiver: self)
                }
            }
        } onCancel: {
            // Cancellation may come from any thread.
            channel.loop.execute { self.fail(.canceled) }
        }
    }

    override func receive(_ message: RawSpan) {
        do throws(NameFailure) {
            let records = try read(message)
            // An alias alone, or records of another kind only.
            finish(records.isEmpty ? .failure(.noRecords) : .success(records))
        } catch {
            finish(.failure(error))
        }
    }

    override func fail(_ failure: NameFailure) {
        finish(.failure(failure))
    }

    private func finish(_ answer: Answer) {
        channel.loop.checkThread()
        isOver = true
        continuation?.resume(returning: answer)
        continuation = nil
    }
}
