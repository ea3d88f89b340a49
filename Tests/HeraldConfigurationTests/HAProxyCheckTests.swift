import HeraldConfiguration
import HeraldCore
import Testing

/// `option httpchk`, `http-check`, `option tcp-check` and `tcp-check`.
@Suite struct HAProxyCheckTests {
    private func kind(_ rules: String) throws -> HealthCheckSettings.Kind? {
        let text = haproxyFile(backend: "\(rules)\nserver s 10.0.0.1:80 check")
        #expect(lines(text, "f.cfg").count == 2, "nothing but the missing timeouts is said")
        return try settings(haproxy: text).backends[0].servers[0].check?.kind
    }

    private func http(_ change: (inout HTTPCheckSettings) -> Void = { _ in }) -> HealthCheckSettings.Kind {
        var settings = HTTPCheckSettings()
        settings.method = "OPTIONS"
        settings.version = .http10
        change(&settings)
        return .http(settings)
    }

    @Test func theOptionAlone() throws {
        #expect(try kind("option httpchk") == http())
        #expect(try kind("option httpchk /healthz") == http { $0.path = "/healthz" })
        #expect(try kind("option httpchk HEAD /") == http { $0.method = "HEAD" })
        #expect(
            try kind("option httpchk GET /a HTTP/1.1")
                == http {
                    $0.method = "GET"
                    $0.path = "/a"
                    $0.version = .http11
                }
        )
        #expect(try kind("option httpchk OPTIONS / HTTP/1.0") == http())
        #expect(try kind("option httpchk\nhttp-check send ver HTTP/1.1") == http { $0.version = .http11 })
        #expect(try kind("option httpchk\nno option httpchk") == .tcp)
        #expect(try kind("option httpchk\noption tcp-check") == .tcp)
        #expect(try kind("option httpchk\nno option tcp-check") == http())
        #expect(try kind("option tcp-check\noption httpchk") == http())
    }

    @Test func headerLinesBehindTheVersion() throws {
        #expect(
            try kind(#"option httpchk GET / HTTP/1.1\r\nHost:\ www.example.com\r\nX-A:\ b\r\nConnection:\ close"#)
                == http {
                    $0.method = "GET"
                    $0.version = .http11
                    $0.host = "www.example.com"
                    $0.fields = [.init(name: "X-A", value: "b")]
                }
        )
    }

    /// The word is only one where it does not stand for a text itself.
    @Test func commentsOfRulesArePassedOver() throws {
        let rules = """
            option tcp-check
            tcp-check connect default comment "first of all"
            tcp-check connect comment x
            tcp-check expect comment "a greeting" string 220
            tcp-check expect binary 00 comment zero
            tcp-check send comment comment QUIT
            tcp-check send-binary ff comment x
            tcp-check expect string comment
            """
        let texts = [Array("220".utf8), [0], Array("comment".utf8), [0xff], Array("comment".utf8)]
        let steps: [DialogueStep] = [
            .expect(texts[0]), .expect(texts[1]), .send(texts[2]), .send(texts[3]), .expect(texts[4]),
        ]
        #expect(try kind(rules) == .dialogue(steps))
        #expect(
            try kind("option httpchk\nhttp-check connect comment x\nhttp-check expect status 200 comment x")
                == http { $0.status = [200...200] }
        )
    }

    @Test func theRequestByRule() throws {
        #expect(
            try kind(
                "option httpchk\nhttp-check connect default\n"
                    + "http-check send meth GET uri /x ver HTTP/1.1 hdr Host a.example hdr X-A 'b c'"
            )
                == http {
                    $0.method = "GET"
                    $0.path = "/x"
                    $0.version = .http11
                    $0.host = "a.example"
                    $0.fields = [.init(name: "X-A", value: "b c")]
                }
        )
    }

    @Test func whatIsExpected() throws {
        #expect(
            try kind("option httpchk\nhttp-check expect status 200,300-399")
                == http {
                    $0.status = [200...200, 300...399]
                }
        )
        #expect(
            try kind("option httpchk\nhttp-check expect status 200-299,404\nhttp-check expect status 204-450")
                == http {
                    $0.status = [204...299, 404...404]
                }
        )
        // With a text alone HAProxy does not look at the status.
        #expect(
            try kind("option httpchk\nhttp-check expect string OK")
                == http {
                    $0.status = [100...599]
                    $0.body = Array("OK".utf8)
                }
        )
        for rules in ["status 200\nhttp-check expect string OK", "string OK\nhttp-check expect status 200"] {
            #expect(
                try kind("option httpchk\nhttp-check expect \(rules)")
                    == http {
                        $0.status = [200...200]
                        $0.body = Array("OK".utf8)
                    }
            )
        }
    }

    @Test func steps() throws {
        let rules = #"""
            option tcp-check
            tcp-check connect
            tcp-check expect string 220\ mail
            tcp-check send QUIT\r\n
            tcp-check expect binary 32320D0a
            tcp-check send-binary 00ff
            """#
        #expect(
            try kind(rules)
                == .dialogue([
                    .expect(Array("220 mail".utf8)), .send(Array("QUIT\r\n".utf8)), .expect([0x32, 0x32, 0x0D, 0x0A]),
                    .send([0x00, 0xFF]),
                ])
        )
        #expect(try kind("option tcp-check") == .tcp)
        #expect(try kind("option tcp-check\ntcp-check connect") == .tcp)
    }

    @Test func defaultsHandThemDown() throws {
        let defaults = "defaults\noption httpchk GET /d\nhttp-check expect status 204\n"
        let text = defaults + haproxyFile(backend: "server s 10.0.0.1:80 check\nserver t 10.0.0.2:80")
        let servers = try settings(haproxy: text).backends[0].servers
        #expect(
            servers[0].check?.kind
                == http {
                    $0.method = "GET"
                    $0.path = "/d"
                    $0.status = [204...204]
                }
        )
        #expect(servers[1].check == nil)
    }

    @Test func stepsHaveALimit() {
        func found(_ count: Int) -> [String] {
            let rules = Array(repeating: "tcp-check send a", count: count).joined(separator: "\n")
            return errors(haproxyFile(backend: "option tcp-check\n\(rules)\nserver s 10.0.0.1:80 check"), "f.cfg")
        }
        #expect(found(32) == [])
        #expect(found(33) == ["39:1: error: 33 steps up to here; expected at most 32"])
    }

    /// The backend's lines begin at line 6.
    @Test(arguments: [
        (
            "option httpchk GET",
            [
                "6:16: error: the path 'GET' without a slash at its beginning; expected a path such as /healthz; did you mean '/GET'?"
            ]
        ),
        (
            "option httpchk GET healthz",
            [
                "6:20: error: the path 'healthz' without a slash at its beginning; expected a path such as /healthz; did you mean '/healthz'?"
            ]
        ),
        ("option httpchk GET /a HTTP/2", ["6:23: error: 'HTTP/2' is not a version; expected HTTP/1.0 or HTTP/1.1"]),
        ("option httpchk GET /a HTTP/1.1 x", ["6:32: error: 'x' after 'httpchk'; expected the end of the line"]),
        (
            "option httpchk GET /a HTTP/1.1\\r\\nX-Y\\ z:\\ www",
            [
                "6:23: error: 'X-Y z' is not a header's name; expected a word such as X-Probe"
            ]
        ),
        (
            "option httpchk CONNECT /a",
            [
                "6:16: error: the method CONNECT, which asks for no page; expected GET, HEAD or OPTIONS"
            ]
        ),
        (
            "http-check",
            [
                "6:1: error: 'http-check' without a rule; expected 'http-check expect', for example",
                "6:1: warning: 'http-check' is not acted on without 'option httpchk'",
            ]
        ),
        (
            "http-check expect",
            [
                "6:1: warning: 'http-check' is not acted on without 'option httpchk'",
                "6:12: error: 'expect' without a match; expected 'expect status 200-399'",
            ]
        ),
        (
            "http-check expect status",
            [
                "6:1: warning: 'http-check' is not acted on without 'option httpchk'",
                "6:19: error: 'status' without a value; expected 'status 200-399'",
            ]
        ),
        (
            "option httpchk\nhttp-check expect status 20x",
            [
                "7:26: error: '20x' is not a status; expected a status such as 200, or a range such as 200-299"
            ]
        ),
        (
            "option httpchk\nhttp-check expect status 200-299,99",
            [
                "7:26: error: '99' is not a status; expected a status such as 200, or a range such as 200-299"
            ]
        ),
        (
            "option httpchk\nhttp-check expect status 300-200",
            [
                "7:26: error: '300-200' is a range from more to less; expected a status such as 200, or a range such as 200-299; did you mean '200-300'?"
            ]
        ),
        (
            "option httpchk\nhttp-check expect rstatus ^2",
            [
                "7:19: error: 'http-check expect rstatus' is HAProxy syntax that Herald does not support; expected 'status' with ranges, or 'string'"
            ]
        ),
        (
            "option httpchk\nhttp-check expect ! status 500",
            [
                "7:19: error: 'expect ... !' is HAProxy syntax that Herald does not support; expected 'expect status 200-399' alone"
            ]
        ),
        (
            "option httpchk\nhttp-check expect string a b",
            [
                "7:28: error: 'expect ... b' is HAProxy syntax that Herald does not support; expected 'expect string TEXT' alone"
            ]
        ),
        (
            "option httpchk\nhttp-check expect string \"\"",
            [
                "7:26: error: an empty text; expected at least one character"
            ]
        ),
        (
            "option httpchk\nhttp-check expect hdr name x",
            [
                "7:19: error: 'expect ... hdr' is HAProxy syntax that Herald does not support; expected 'expect status 200-399' alone"
            ]
        ),
        (
            "option httpchk HEAD /\nhttp-check expect string x",
            [
                "7:1: error: 'http-check expect string' with the method HEAD, whose replies have no body; expected GET"
            ]
        ),
        ("option httpchk\nhttp-check send meth", ["7:17: error: 'meth' without a value; expected meth and its value"]),
        ("option httpchk\nhttp-check send hdr X", ["7:17: error: 'hdr' without a value; expected hdr NAME VALUE"]),
        (
            "option httpchk\nhttp-check send hdr Content-Length 5",
            [
                "7:21: error: the header 'Content-Length', which the check sets itself"
            ]
        ),
        (
            "option httpchk\nhttp-check send body x",
            [
                "7:17: error: 'http-check send ... body' is HAProxy syntax that Herald does not support; expected meth, uri, ver and hdr"
            ]
        ),
        (
            "option httpchk\nhttp-check send uri healthz",
            [
                "7:21: error: the path 'healthz' without a slash at its beginning; expected a path such as /healthz; did you mean '/healthz'?"
            ]
        ),
        (
            "option httpchk\nhttp-check sedn uri /",
            [
                "7:12: error: unknown rule 'sedn' of 'http-check'; did you mean 'send'?"
            ]
        ),
        (
            "option httpchk\nhttp-check connect port 8080",
            [
                "7:20: error: 'connect ... port' is HAProxy syntax that Herald does not support; expected 'port', 'addr' and 'check-send-proxy' of the server"
            ]
        ),
        (
            "option httpchk\nhttp-check disable-on-404",
            [
                "7:12: error: 'http-check disable-on-404' is HAProxy syntax that Herald does not support; expected a status that fails the check"
            ]
        ),
        (
            "option httpchk\nhttp-check send-state",
            [
                "7:12: error: 'http-check send-state' is HAProxy syntax that Herald does not support"
            ]
        ),
        (
            "option httpchk\nhttp-check comment x",
            [
                "7:12: warning: 'http-check comment' is not acted on: nothing in Herald uses it"
            ]
        ),
        ("http-check expect status 200", ["6:1: warning: 'http-check' is not acted on without 'option httpchk'"]),
        (
            "no option httpchk\nhttp-check expect status 200",
            [
                "7:1: warning: 'http-check' is not acted on without 'option httpchk'"
            ]
        ),
        (
            "tcp-check",
            [
                "6:1: error: 'tcp-check' without a rule; expected 'tcp-check expect', for example",
                "6:1: warning: 'tcp-check' is not acted on without 'option tcp-check'",
            ]
        ),
        ("tcp-check expect string 220", ["6:1: warning: 'tcp-check' is not acted on without 'option tcp-check'"]),
        (
            "option tcp-check\ntcp-check expect string",
            [
                "7:18: error: 'string' without a value; expected 'string TEXT'"
            ]
        ),
        (
            "option tcp-check\ntcp-check expect rstring ^a",
            [
                "7:18: error: 'tcp-check expect rstring' is HAProxy syntax that Herald does not support; expected 'string' or 'binary'"
            ]
        ),
        (
            "option tcp-check\ntcp-check expect binary 0g",
            [
                "7:25: error: '0g' is not hex; expected two digits of 0 to f for each byte"
            ]
        ),
        (
            "option tcp-check\ntcp-check expect binary 123",
            [
                "7:25: error: '123' ends within a byte; expected two digits for each byte"
            ]
        ),
        ("option tcp-check\ntcp-check send", ["7:11: error: 'send' without a value; expected what is to be sent"]),
        ("option tcp-check\ntcp-check send a b", ["7:18: error: 'b' after 'send'; expected the end of the line"]),
        (
            "option tcp-check\ntcp-check send-lf a",
            [
                "7:11: error: 'tcp-check send-lf' is HAProxy syntax that Herald does not support; expected 'send' with the text itself"
            ]
        ),
        (
            "option tcp-check\ntcp-check send-binary zz",
            [
                "7:23: error: 'zz' is not hex; expected two digits of 0 to f for each byte"
            ]
        ),
        (
            "option tcp-check\ntcp-check send a comment",
            ["7:18: error: 'comment' after 'send'; expected the end of the line"]
        ),
        (
            "option tcp-check\ntcp-check connect comment x port 25",
            [
                "7:29: error: 'connect ... port' is HAProxy syntax that Herald does not support; expected 'port', 'addr' and 'check-send-proxy' of the server"
            ]
        ),
        (
            "option tcp-check\ntcp-check connect port 25",
            [
                "7:19: error: 'connect ... port' is HAProxy syntax that Herald does not support; expected 'port', 'addr' and 'check-send-proxy' of the server"
            ]
        ),
        (
            "option tcp-check\ntcp-check exept string x",
            [
                "7:11: error: unknown rule 'exept' of 'tcp-check'; did you mean 'expect'?"
            ]
        ),
        ("option tcp-check x", ["6:18: error: 'x' after 'tcp-check'; expected the end of the line"]),
    ])
    func problems(rules: String, expected: [String]) {
        let found = lines(haproxyFile(backend: "\(rules)\nserver s 10.0.0.1:80 check"), "f.cfg")
        #expect(found.filter { !$0.contains("waits for ever where no timeout is set") } == expected)
    }
}
