import HeraldCore
import Testing

@Suite struct HTTPRequestTests {
    @Test(arguments: [
        ("GET /healthz HTTP/1.1", HTTPRequest.Method.get, "/healthz"),
        ("HEAD / HTTP/1.1", .head, "/"),
        ("GET /readyz?verbose=1&a=/b HTTP/1.9", .get, "/readyz"),
        ("GET http://herald:9901/readyz?x HTTP/1.1", .get, "/readyz"),
        ("GET HTTPS://herald HTTP/1.1", .get, "/"),
        ("GET http://herald?x HTTP/1.1", .get, "/"),
        ("GET /%72eadyz HTTP/1.1", .get, "/%72eadyz"),
        ("GET //x HTTP/1.1", .get, "//x"),
    ])
    func methodAndPathAreTaken(line: String, method: HTTPRequest.Method, path: String) throws {
        let request = try Self.request(line)
        #expect(request.method == method)
        #expect(request.path == path)
    }

    @Test(arguments: [
        "GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET / x HTTP/1.1", "GET / HTTP/1.",
        "GET / HTTP/1.11", "GET / http/1.1", "GET / HTTP/x.1", "GET readyz HTTP/1.1", "GET  HTTP/1.1",
        "GET http:// HTTP/1.1", "GET http:///x HTTP/1.1", "GET /\té HTTP/1.1", "GET /é HTTP/1.1", "G(T / HTTP/1.1",
        "GET * HTTP/1.1", "GET / HTTP/1.١",
    ])
    func aBadStartLineIsA400(line: String) {
        #expect(throws: HTTPStatus.badRequest) { try Self.request(line) }
    }

    @Test(arguments: [
        "POST / HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT a:1 HTTP/1.1", "get / HTTP/1.1", "X-1 / HTTP/1.0",
    ])
    func anyOtherMethodIsA405(line: String) {
        #expect(throws: HTTPStatus.methodNotAllowed) { try Self.request(line) }
    }

    @Test(arguments: ["PRI * HTTP/2.0", "GET / HTTP/0.9", "GET / HTTP/3.1"])
    func anotherMajorVersionIsA505(line: String) {
        #expect(throws: HTTPStatus.versionNotSupported) { try Self.request(line) }
    }

    /// RFC 9112, section 3.2.
    @Test func since11ThereIsOneHost() throws {
        #expect(throws: HTTPStatus.badRequest) { try Self.request("GET / HTTP/1.1", fields: []) }
        #expect(throws: HTTPStatus.badRequest) { try Self.request("GET / HTTP/1.1", fields: ["host: a", "Host: a"]) }
        #expect(throws: HTTPStatus.badRequest) { try Self.request("GET / HTTP/1.0", fields: ["host: a", "Host: a"]) }
        #expect(try Self.request("GET / HTTP/1.0", fields: []).path == "/")
        #expect(try Self.request("GET / HTTP/1.1", fields: ["HOST:"]).path == "/")
    }

    private static func request(_ line: String, fields: [String] = ["Host: herald"]) throws -> HTTPRequest {
        var reader = HTTPHeadReader()
        let text = ([line] + fields).map { $0 + "\r\n" }.joined() + "\r\n"
        guard case .head(let head, _) = reader.received(text) else { throw HTTPStatus.badRequest }
        return try HTTPRequest(head)
    }
}

@Suite struct HTTPReplyReaderTests {
    private static let reply = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\n{\n \"a\":1}"

    @Test func aReplyIsReadWhereverItIsSplit() throws {
        let bytes = Array(Self.reply.utf8)
        for split in 1..<bytes.count {
            var reader = HTTPReplyReader()
            #expect(reader.received(bytes[..<split]) == .needMore)
            guard case .reply(let reply) = reader.received(bytes[split...]) else {
                Issue.record("no reply when split at \(split)")
                continue
            }
            #expect(reply.status == 503)
            #expect(!reply.isSuccess)
            #expect(reply.line == #"{ "a":1}"#)
        }
    }

    @Test func withoutALengthTheBodyEndsWithTheConnection() throws {
        var reader = HTTPReplyReader()
        #expect(reader.replySoFar == nil)
        #expect(reader.received(Array("HTTP/1.0 200\r\n\r\nok".utf8)) == .needMore)
        let reply = try #require(reader.replySoFar)
        #expect(reply.isSuccess)
        #expect(reply.line == "ok")
    }

    @Test(arguments: [
        "", "Content-Length: 99999999999999999999\r\n", "Content-Length: -1\r\n", "Content-Length: 9999999\r\n",
    ])
    func anEndlessBodyIsCutOff(field: String) {
        var reader = HTTPReplyReader()
        var progress = reader.received(Array("HTTP/1.0 500 x\r\n\(field)\r\n".utf8))
        let piece = [UInt8](repeating: 0x61, count: 1000)
        for _ in 0..<1000 where progress == .needMore { progress = reader.received(piece) }
        guard case .reply(let reply) = progress else {
            Issue.record("\(progress)")
            return
        }
        #expect(reply.body.count == Limits.maximumHTTPReplyBytes)
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n",
        "HTTP/1.1 +20 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "\u{16}\u{3}",
    ])
    func whatIsNoReplyIsMalformed(text: String) {
        var reader = HTTPReplyReader()
        #expect(reader.received(Array(text.utf8)) == .malformed)
    }
}

extension HTTPReplyReader {
    mutating func received(_ bytes: some Collection<UInt8>) -> Progress {
        let bytes = Array(bytes)
        return unsafe received(bytes.span.bytes)
    }
}
