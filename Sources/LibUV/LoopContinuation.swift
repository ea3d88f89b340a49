/// Resumes one suspended task, once.
///
/// As the standard library's unsafe continuation, which costs no allocation where the checked one costs one; so whoever
/// holds it must see to it that it is used exactly once.
@safe package struct LoopContinuation: Sendable {
    private let continuation: UnsafeContinuation<Void, Never>

    fileprivate init(_ continuation: UnsafeContinuation<Void, Never>) {
        unsafe self.continuation = continuation
    }

    package func resume() {
        unsafe continuation.resume()
    }
}

extension EventLoop {
    /// Suspends the task until what `body` is given is resumed; `body` runs at once.
    package func suspend(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (LoopContinuation) -> Void
    ) async {
        unsafe await withUnsafeContinuation { unsafe body(LoopContinuation($0)) }
    }
}
