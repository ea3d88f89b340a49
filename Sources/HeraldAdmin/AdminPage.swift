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
    package var body: String
    /// Beside those that every answer has.
    package var fields: [Field] = []

    package init(_ status: HTTPStatus, type: String, body: String) {
        self.status = status
        self.type = type
        self.body = body
    }

    /// Plain text, to which a line end is added.
    package static func text(_ status: HTTPStatus, _ text: String) -> AdminAnswer {
        AdminAnswer(status, type: "text/plain; charset=utf-8", body: text + "\n")
    }

    /// An object, to which a line end is added.
    package static func json(_ status: HTTPStatus, _ json: String) -> AdminAnswer {
        AdminAnswer(status, type: "application/json", body: json + "\n")
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

    /// The reply as it is sent. One for HEAD has the same head, and no body (RFC 9110, section 9.3.2).
    package func bytes(for method: HTTPRequest.Method, at time: Timestamp) -> [UInt8] {
        var head = "HTTP/1.1 \(status.rawValue) \(status.phrase)\r\n"
        let all =
            [
                Field(name: "Date", value: time.httpDate),
                Field(name: "Content-Type", value: type),
                Field(name: "Content-Length", value: String(body.utf8.count)),
                Field(name: "Cache-Control", value: "no-store"),
                Field(name: "X-Content-Type-Options", value: "nosniff"),
                Field(name: "Connection", value: "close"),
            ] + fields
        for field in all { head += "\(field.name): \(field.value)\r\n" }
        head += "\r\n"
        return Array(head.utf8) + (method == .head ? [] : Array(body.utf8))
    }
}
