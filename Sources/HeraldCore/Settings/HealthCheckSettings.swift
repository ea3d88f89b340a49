package import NetworkAddress

/// How a server's health is found out. Defaults are HAProxy's.
package struct HealthCheckSettings: Hashable, Sendable {
    /// What makes a server pass.
    package enum Kind: Hashable, Sendable {
        /// It takes the connection.
        case tcp
        case http(HTTPCheckSettings)
        /// It takes part in a dialogue; at least one step.
        case dialogue([DialogueStep])
    }

    /// For `rise` and `fall`.
    package static let countRange = 1...10_000

    package var kind: Kind = .tcp
    /// Between checks of a server that is up.
    package var interval: Duration = .seconds(2)
    /// Between checks of a server whose state is about to change; nil takes `interval`.
    package var fastInterval: Duration?
    /// Between checks of a server that is down; nil takes `interval`.
    package var downInterval: Duration?
    /// For one check; nil takes the interval.
    package var timeout: Duration?
    /// Good checks in a row that bring a server up, in `countRange`.
    package var rise = 2
    /// Failed checks in a row that take a server down, in `countRange`.
    package var fall = 3
    /// In place of the server's port.
    package var port: UInt16?
    /// In place of the server's address.
    package var address: IPAddress?
    /// What a check sends first: version 2 LOCAL, or version 1 with the check's own endpoints.
    package var announcement: Announcement = .none

    package init() {}
}

/// A request, and what the reply must be like.
package struct HTTPCheckSettings: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        /// A token (RFC 9110, section 5.6.2).
        package var name: String
        /// Visible ASCII, blanks and tabs.
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// For `status`.
    package static let statusRange = 100...599

    package enum Version: String, CaseIterable, Sendable {
        case http10 = "1.0"
        case http11 = "1.1"
    }

    /// A token.
    package var method = "GET"
    /// Begins with a slash, and has no blanks or control characters.
    package var path = "/"
    package var version = Version.http11
    /// For the Host field; nil sends the server's address, and no such field in HTTP/1.0, which does not require it.
    package var host: String?
    /// Further fields, in the order of the file; none of Host, Connection, Content-Length and Transfer-Encoding.
    package var fields: [Field] = []
    /// At least one; each within `statusRange`.
    package var status: [ClosedRange<Int>] = [200...399]
    /// Bytes that the body must contain within its first `Limits.maximumCheckReplyBytes`; nil takes any body.
    package var body: [UInt8]?

    package init() {}
}

/// What is said in a check that speaks a protocol of its own.
package enum DialogueStep: Hashable, Sendable {
    /// At least one byte, at most `Limits.maximumCheckStepBytes`.
    case send([UInt8])
    /// Bytes that must come, whatever else comes before them.
    case expect([UInt8])
}
