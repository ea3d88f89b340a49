internal import CAres

/// Why a question to the name service has no answer.
package enum NameFailure: Error, Hashable, Sendable {
    /// There is no such name (NXDOMAIN).
    case noSuchName
    /// The name exists, and has no records of the kind that was asked for.
    case noRecords
    /// Nothing came from any name server in time.
    case noAnswer
    /// No name server could be reached, or each refused or failed to answer.
    case unable
    /// An answer came that can't be read.
    case malformedAnswer
    /// No name server would take such a name.
    case badName
    /// This host's own trouble, in the words of the library.
    case local(String)
    /// The task was cancelled, or the client closed.
    case canceled

    /// Whether a name server has said that there is nothing: an answer, where all other failures are the lack of one.
    package var isAnswer: Bool { self == .noSuchName || self == .noRecords }

    /// Whether asking again may help.
    var mayPass: Bool {
        switch self {
        case .noAnswer, .unable, .malformedAnswer: true
        case .noSuchName, .noRecords, .badName, .local, .canceled: false
        }
    }

    init(status: Int32) {
        self =
            switch status {
            case ARES_ENOTFOUND: .noSuchName
            case ARES_ENODATA: .noRecords
            case ARES_ETIMEOUT: .noAnswer
            // c-ares has this also for a server that answers SERVFAIL, NOTIMP or REFUSED.
            case ARES_ECONNREFUSED, ARES_ESERVFAIL, ARES_ENOTIMP, ARES_EREFUSED: .unable
            case ARES_EBADRESP, ARES_EFORMERR, ARES_EBADSTR, ARES_EOF: .malformedAnswer
            case ARES_EBADNAME: .badName
            case ARES_EDESTRUCTION, ARES_ECANCELLED: .canceled
            // Safe: the library's own constant text.
            default: .local(unsafe String(cString: ares_strerror(status)))
            }
    }
}

extension NameFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSuchName: "there is no such name"
        case .noRecords: "the name has no such records"
        case .noAnswer: "no answer from the name server"
        case .unable: "the name server can't be reached, or refuses to answer"
        case .malformedAnswer: "the name server's answer can't be read"
        case .badName: "no name server takes such a name"
        case .local(let reason): "failed on this host: \(reason)"
        case .canceled: "given up"
        }
    }
}
