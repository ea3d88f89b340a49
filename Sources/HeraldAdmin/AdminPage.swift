package import HeraldCore

/// One thing that the endpoint tells, at one path. Called on the control loop.
package protocol AdminPage: Sendable {
    /// Such as `/healthz`.
    var path: String { get }

    /// Takes less than `Limits.adminReplyTimeout`.
    func answer() async -> AdminAnswer

    /// Nobody asks any more: whatever the page holds on the loop is given back, and who waits gets an answer now.
    func close() async
}

/// What a client is told.
package struct AdminAnswer: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var status: HTTPStatus
    /// A media type.
    package var type: String
    package var body: AdminBody
    /// Beside those that every answer has.
    package var fields: [Field] = []

    package init(_ status: HTTPStatus, type: String, body: [UInt8]) {
        self.status = status
        self.type = type
        self.body = AdminBody(body)
    }

    /// Plain text, to which a line end is added.
    package static func text(_ status: HTTPStatus, _ text: String) -> AdminAnswer {
        AdminAnswer(status, type: "text/plain; charset=utf-8", body: Array("\(text)\n".utf8))
    }

    /// An object, to which a line end is added.
    package static func json(_ status: HTTPStatus, _ json: String) -> AdminAnswer {
        AdminAnswer(status, type: "application/json", body: Array("\(json)\n".utf8))
    }

    /// A request that is not answered, with the reason in the status's own words.
    static func refusal(_ status: HTTPStatus) -> AdminAnswer {
        var answer = text(status, status.phrase)
        if status == .methodNotAllowed {
            // RFC 9110, section 15.5.6.
            let methods = HTTPRequest.Method.allCases.map(\.rawValue).joined(separator: ", ")
            answer.fields.append(Field(name: "Allow", value: methods))
        }
        return answer
    }

    /// Status line and fields, with the empty line behind them: the same for GET and HEAD (RFC 9110, section 9.3.2).
    package func head(at time: Timestamp) -> [UInt8] {
        var head = "HTTP/1.1 \(status.rawValue) \(status.phrase)\r\n"
        let all =
            [
                Field(name: "Date", value: time.httpDate),
                Field(name: "Content-Type", value: type),
                Field(name: "Content-Length", value: String(body.bytes.count)),
                Field(name: "Cache-Control", value: "no-store"),
                Field(name: "X-Content-Type-Options", value: "nosniff"),
                Field(name: "Connection", value: "close"),
            ] + fields
        for field in all { head += "\(field.name): \(field.value)\r\n" }
        return Array("\(head)\r\n".utf8)
    }
}

/// A body, held once for all who read it.
package final class AdminBody: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package static func == (one: AdminBody, other: AdminBody) -> Bool { one.bytes == other.bytes }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(bytes)
    }
}
