/// What one health check found.
package enum CheckOutcome: Hashable, Sendable {
    /// The time from the start of the check to its success.
    case passed(latency: Duration)
    case failed(ServerFailure)
}

extension CheckOutcome: CustomStringConvertible {
    package var description: String {
        switch self {
        case .passed(let latency): "passed in \(latency.plainText)"
        case .failed(let failure): failure.description
        }
    }
}
