import HeraldCore
import NetworkAddress
import Testing

@Suite struct HTTPURLTests {
    @Test(arguments: [
        ("http://127.0.0.1:9901/readyz", "127.0.0.1:9901", "/readyz"),
        ("HTTP://herald", "herald:80", ""),
        ("http://herald.example:1/a?b=/:@#c", "herald.example:1", "/a?b=/:@"),
        ("http://[::1]:9901", "[::1]:9901", ""),
        ("http://[2001:db8::1]/x", "[2001:db8::1]:80", "/x"),
        ("http://a_b-c?x", "a_b-c:80", "/?x"),
    ])
    func aURLIsTakenApart(text: String, authority: String, target: String) throws {
        let url = try HTTPURL(text)
        #expect(url.authority == authority)
        #expect(url.target == target)
    }

    @Test(arguments: [
        "", "127.0.0.1:9901", "https://127.0.0.1/", "http://", "http:///readyz", "http://:80/", "http://a:/",
        "http://a:0/",
        "http://a:65536/", "http://a:b/", "http://user@a/", "http://::1/", "http://[::1/", "http://[::1]x:80/",
        "http://[127.0.0.1]/", "http://a b/", "http://a/\r\nX: y", "http://é/", "http://a\u{1b}/", "http://a(b)/",
    ])
    func whatIsNoURLIsRefusedWithWhatWasExpected(text: String) {
        let error = #expect(throws: HTTPURL.Invalid.self) { try HTTPURL(text) }
        #expect(error?.description.contains("expected http://HOST[:PORT][/PATH]") == true)
    }

    @Test func anAddressMakesAURL() throws {
        let address = try #require(SocketAddress("[::1]:9901"))
        #expect("\(HTTPURL(address, target: "/readyz"))" == "http://[::1]:9901/readyz")
    }

    /// RFC 9110, section 5.6.7.
    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
    ])
    func datesAreWrittenAsHTTPHasThem(seconds: Int64, text: String) {
        #expect(Timestamp(microsecondsSince1970: seconds * 1_000_000).httpDate == text)
    }
}

@Suite struct ReadinessReportTests {
    @Test func noReasonIsReady() {
        let report = ReadinessReport(reasons: [])
        #expect(report.isReady)
        #expect(report.json == #"{"ready":true,"reasons":[]}"#)
    }

    @Test func reasonsAreListedAsJSON() {
        let report = ReadinessReport(reasons: [.draining, .starting, .noServer(frontend: "a\"", backend: "b\n")])
        #expect(!report.isReady)
        let last = #""frontend 'a\"': backend 'b\n' has no server that is up""#
        #expect(report.json == #"{"ready":false,"reasons":["draining","starting",\#(last)]}"#)
    }
}
