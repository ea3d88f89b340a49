import Foundation
import Synchronization

/// Runs `body` with 0 to `count - 1`, each on a thread of its own, and returns their results in no certain order; those
/// that throw have none.
func atOnce<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Value) -> [Value] {
    let results = Mutex<[Value]>([])
    let group = DispatchGroup()
    for number in 0..<count {
        group.enter()
        Thread {
            if let value = try? body(number) { results.withLock { $0.append(value) } }
            group.leave()
        }.start()
    }
    group.wait()
    return results.withLock { $0 }
}
