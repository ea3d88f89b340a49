/// Whether a new client would be served, and where not, why.
package struct ReadinessReport: Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// Names are looked up, or listeners opened.
        case starting
        /// No server of the backend takes sessions.
        case noServer(frontend: String, backend: String)
        /// The process was told to stop.
        case draining
    }

    /// None when ready.
    package var reasons: [Reason]

    package init(reasons: [Reason]) {
        self.reasons = reasons
    }

    package var isReady: Bool { reasons.isEmpty }

    /// On one line: `{"ready":false,"reasons":["draining"]}`.
    package var json: String {
        let list = reasons.map { JSONValue.string($0.description).text }.joined(separator: ",")
        return #"{"ready":\#(isReady),"reasons":[\#(list)]}"#
    }
}

extension ReadinessReport.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .starting: "starting"
        case .noServer(let frontend, let backend):
            "frontend '\(frontend)': backend '\(backend)' has no server that is up"
        case .draining: "draining"
        }
    }
}

/// Who can tell whether a new client would be served.
package protocol ReadinessSource: Sendable {
    var readiness: ReadinessReport { get async }
}
