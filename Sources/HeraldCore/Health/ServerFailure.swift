/// Why a server could not be reached or did not pass a check.
package enum ServerFailure: Error, Hashable, Sendable {
    /// How far an attempt had come.
    package enum Phase: Hashable, Sendable {
        case connecting
        /// Sending the PROXY header.
        case announcing
        /// Waiting for the server to answer.
        case answering
    }

    /// Nobody listens there.
    case refused
    /// No route to the host or the network.
    case unreachable
    /// Cut off by the server after the connection stood.
    case reset
    /// Closed by the server before the attempt was through.
    case closedEarly
    case timedOut(after: Duration, Phase)
    /// This host's own trouble, in the words of the system; it says nothing about the server.
    case local(String)
}

extension ServerFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused: "connection refused"
        case .unreachable: "host or network unreachable"
        case .reset: "connection reset by the server"
        case .closedEarly: "connection closed early by the server"
        case .timedOut(let limit, .connecting): "no connection within \(limit.plainText)"
        case .timedOut(let limit, .announcing): "PROXY header not taken within \(limit.plainText)"
        case .timedOut(let limit, .answering): "no answer within \(limit.plainText)"
        case .local(let reason): "failed on this host: \(reason)"
        }
    }
}

extension ServerFailure {
    /// A stable word for log and metrics.
    package var label: String {
        switch self {
        case .refused: "refused"
        case .unreachable: "unreachable"
        case .reset: "reset"
        case .closedEarly: "closed-early"
        case .timedOut: "timeout"
        case .local: "local"
        }
    }
}
