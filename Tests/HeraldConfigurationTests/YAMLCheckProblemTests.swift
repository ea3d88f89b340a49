import HeraldConfiguration
import Testing

/// Checks by HTTP and by dialogue that are written wrong.
@Suite struct YAMLCheckProblemTests {
    /// The check's keys begin at line 7, column 51.
    @Test(arguments: [
        (
            "http: healthz",
            [
                "7:57: error: the path 'healthz' without a slash at its beginning; expected a path such as /healthz; did you mean '/healthz'?"
            ]
        ),
        (
            "http: http://x/y",
            [
                "7:57: error: the path 'http://x/y' without a slash at its beginning; expected a path such as /healthz"
            ]
        ),
        (
            "http: \"/a b\"",
            [
                "7:57: error: the path '/a b' has a blank or another byte that no path has; expected visible ASCII, everything else as %20 and the like"
            ]
        ),
        ("http: ", ["7:58: error: nothing for 'http'; expected a path, such as /healthz"]),
        ("http: \"\"", ["7:57: error: the path '' without a slash at its beginning; expected a path such as /healthz"]),
        ("http: [/a]", ["7:57: error: a list for 'http'; expected a path, such as /healthz"]),
        (
            "http: { path: x }",
            [
                "7:65: error: the path 'x' without a slash at its beginning; expected a path such as /healthz; did you mean '/x'?"
            ]
        ),
        (
            "http: { method: \"G T\" }",
            [
                "7:67: error: 'G T' is not a method; expected a word such as GET, HEAD or OPTIONS"
            ]
        ),
        (
            "http: { method: CONNECT }",
            [
                "7:67: error: the method CONNECT, which asks for no page; expected GET, HEAD or OPTIONS"
            ]
        ),
        (
            "http: { body: x, method: HEAD }",
            [
                "7:65: error: 'body' with the method HEAD, whose replies have none; expected GET"
            ]
        ),
        (
            "http: { status: 99 }",
            [
                "7:67: error: '99' is not a status; expected a status such as 200, or a range such as 200-299"
            ]
        ),
        ("http: { status: 600 }", ["7:67: error: '600' is no status that there can be; expected 100 to 599"]),
        ("http: { status: 099 }", ["7:67: error: '099' is no status that there can be; expected 100 to 599"]),
        (
            "http: { status: 299-200 }",
            [
                "7:67: error: '299-200' is a range from more to less; expected a status such as 200, or a range such as 200-299; did you mean '200-299'?"
            ]
        ),
        (
            "http: { status: [200, 2xx, 200-] }",
            [
                "7:73: error: '2xx' is not a status; expected a status such as 200, or a range such as 200-299",
                "7:78: error: '200-' is not a status; expected a status such as 200, or a range such as 200-299",
            ]
        ),
        (
            "http: { status: [] }",
            [
                "7:67: error: an empty list for 'status'; expected a status such as 200, or a range such as 200-299"
            ]
        ),
        (
            "http: { status: 200-299-301 }",
            [
                "7:67: error: '200-299-301' is not a status; expected a status such as 200, or a range such as 200-299"
            ]
        ),
        ("http: { body: \"\" }", ["7:65: error: an empty text; expected at least one character"]),
        ("http: { body: [a] }", ["7:65: error: a list for 'body'; expected text that the body contains"]),
        (
            "http: { host: \"a\\nb\" }",
            [
                "7:65: error: 'a\\nb' has a byte that no header's value has; expected visible ASCII and blanks"
            ]
        ),
        ("http: { headers: { Host: x } }", ["7:70: error: the header 'Host'; expected 'host' in its place"]),
        (
            "http: { headers: { \"a b\": x } }",
            [
                "7:70: error: 'a b' is not a header's name; expected a word such as X-Probe"
            ]
        ),
        (
            "http: { headers: { Connection: x, Content-Length: 1, transfer-encoding: x } }",
            [
                "7:70: error: the header 'Connection', which the check sets itself",
                "7:85: error: the header 'Content-Length', which the check sets itself",
                "7:104: error: the header 'transfer-encoding', which the check sets itself",
            ]
        ),
        (
            "http: { headers: { X: \"a\\nb\" } }",
            [
                "7:73: error: 'a\\nb' has a byte that no header's value has; expected visible ASCII and blanks"
            ]
        ),
        (
            "http: { headers: [x] }",
            [
                "7:68: error: a list for 'headers'; expected a mapping of header names and values"
            ]
        ),
        ("http: { headers: { X: 1, X: 2 } }", ["7:76: error: the key 'X' again, after line 7; expected each key once"]),
        (
            "http: { pth: /x }",
            [
                "7:59: error: unknown key 'pth' in an HTTP check; expected method, path, version, host, headers, status or body; did you mean 'path'?"
            ]
        ),
        (
            "http: { uri: /x }",
            [
                "7:59: error: unknown key 'uri' in an HTTP check; expected method, path, version, host, headers, status or body; did you mean 'path'?"
            ]
        ),
        (
            "http: { expect: 200 }",
            [
                "7:59: error: unknown key 'expect' in an HTTP check; expected method, path, version, host, headers, status or body; did you mean 'status'?"
            ]
        ),
        (
            "htp: /x",
            [
                "7:51: error: unknown key 'htp' in a check; expected http, send-expect, interval, fast-interval, down-interval, rise, fall, timeout, port, address or send-proxy; did you mean 'http'?"
            ]
        ),
        (
            "path: /x",
            [
                "7:51: error: unknown key 'path' in a check; expected http, send-expect, interval, fast-interval, down-interval, rise, fall, timeout, port, address or send-proxy; did you mean 'http'?"
            ]
        ),
        ("http: /, send-expect: { send: x }", ["7:73: error: 'send-expect' beside 'http'; expected one of the two"]),
        ("send-expect: { send: x }, http: /", ["7:83: error: 'http' beside 'send-expect'; expected one of the two"]),
        (
            "send-expect: []",
            [
                "7:64: error: an empty list for 'send-expect'; expected steps, such as { send: PING, expect: PONG }"
            ]
        ),
        (
            "send-expect: ",
            [
                "7:65: error: nothing for 'send-expect'; expected steps, such as { send: PING, expect: PONG }"
            ]
        ),
        (
            "send-expect: x",
            [
                "7:64: error: 'x' for 'send-expect'; expected a mapping with the keys of a step of a check"
            ]
        ),
        (
            "send-expect: {}",
            [
                "7:64: error: a mapping for 'send-expect'; expected steps, such as { send: PING, expect: PONG }"
            ]
        ),
        ("send-expect: [{ send: \"\" }]", ["7:73: error: an empty text; expected at least one character"]),
        (
            "send-expect: [{ sned: a }]",
            [
                "7:67: error: unknown key 'sned' in a step of a check; expected send, send-hex, expect or expect-hex; did you mean 'send'?"
            ]
        ),
        (
            "send-expect: [{ send-hex: 0x1 }]",
            [
                "7:77: error: '0x1' is not hex; expected two digits of 0 to f for each byte"
            ]
        ),
        (
            "send-expect: [{ send-hex: \"123\" }]",
            [
                "7:77: error: '123' ends within a byte; expected two digits for each byte"
            ]
        ),
        (
            "send-expect: [{ expect-hex: \"\" }]",
            [
                "7:79: error: '' is not hex; expected two digits of 0 to f for each byte"
            ]
        ),
        (
            "send-expect: [{ send: a, send-hex: \"00\" }]",
            [
                "7:76: error: 'send-hex' beside 'send'; expected a step of its own"
            ]
        ),
        (
            "send-expect: [{ expect-hex: \"00\", send: a, expect: b }]",
            [
                "7:94: error: 'expect' beside 'expect-hex'; expected a step of its own"
            ]
        ),
        ("send-expect: [{ expect: [a] }]", ["7:75: error: a list for 'expect'; expected text"]),
    ])
    func problems(keys: String, expected: [String]) {
        let text = yamlFile(backend: "servers: { s: { address: 10.0.0.1:8, check: { \(keys) } } }")
        #expect(lines(text, "f.yaml") == expected)
    }

    @Test(arguments: [
        ("send-expect: { send: \"%\" }", "%", 4096), ("http: { body: \"%\" }", "%", 4096),
        ("send-expect: { expect-hex: \"%\" }", "0a", 4096), ("http: \"/%\"", "%", 4095),
    ])
    func textsHaveALimit(key: String, piece: String, count: Int) {
        for (count, isFine) in [(count, true), (count + 1, false)] {
            let keys = key.replacing("%", with: String(repeating: piece, count: count))
            let text = yamlFile(backend: "servers: { s: { address: 10.0.0.1:8, check: { \(keys) } } }")
            let found = errors(text, "f.yaml")
            #expect(found.isEmpty == isFine)
            #expect(found.allSatisfy { $0.hasSuffix(" error: 4097 bytes; expected at most 4096") }, "\(found)")
        }
    }

    @Test func stepsAndHeadersHaveALimit() {
        func check(_ keys: String) -> [String] {
            errors(yamlFile(backend: "servers: { s: { address: 10.0.0.1:8, check: { \(keys) } } }"), "f.yaml")
        }
        func steps(_ count: Int) -> String {
            "send-expect: [\(Array(repeating: "{ send: a, expect: b }", count: count).joined(separator: ", "))]"
        }
        func headers(_ count: Int) -> String {
            "http: { headers: { \((0..<count).map { "X-\($0): a" }.joined(separator: ", ")) } }"
        }
        #expect(check(steps(16)) == [])
        #expect(check(steps(17)) == ["7:64: error: a list for 'send-expect'; expected at most 32 steps"])
        #expect(check(headers(32)) == [])
        #expect(check(headers(33)) == ["7:68: error: a mapping for 'headers'; expected at most 32 headers"])
    }
}
