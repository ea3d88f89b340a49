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

    /// What a server does to a PROXY header that it does not expect.
    package enum HeaderReaction: Hashable, Sendable {
        /// HTTP's status 400.
        case badRequest
        case reset
        /// Closed, without a word.
        case closed
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
    /// Time was over when the server had answered something, and not what was waited for.
    indirect case timedOutWithout(QuotedBytes, answer: QuotedBytes, after: Duration)
    /// An HTTP reply with another status than those that pass.
    case status(Int, expected: [ClosedRange<Int>])
    /// The answer's beginning, which is not that of an HTTP reply, or what broke off being one.
    case notHTTP(QuotedBytes)
    /// The whole answer is there, and what was waited for is not in it.
    indirect case unexpectedAnswer(QuotedBytes, expected: QuotedBytes)
    /// As many bytes as are read of an answer have come; nil waited for the end of an HTTP reply's head.
    case answerTooLong(bytes: Int, expected: QuotedBytes?)
    /// The server expects no PROXY header, and got one.
    case headerNotUnderstood(HeaderReaction)
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
        case .timedOutWithout(let expected, let answer, let limit):
            "no \(expected) within \(limit.plainText), only \(answer)"
        case .status(let status, let expected):
            "status \(status), expected \(HTTPCheckSettings.text(of: expected))"
        case .notHTTP(let answer): "the answer is not HTTP: \(answer)"
        case .unexpectedAnswer(let answer, let expected): "no \(expected) in the answer \(answer)"
        case .answerTooLong(let bytes, let expected?): "no \(expected) in the first \(bytes) bytes of the answer"
        case .answerTooLong(let bytes, nil): "no end of the reply's head in the first \(bytes) bytes"
        case .headerNotUnderstood(let reaction):
            "answered as if it did not understand the PROXY header: \(reaction.description)"
        case .local(let reason): "failed on this host: \(reason)"
        }
    }
}

extension ServerFailure.HeaderReaction: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badRequest: "status 400"
        case .reset: "connection reset"
        case .closed: "connection closed"
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
        case .timedOut, .timedOutWithout: "timeout"
        case .status: "status"
        case .notHTTP: "not-http"
        case .unexpectedAnswer: "unexpected-answer"
        case .answerTooLong: "answer-too-long"
        case .headerNotUnderstood: "header-not-understood"
        case .local: "local"
        }
    }
}

extension HTTPCheckSettings {
    /// `200-399, 404`
    fileprivate static func text(of ranges: [ClosedRange<Int>]) -> String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
    }
}
