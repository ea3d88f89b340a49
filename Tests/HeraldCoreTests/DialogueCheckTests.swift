import HeraldCore
import Testing

/// Checks that connect alone, that hear out what a server makes of the header, and that speak a protocol of their own.
@Suite struct DialogueCheckTests {
    private static func dialogue(_ steps: [(String, String)]) -> HealthCheckSettings.Kind {
        .dialogue(steps.map { $0.0 == "send" ? .send(Array($0.1.utf8)) : .expect(Array($0.1.utf8)) })
    }

    private static let smtp = dialogue([("expect", "220"), ("send", "QUIT\r\n"), ("expect", "221")])

    // MARK: Connecting, and a header

    @Test func aConnectionIsAllThatAPlainCheckWants() {
        #expect(CheckTalk(.tcp).verdict == "passed")
        #expect(CheckTalk(.tcp).sent == [])
    }

    @Test(arguments: [
        ("", CheckTalk.Ending.silence, "hears out"), ("", .fin, "passed"), ("", .timeout, "passed"),
        ("", .reset, "answered as if it did not understand the PROXY header: connection reset"),
        ("220 mail\r\n", .silence, "passed"), ("HTTP/1.1 40", .silence, "hears out"), ("HTTP/1.1 40", .fin, "passed"),
        ("HTTP/1.1 408 Late\r\n", .silence, "passed"), ("HTTP/1.1 200 OK\r\n", .silence, "passed"),
        ("HTTP/1.0 400", .silence, "answered as if it did not understand the PROXY header: status 400"),
        (
            "HTTP/1.1 400 Bad Request\r\n\r\n", .fin,
            "answered as if it did not understand the PROXY header: status 400"
        ),
    ])
    func whatAServerMakesOfAHeader(answer: String, ending: CheckTalk.Ending, verdict: String) {
        let verdicts =
            answer.isEmpty
            ? [CheckTalk(.tcp, hasHeader: true, then: ending).verdict]
            : CheckTalk.verdicts(.tcp, hasHeader: true, answer: answer, then: ending)
        #expect(verdicts == [verdict])
    }

    // MARK: Steps

    @Test func stepsFollowOneAnother() {
        #expect(CheckTalk(Self.smtp).sentText == "")
        #expect(CheckTalk(Self.smtp, answer: "220 mail").sentText == "QUIT\r\n")
        #expect(CheckTalk(Self.smtp, answer: "220 mail").verdict == "goes on")
        #expect(CheckTalk.verdicts(Self.smtp, answer: "220 mail.test ESMTP\r\n221 2.0.0 Bye\r\n") == ["passed"])
        let whole = CheckTalk(Self.smtp, answer: "220 mail.test ESMTP\r\n221 2.0.0 Bye\r\n")
        #expect(whole.sentText == "QUIT\r\n")
        #expect(!whole.exchange.isAnswerComplete)
    }

    /// The same bytes are not taken twice where something is sent in between.
    @Test func whatHasServedAStepDoesNotServeTheNext() {
        let twice = Self.dialogue([("expect", "ok"), ("send", "x"), ("expect", "ok")])
        #expect(CheckTalk.verdicts(twice, answer: "ok.") == ["goes on"])
        #expect(CheckTalk.verdicts(twice, answer: "ok.ok") == ["passed"])
    }

    @Test(arguments: ["ab", "ba", "aab", "bab", "xb.a"])
    func textsInARowMayComeInAnyOrder(answer: String) {
        let kind = Self.dialogue([("expect", "a"), ("expect", "b"), ("send", "bye")])
        #expect(CheckTalk.verdicts(kind, answer: answer) == ["passed"])
        #expect(CheckTalk(kind, answer: answer).sentText == "bye")
        #expect(CheckTalk.verdicts(kind, answer: "aaa") == ["goes on"])
    }

    @Test func textsInARowMayOverlap() {
        let kind = Self.dialogue([("expect", "aba"), ("expect", "bab")])
        #expect(CheckTalk.verdicts(kind, answer: "abab") == ["passed"])
    }

    @Test func whatIsOnlySentPassesAtOnce() {
        let talk = CheckTalk(Self.dialogue([("send", "a"), ("send", "b")]))
        #expect(talk.verdict == "passed")
        #expect(talk.sentText == "ab")
    }

    @Test func firstWordsAreThoseBeforeTheFirstExpectation() {
        let talk = CheckTalk(Self.dialogue([("send", "PING"), ("send", "\r\n"), ("expect", "PONG")]))
        #expect(talk.verdict == "goes on")
        #expect(talk.sentText == "PING\r\n")
    }

    @Test(arguments: [
        ("", CheckTalk.Ending.fin, "connection closed early by the server"),
        ("", .reset, "connection reset by the server"), ("", .timeout, "no answer within 2 s"),
        ("554 no\r\n", .fin, "no '220' in the answer '554 no\\r\\n'"),
        ("554 no\r\n", .timeout, "no '220' within 2 s, only '554 no\\r\\n'"),
        ("554 no\r\n", .reset, "connection reset by the server"),
        ("220 mail\r\n", .fin, "no '221' in the answer '220 mail\\r\\n'"),
        ("220 mail\r\n", .timeout, "no '221' within 2 s, only '220 mail\\r\\n'"),
    ])
    func anAnswerThatStops(answer: String, ending: CheckTalk.Ending, verdict: String) {
        #expect(CheckTalk(Self.smtp, answer: answer, then: ending).verdict == verdict)
    }

    @Test(arguments: [
        ("", CheckTalk.Ending.fin, "answered as if it did not understand the PROXY header: connection closed"),
        ("", .reset, "answered as if it did not understand the PROXY header: connection reset"),
        ("", .timeout, "no answer within 2 s"),
        ("HTTP/1.1 400 Bad", .fin, "answered as if it did not understand the PROXY header: status 400"),
        ("HTTP/1.1 400 Bad", .timeout, "answered as if it did not understand the PROXY header: status 400"),
        ("HTTP/1.1 400 Bad", .reset, "connection reset by the server"),
        ("HTTP/1.1 404 Bad", .fin, "no '220' in the answer 'HTTP/1.1 404 Bad'"),
        ("220 mail\r\n221 bye", .silence, "passed"),
    ])
    func anAnswerThatStopsBehindAHeader(answer: String, ending: CheckTalk.Ending, verdict: String) {
        #expect(CheckTalk(Self.smtp, hasHeader: true, answer: answer, then: ending).verdict == verdict)
    }

    @Test(arguments: [0, 1]) func anAnswerHasALimit(excess: Int) {
        let answer = [UInt8](repeating: 0x78, count: Limits.maximumCheckReplyBytes - 3 + excess) + Array("220".utf8)
        let kind = Self.dialogue([("expect", "220")])
        let verdict = excess == 0 ? "passed" : "no '220' in the first 65536 bytes of the answer"
        #expect(CheckTalk(kind, answer: [answer]).verdict == verdict)
        #expect(CheckTalk(kind, answer: answer.map { [$0] }).verdict == verdict)
    }

    /// Against the plain way to look for a text: few letters, so that beginnings repeat.
    @Test func textsAreFoundWhereverTheyAre() {
        var random = SplitMix64(seed: 220)
        func word(_ count: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: count, using: &random)).map { _ in Bool.random(using: &random) ? 0x61 : 0x62 }
        }
        for _ in 0..<5_000 {
            let (pattern, text) = (word(1...7), word(1...40))
            let isThere = text.indices.contains { text[$0...].starts(with: pattern) }
            let verdict = CheckTalk(.dialogue([.expect(pattern)]), answer: [text]).verdict
            #expect((verdict == "passed") == isThere, "\(pattern) in \(text)")
        }
    }

    @Test func anyBytesWhateverEndWithoutATrap() {
        var random = SplitMix64(seed: 17)
        let alphabet = Array("HTTP/1.1 200 400\r\n\r\n: content-length transfer-encoding:chunked 5aF;\u{0}220".utf8)
        let words = ["HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "\r\n", "5\r\n", "0\r\n", "220", "aa"]
        var settings = HTTPCheckSettings()
        settings.body = Array("aa".utf8)
        for kind in [HealthCheckSettings.Kind.tcp, .http(settings), Self.smtp] {
            for _ in 0..<3_000 {
                let pieces = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                    Bool.random(using: &random)
                        ? Array(words[Int.random(in: words.indices, using: &random)].utf8)
                        : (0...3).map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] }
                }
                let talk = CheckTalk(kind, hasHeader: Bool.random(using: &random), answer: pieces, then: .fin)
                #expect(talk.verdict != "goes on" && talk.verdict != "hears out")
            }
        }
    }
}

/// What a log line says of a server that fails.
@Suite struct ServerFailureTests {
    @Test(arguments: [
        (ServerFailure.refused, "refused", "connection refused"),
        (.unreachable, "unreachable", "host or network unreachable"),
        (.reset, "reset", "connection reset by the server"),
        (.closedEarly, "closed-early", "connection closed early by the server"),
        (.timedOut(after: .seconds(2), .connecting), "timeout", "no connection within 2 s"),
        (.timedOut(after: .milliseconds(1500), .announcing), "timeout", "PROXY header not taken within 1.5 s"),
        (.timedOut(after: .milliseconds(300), .answering), "timeout", "no answer within 300 ms"),
        (
            .timedOutWithout(
                QuotedBytes(Array("+PONG".utf8)),
                answer: QuotedBytes(Array("-ERR".utf8)),
                after: .seconds(1)
            ),
            "timeout", "no '+PONG' within 1 s, only '-ERR'"
        ),
        (.status(404, expected: [200...200]), "status", "status 404, expected 200"),
        (.status(404, expected: [200...299, 301...301]), "status", "status 404, expected 200-299, 301"),
        (.notHTTP(QuotedBytes([0x16, 0x03])), "not-http", "the answer is not HTTP: '\\x16\\x03'"),
        (
            .unexpectedAnswer(QuotedBytes([0x61]), expected: QuotedBytes([0x62])), "unexpected-answer",
            "no 'b' in the answer 'a'"
        ),
        (
            .answerTooLong(bytes: 9, expected: QuotedBytes([0x62])), "answer-too-long",
            "no 'b' in the first 9 bytes of the answer"
        ),
        (
            .answerTooLong(bytes: 9, expected: nil), "answer-too-long",
            "no end of the reply's head in the first 9 bytes"
        ),
        (
            .headerNotUnderstood(.badRequest), "header-not-understood",
            "answered as if it did not understand the PROXY header: status 400"
        ),
        (
            .headerNotUnderstood(.reset), "header-not-understood",
            "answered as if it did not understand the PROXY header: connection reset"
        ),
        (
            .headerNotUnderstood(.closed), "header-not-understood",
            "answered as if it did not understand the PROXY header: connection closed"
        ),
        (.local("no ports"), "local", "failed on this host: no ports"),
    ])
    func wordsAndLabels(failure: ServerFailure, label: String, text: String) {
        #expect(failure.description == text)
        #expect(failure.label == label)
        #expect(CheckOutcome.failed(failure).description == text)
    }

    @Test(arguments: [
        ("", "''"), ("plain text", "'plain text'"), ("a'b\\c", "'a\\'b\\\\c'"),
        ("\r\n\t\0\u{1b}[2J", "'\\r\\n\\t\\x00\\x1b[2J'"),
        ("é", "'\\xc3\\xa9'"), ("\u{7f}", "'\\x7f'"),
        (String(repeating: "x", count: 48), "'\(String(repeating: "x", count: 48))'"),
        (String(repeating: "x", count: 49), "'\(String(repeating: "x", count: 48))'..."),
    ])
    func whatIsRepeatedIsOneShortLine(text: String, quoted: String) {
        #expect(QuotedBytes(Array(text.utf8)).text == quoted)
    }
}
