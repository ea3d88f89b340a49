import HeraldCore
import NetworkAddress
import Testing

/// What an HTTP check asks, and what it makes of the reply, however that is cut into pieces.
@Suite struct HTTPCheckTests {
    private static func http(
        body: String? = nil,
        _ status: [ClosedRange<Int>] = [200...399],
        method: String = "GET"
    )
        -> HealthCheckSettings.Kind
    {
        var settings = HTTPCheckSettings()
        settings.method = method
        settings.status = status
        settings.body = body.map { Array($0.utf8) }
        return .http(settings)
    }

    // MARK: The request

    @Test func theRequestNamesTheServerAndEndsTheConnection() {
        let talk = CheckTalk(Self.http())
        #expect(
            talk.sentText
                == "GET / HTTP/1.1\r\nHost: 10.0.0.1:3000\r\nUser-Agent: herald\r\nConnection: close\r\n\r\n"
        )
        #expect(talk.verdict == "goes on")
    }

    @Test func theRequestHasWhatTheSettingsSay() {
        var settings = HTTPCheckSettings()
        settings.method = "OPTIONS"
        settings.path = "/healthz?full=1"
        settings.host = "www.example.com"
        settings.fields = [.init(name: "X-Probe", value: "a b"), .init(name: "Accept", value: "")]
        #expect(
            CheckTalk(.http(settings)).sentText == """
                OPTIONS /healthz?full=1 HTTP/1.1\r
                Host: www.example.com\r
                User-Agent: herald\r
                Connection: close\r
                X-Probe: a b\r
                Accept: \r
                \r

                """
        )
    }

    @Test func anHTTP10RequestNamesNoHostByItself() {
        var settings = HTTPCheckSettings()
        settings.version = .http10
        #expect(
            CheckTalk(.http(settings)).sentText
                == "GET / HTTP/1.0\r\nUser-Agent: herald\r\nConnection: close\r\n\r\n"
        )
        settings.host = "a.example"
        #expect(CheckTalk(.http(settings)).sentText.hasPrefix("GET / HTTP/1.0\r\nHost: a.example\r\n"))
    }

    @Test func aUserAgentOfTheSettingsIsTheOnlyOne() {
        var settings = HTTPCheckSettings()
        settings.fields = [.init(name: "user-agent", value: "probe")]
        let text = CheckTalk(.http(settings)).sentText
        #expect(text.hasSuffix("\r\nConnection: close\r\nuser-agent: probe\r\n\r\n"))
        #expect(!text.contains("herald"))
    }

    @Test(arguments: ["GET": false, "HEAD": false, "OPTIONS": false, "PUT": true, "POST": true, "PATCH": true])
    func aMethodThatBringsABodyAsARuleSaysThatThereIsNone(method: String, says: Bool) {
        #expect(CheckTalk(Self.http(method: method)).sentText.contains("\r\nContent-Length: 0\r\n") == says)
    }

    @Test func anIPv6ServerIsNamedInBrackets() {
        let server = SocketAddress(.v6(IPv6Address(high: 0, low: 1)), port: 80)
        var exchange = CheckExchange(Self.http(), hasHeader: false, server: server)
        guard case .goOn(let request) = exchange.begin() else {
            Issue.record("nothing is asked")
            return
        }
        #expect(String(decoding: request, as: UTF8.self).contains("\r\nHost: [::1]:80\r\n"))
    }

    // MARK: The status

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n\r\n", "passed"), ("HTTP/1.0 399\r\n\r\n", "passed"), ("HTTP/1.1 204 \n\n", "passed"),
        ("\r\nHTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n", "passed"),
        ("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n", "status 503, expected 200-399"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "status 400, expected 200-399"),
        ("HTTP/1.1 199 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "passed"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "passed"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\n\r\n", "status 500, expected 200-399"),
        ("HTTP/1.1 101 Switching\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "status 101, expected 200-399"),
        ("HTTP/1.1 200 OK\r\nA: b\r\n", "goes on"), ("HTTP/1.", "goes on"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "goes on"),
    ])
    func theStatusDecides(answer: String, verdict: String) {
        #expect(CheckTalk.verdicts(Self.http(), answer: answer) == [verdict])
    }

    @Test(arguments: [(204, "passed"), (404, "passed"), (405, "passed"), (200, "status 200, expected 204, 404-405")])
    func onlyTheStatusesOfTheSettingsPass(status: Int, verdict: String) {
        let answer = "HTTP/1.1 \(status) x\r\n\r\n"
        #expect(CheckTalk.verdicts(Self.http([204...204, 404...405]), answer: answer) == [verdict])
    }

    // MARK: The body

    /// All of these replies have `it is ok` for a body.
    private static let repliesWithBody = [
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nit is ok",
        "HTTP/1.1 200 OK\nContent-Length: 8\nContent-Length: 8\n\nit is ok",
        "HTTP/1.0 200 OK\r\n\r\nit is ok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nit is ok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n6;a=\"8;b\" \r\nit is \r\n1\r\no\r\n001\r\nk\r\n0;c\r\nX: ok\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\n\n3\nit \n5 \nis ok\n0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nit is ok\r\n0\r\n\r\n",
        "HTTP/1.1 103 Early\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nit is ok",
    ]

    @Test(arguments: repliesWithBody)
    func textIsFoundInTheBodyHoweverItIsSent(answer: String) {
        #expect(CheckTalk.verdicts(Self.http(body: "is ok"), answer: answer) == ["passed"])
        #expect(CheckTalk.verdicts(Self.http(body: "it is ok"), answer: answer) == ["passed"])
    }

    @Test(arguments: repliesWithBody)
    func textThatIsNotInTheBodyFailsAtItsEnd(answer: String) {
        let verdicts = CheckTalk.verdicts(Self.http(body: "is OK"), answer: answer, then: .fin)
        #expect(verdicts == ["no 'is OK' in the answer 'it is ok'"])
    }

    /// Where the reply says its own end, nobody waits for the connection's.
    @Test(arguments: repliesWithBody.filter { !$0.hasPrefix("HTTP/1.0") })
    func theReplysEndIsEnough(answer: String) {
        #expect(
            CheckTalk.verdicts(Self.http(body: "is OK"), answer: answer) == ["no 'is OK' in the answer 'it is ok'"]
        )
    }

    /// Neither in the head, nor in a chunk's size or extension, nor in trailers, nor behind the reply.
    @Test(arguments: [
        "HTTP/1.1 200 ready\r\nX: ready\r\nContent-Length: 1\r\n\r\n-ready",
        "HTTP/1.1 200 ready\r\nTransfer-Encoding: chunked\r\n\r\n1;ready\r\n-\r\n0;ready\r\nX: ready\r\n\r\nready",
    ])
    func textOutsideTheBodyDoesNotCount(answer: String) {
        #expect(CheckTalk.verdicts(Self.http(body: "ready"), answer: answer) == ["no 'ready' in the answer '-'"])
    }

    @Test(arguments: [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"), ("GET", "HTTP/1.1 204 None\r\n\r\nready"),
        ("GET", "HTTP/1.1 304 Same\r\nTransfer-Encoding: chunked\r\n\r\nready"),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nready"),
    ])
    func whatHasNoBodyEndsWithItsHead(method: String, answer: String) {
        let verdicts = CheckTalk.verdicts(Self.http(body: "ready", method: method), answer: answer)
        #expect(verdicts == ["no 'ready' in the answer ''"])
    }

    @Test func aReplyIsCompleteAtItsEndAndNotBefore() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        #expect(CheckTalk(Self.http(body: "ok"), answer: answer).exchange.isAnswerComplete)
        #expect(!CheckTalk(Self.http(), answer: String(answer.dropLast())).exchange.isAnswerComplete)
        #expect(!CheckTalk(Self.http(), answer: "HTTP/1.0 200 OK\r\n\r\nok").exchange.isAnswerComplete)
        #expect(!CheckTalk(Self.http(), answer: "HTTP/1.1 503 No\r\n\r\n").exchange.isAnswerComplete)
    }

    // MARK: No HTTP

    @Test(arguments: [
        ("SSH-2.0-OpenSSH\r\n", "the answer is not HTTP: 'SSH-2.0-OpenSSH\\r\\n'"),
        ("HTTP/2 200\r\n\r\n", "the answer is not HTTP: 'HTTP/2 200\\r\\n\\r\\n'"),
        ("HTTP/1.1 abc\r\n\r\n", "the answer is not HTTP: 'HTTP/1.1 abc\\r\\n\\r\\n'"),
        ("HTTP/1.1 99\r\n\r\n", "the answer is not HTTP: 'HTTP/1.1 99\\r\\n\\r\\n'"),
        ("HTTP/1.1 600 x\r\n\r\n", "the answer is not HTTP: 'HTTP/1.1 600 x\\r\\n\\r\\n'"),
        ("HTTP/1.1 200 OK\r\nno field\r\n\r\n", "the answer is not HTTP: 'HTTP/1.1 200 OK\\r\\nno field\\r\\n\\r\\n'"),
        ("\u{15}\u{3}\u{1}", "the answer is not HTTP: '\\x15\\x03\\x01'"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n",
            "the answer is not HTTP: 'HTTP/1.1 200 OK\\r\\nContent-Length: two\\r\\n\\r\\n'"
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "the answer is not HTTP: 'HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\nContent-Leng'..."
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "the answer is not HTTP: 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nx'..."
        ),
    ])
    func whatIsNotHTTPIsRepeated(answer: String, verdict: String) {
        #expect(CheckTalk(Self.http(body: "ok"), answer: answer).verdict == verdict)
    }

    /// A server that greets first waits for an answer itself: its first byte is enough.
    @Test func anotherProtocolIsKnownAtItsFirstByte() {
        #expect(CheckTalk(Self.http(), answer: "2").verdict == "the answer is not HTTP: '2'")
    }

    // MARK: The end of the connection, and of the time

    @Test(arguments: [
        ("", CheckTalk.Ending.fin, "connection closed early by the server"),
        ("", .reset, "connection reset by the server"), ("", .timeout, "no answer within 2 s"),
        ("HTTP/1.1 200 OK\r\n", .fin, "connection closed early by the server"),
        ("HTTP/1.1 200 OK\r\n", .reset, "connection reset by the server"),
        ("HTTP/1.1 200 OK\r\n", .timeout, "no answer within 2 s"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nnot", .fin, "connection closed early by the server"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nnot", .reset, "connection reset by the server"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nnot", .timeout, "no 'ok' within 2 s, only 'not'"),
        ("HTTP/1.1 200 OK\r\n\r\n", .fin, "no 'ok' in the answer ''"),
        ("HTTP/1.1 200 OK\r\n\r\n", .timeout, "no 'ok' within 2 s, only ''"),
        ("HTTP/1.1 200 OK\r\n\r\no", .reset, "connection reset by the server"),
    ])
    func anAnswerThatStops(answer: String, ending: CheckTalk.Ending, verdict: String) {
        #expect(CheckTalk(Self.http(body: "ok"), answer: answer, then: ending).verdict == verdict)
    }

    // MARK: Too much

    @Test func aHeadHasALimit() {
        let answer = "HTTP/1.1 200 OK\r\nA: \(String(repeating: "x", count: Limits.maximumHTTPHeadBytes))\r\n\r\n"
        #expect(CheckTalk(Self.http(), answer: answer).verdict == "no end of the reply's head in the first 8192 bytes")
    }

    @Test func interimHeadsHaveALimitTogether() {
        let head = "HTTP/1.1 100 Continue\r\n\r\n"
        let answer = Array(repeating: Array(head.utf8), count: Limits.maximumCheckReplyBytes / head.utf8.count + 1)
        #expect(CheckTalk(Self.http(), answer: answer).verdict == "no end of the reply's head in the first 65536 bytes")
        #expect(CheckTalk(Self.http(), answer: answer.dropLast()).verdict == "goes on")
    }

    @Test(arguments: [0, 1]) func textIsLookedForInTheFirstBytesOfTheBody(excess: Int) {
        let head = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
        let body = [UInt8](repeating: 0x78, count: Limits.maximumCheckReplyBytes - 2 + excess) + Array("ok".utf8)
        let verdict = excess == 0 ? "passed" : "no 'ok' in the first 65536 bytes of the answer"
        #expect(CheckTalk(Self.http(body: "ok"), answer: [head + body]).verdict == verdict)
        #expect(CheckTalk(Self.http(body: "ok"), answer: (head + body).map { [$0] }).verdict == verdict)
    }

    // MARK: With a header

    @Test func aBadRequestBehindAHeaderIsTheHeadersFault() {
        let answer = "HTTP/1.1 400 Bad Request\r\n\r\n"
        let fault = "answered as if it did not understand the PROXY header: status 400"
        #expect(CheckTalk.verdicts(Self.http(), hasHeader: true, answer: answer) == [fault])
        #expect(CheckTalk.verdicts(Self.http([400...400]), hasHeader: true, answer: answer) == ["passed"])
    }

    @Test(arguments: [
        ("", CheckTalk.Ending.fin, "answered as if it did not understand the PROXY header: connection closed"),
        ("", .reset, "answered as if it did not understand the PROXY header: connection reset"),
        ("", .timeout, "no answer within 2 s"), ("HTTP/1.1", .fin, "connection closed early by the server"),
        ("HTTP/1.1", .reset, "connection reset by the server"),
        ("HTTP/1.1 503 No\r\n\r\n", .silence, "status 503, expected 200-399"),
    ])
    func othersThatFailBehindAHeader(answer: String, ending: CheckTalk.Ending, verdict: String) {
        #expect(CheckTalk(Self.http(), hasHeader: true, answer: answer, then: ending).verdict == verdict)
    }
}
