import HeraldConfiguration
import HeraldCore
import Testing

/// Checks by HTTP and by dialogue, in YAML.
@Suite struct YAMLCheckTests {
    private func check(_ keys: String) throws -> HealthCheckSettings {
        let text = yamlFile(backend: "servers: { s: { address: 10.0.0.1:80, check: { \(keys) } } }")
        return try #require(try settings(yaml: text).backends[0].servers[0].check)
    }

    @Test(arguments: ["http: /", "http: {}", "http: { path: / }", "http: { method: GET, status: 200-399 }"])
    func theUsualRequest(keys: String) throws {
        var expected = HealthCheckSettings()
        expected.kind = .http(HTTPCheckSettings())
        #expect(try check(keys) == expected)
    }

    @Test func everyKeyOfARequest() throws {
        let found = try check(
            """
            interval: 5s, http: { method: OPTIONS, path: "/a?b=c", version: 1.0, host: "a.example:80", status: [200, 300-399],
                  headers: { X-Probe: "a b", X-None: "", X-Two: [a, "b c"] }, body: "all \\"is\\" well\\n" }
            """
        )
        var http = HTTPCheckSettings()
        http.method = "OPTIONS"
        http.path = "/a?b=c"
        http.version = .http10
        http.host = "a.example:80"
        http.status = [200...200, 300...399]
        http.fields = [.init(name: "X-Probe", value: "a b"), .init(name: "X-None", value: "")]
        http.fields += [.init(name: "X-Two", value: "a"), .init(name: "X-Two", value: "b c")]
        http.body = Array("all \"is\" well\n".utf8)
        #expect(found.kind == .http(http))
        #expect(found.interval == .seconds(5))
    }

    @Test(arguments: [("100", 100...100), ("599", 599...599), ("100-599", 100...599), ("204-204", 204...204)])
    func statuses(text: String, range: ClosedRange<Int>) throws {
        guard case .http(let http) = try check("http: { status: \(text) }").kind else {
            Issue.record("no HTTP check")
            return
        }
        #expect(http.status == [range])
    }

    @Test func aStepSendsAndThenExpects() throws {
        let ping = HealthCheckSettings.Kind.dialogue([.send(Array("PING\r\n".utf8)), .expect(Array("+PONG".utf8))])
        #expect(try check(#"send-expect: { send: "PING\r\n", expect: +PONG }"#).kind == ping)
        #expect(try check(#"send-expect: { expect: +PONG, send: "PING\r\n" }"#).kind == ping)
        #expect(try check(#"send-expect: [{ send: "PING\r\n" }, { expect: +PONG }]"#).kind == ping)
    }

    @Test func aDialogue() throws {
        #expect(
            try check(#"send-expect: [{ expect: 220 }, { send: "QUIT\r\n", expect: "221" }, { send-hex: "00 fF" }]"#)
                .kind
                == .dialogue([
                    .expect(Array("220".utf8)), .send(Array("QUIT\r\n".utf8)), .expect(Array("221".utf8)),
                    .send([0x00, 0xFF]),
                ])
        )
        #expect(try check("send-expect: { expect-hex: 0d0a }").kind == .dialogue([.expect([0x0D, 0x0A])]))
    }

    @Test func aCheckOfAnyKindSendsTheServersHeader() throws {
        let text = yamlFile(
            backend: "servers: { s: { address: 10.0.0.1:80, send-proxy: v2, check: { http: /x } } }"
        )
        #expect(try settings(yaml: text).backends[0].servers[0].check?.announcement == .version2(Version2Options()))
    }
}
