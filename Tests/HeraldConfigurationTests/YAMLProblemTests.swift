import Foundation
import HeraldConfiguration
import Testing

@Suite struct YAMLProblemTests {
    /// The backend's text begins at line 7, column 5.
    @Test(arguments: [
        (
            "balance: hash\n    servers: {}",
            "7:14: error: 'hash' for 'balance'; expected roundrobin, leastconn, source, random or first"
        ),
        (
            "balance: round-robin\n    servers: {}",
            "7:14: error: 'round-robin' for 'balance'; expected roundrobin, leastconn, source, random or first; did you mean 'roundrobin'?"
        ),
        (
            "retries: 101\n    servers: {}",
            "7:14: error: '101' for 'retries' is out of range; expected a whole number from 0 to 100"
        ),
        (
            "redispatch: on\n    servers: {}",
            "7:17: error: 'on' for 'redispatch'; expected true or false, without quotes; did you mean 'true'?"
        ),
        (
            "timeouts: { connect: never }\n    servers: {}",
            "7:26: error: 'never' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        (
            "timeouts: { conect: 5s }\n    servers: {}",
            "7:17: error: unknown key 'conect' in a backend's timeouts; expected connect, connect-total, queue, server, server-fin, tunnel or check; did you mean 'connect'?"
        ),
        ("retries: 1", "6:3: error: backend 'pool' has no 'servers'; expected a mapping of servers"),
        (
            "server: { s: 10.0.0.1:80 }",
            "7:5: error: unknown key 'server' in a backend; expected balance, all-backups, max-queue, retries, redispatch, timeouts or servers; did you mean 'servers'?"
        ),
        ("servers: [10.0.0.1:80]", "7:14: error: a list for 'servers'; expected a mapping from the names of servers"),
        ("servers:", "7:13: error: nothing for 'servers'; expected a mapping from the names of servers"),
        (
            "servers: { a b: 10.0.0.1:80 }",
            "7:16: error: 'a b' can't be a name; expected letters, digits, '-', '_', '.' and ':'"
        ),
        ("servers: { ? [a] : 10.0.0.1:80 }", "7:18: error: a list as a key; expected a word"),
        ("servers: { s: }", "7:19: error: nothing for 's'; expected HOST:PORT, such as 192.0.2.1:80"),
        ("servers: { s: [] }", "7:19: error: an empty list for 's'; expected HOST:PORT, such as 192.0.2.1:80"),
        (
            "servers: { s: 10.0.0.1:80, s: 10.0.0.2:80 }",
            "7:32: error: the key 's' again, after line 7; expected each key once"
        ),
        (
            "servers: { s: 10.0.0.1 }",
            "7:19: error: '10.0.0.1' has no port; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80"
        ),
        ("servers: { s: 10.0.0.1:0 }", "7:19: error: '10.0.0.1:0' has port 0; expected a port from 1 to 65535"),
        (
            "servers: { s: 0.0.0.0:80 }",
            "7:19: error: '0.0.0.0:80' names no server; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80 (Herald is no transparent proxy)"
        ),
        (
            "servers: { s: \":80\" }",
            "7:19: error: ':80' names no server; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80 (Herald is no transparent proxy)"
        ),
        (
            "servers: { s: \"::1:80\" }",
            "7:19: error: '::1:80' is an IPv6 address without brackets; expected [ADDRESS]:PORT; did you mean '[::1]:80'?"
        ),
        (
            "servers: { s: -a.example:80 }",
            "7:19: error: '-a.example' is neither an IP address nor a host name; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80"
        ),
        (
            "servers: { s: ipv4@a.example:80 }",
            "7:19: error: 'ipv4@' before a host name is HAProxy syntax that Herald does not support; expected the name alone, or an address; did you mean 'a.example:80'?"
        ),
        (
            "servers: { s: 10.0.0.1:+80 }",
            "7:19: error: '10.0.0.1:+80' counts from the port that the client dialled, which Herald does not support; expected a port from 1 to 65535"
        ),
        (
            "servers: { s: \"$HOST:80\" }",
            "7:19: error: '$HOST:80' has an environment variable, which must be written ${NAME}, and in HAProxy's language \"${NAME}\", with the quotes; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80"
        ),
        (
            "servers: { s: http://a.example:80 }",
            "7:19: error: 'http://a.example:80' is a network or a URL; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80"
        ),
        ("servers: { s: { weight: 1 } }", "7:16: error: server 's' has no 'address'; expected address: HOST:PORT"),
        (
            "servers: { s: { host: a:80 } }",
            "7:21: error: unknown key 'host' in a server; expected address, check, send-proxy, weight, disabled, backup, maxconn, slowstart, observe, error-limit, on-error or on-marked-down; did you mean 'address'?"
        ),
    ])
    func backend(text: String, expected: String) {
        #expect(errors(yamlFile(backend: text), "f.yaml") == [expected])
    }

    @Test(arguments: [
        ("weight: 257", "7:50: error: '257' for 'weight' is out of range; expected a whole number from 0 to 256"),
        (
            "disabled: no",
            "7:52: error: 'no' for 'disabled'; expected true or false, without quotes; did you mean 'false'?"
        ),
        ("check: on", "7:49: error: 'on' for 'check'; expected true or false, without quotes; did you mean 'true'?"),
        (
            "check: { inter: 2s }",
            "7:51: error: unknown key 'inter' in a check; expected http, send-expect, interval, fast-interval, down-interval, rise, fall, timeout, port, address or send-proxy; did you mean 'interval'?"
        ),
        ("check: { interval: 0s }", "7:61: error: '0s' for 'interval'; expected a duration of 1ms or more"),
        ("check: { rise: 0 }", "7:57: error: '0' for 'rise' is out of range; expected a whole number from 1 to 10000"),
        (
            "check: { fall: 10001 }",
            "7:57: error: '10001' for 'fall' is out of range; expected a whole number from 1 to 10000"
        ),
        ("check: { port: 0 }", "7:57: error: '0' for 'port' is out of range; expected a whole number from 1 to 65535"),
        (
            "check: { address: a.example }",
            "7:60: error: 'a.example' is not an IP address; expected 192.0.2.1 or 2001:db8::1, without a port"
        ),
        (
            "check: { send-proxy: true }",
            "7:63: error: 'send-proxy: true' in the check of a server that has no send-proxy; expected v1 or v2"
        ),
        ("check: { send-proxy: v3 }", "7:63: error: 'v3' for 'send-proxy'; expected true or false, without quotes"),
        ("send-proxy: true", "7:54: error: 'true' for 'send-proxy'; expected v1 or v2"),
        ("send-proxy: {}", "7:54: error: a 'send-proxy' without 'version'; expected version: v2"),
        (
            "send-proxy: { version: v1, crc32c: true }",
            "7:77: error: 'crc32c' in a version 1 header; expected version: v2"
        ),
        ("send-proxy: { version: v1, tlvs: {} }", "7:75: error: 'tlvs' in a version 1 header; expected version: v2"),
        (
            "send-proxy: { version: v2, tlvs: { pass: [0x100] } }",
            "7:84: error: '0x100' is not a TLV type; expected a TLV type: 0x00 to 0xFF, or a name such as authority"
        ),
        (
            "send-proxy: { version: v2, tlvs: { pass: [0x-1] } }",
            "7:84: error: '0x-1' is not a TLV type; expected a TLV type: 0x00 to 0xFF, or a name such as authority"
        ),
        (
            "send-proxy: { version: v2, tlvs: { pass: [authorty] } }",
            "7:84: error: 'authorty' is not a TLV type; expected a TLV type: 0x00 to 0xFF, or a name such as authority; did you mean 'authority'?"
        ),
        (
            "send-proxy: { version: v2, tlvs: { pass: [crc32c] } }",
            "7:84: error: 'crc32c', which is never passed on but computed anew; expected 'crc32c: true' in send-proxy"
        ),
        (
            "send-proxy: { version: v2, tlvs: { add: { ssl: x } } }",
            "7:84: error: TLV type 'ssl' can't be added; expected alpn, authority, unique_id, netns, or 0xE0 to 0xF7"
        ),
        (
            "send-proxy: { version: v2, tlvs: { add: { 0xF8: x } } }",
            "7:84: error: TLV type '0xF8' can't be added; expected alpn, authority, unique_id, netns, or 0xE0 to 0xF7"
        ),
        (
            "send-proxy: { version: v2, tlvs: { add: { 0xE5: x, 0xe5: y } } }",
            "7:93: error: TLV type '0xe5' again; expected each type once"
        ),
        (
            "send-proxy: { version: v2, tlvs: { add: { 0xE5: [] } } }",
            "7:90: error: an empty list for 'add'; expected the text to send"
        ),
    ])
    func server(text: String, expected: String) {
        #expect(errors(yamlFile(backend: "servers: { s: { address: 10.0.0.1:8, \(text) } }"), "f.yaml") == [expected])
    }

    @Test func tlvTextsHaveTheirBounds() {
        func file(_ type: String, _ count: Int) -> String {
            let tlvs = "tlvs: { add: { \(type): \(String(repeating: "a", count: count)) } }"
            return yamlFile(backend: "servers: { s: { address: 10.0.0.1:8, send-proxy: { version: v2, \(tlvs) } } }")
        }
        #expect(errors(file("authority", 255), "f.yaml") == [])
        #expect(errors(file("unique_id", 128), "f.yaml") == [])
        #expect(errors(file("0xE0", 65_489), "f.yaml") == [])
        #expect(
            errors(file("authority", 256), "f.yaml")
                == ["7:95: error: 256 bytes for TLV type authority; expected at most 255"]
        )
        #expect(
            errors(file("unique_id", 129), "f.yaml")
                == ["7:95: error: 129 bytes for TLV type unique_id; expected at most 128"]
        )
        #expect(
            errors(file("0xE1", 65_490), "f.yaml")
                == ["7:75: error: 65493 bytes of TLVs; expected at most 65492, all in all"]
        )
    }

    @Test(arguments: [
        (
            yamlFile(frontend: "bind: { address: \":8\", accept-proxy: true }"),
            "4:42: warning: whoever connects here can claim any client address; expected 'from' with the networks of those who send the header"
        ),
        (
            yamlFile(frontend: "bind: { address: \":8\", accept-proxy: { from: 10.0.0.0/8, timeout: 1s } }"),
            "4:71: warning: 1s for a header is less than the 3s that a lost packet can take"
        ),
        (
            yamlFile(frontend: "bind: { address: \":8\", accept-proxy: { from: [10.0.0.1/8] } }"),
            "4:51: warning: '10.0.0.1/8' is more than that address; did you mean '10.0.0.0/8'?"
        ),
        (
            yamlFile(frontend: "bind: \":0\""),
            "4:11: warning: port 0 is whichever the kernel picks, which only the log tells"
        ),
        (
            yamlFile(backend: "servers: {}"),
            "6:3: warning: backend 'pool' has no servers; its clients are closed at once"
        ),
        (
            yamlFile() + "\n  other: { servers: { s: 10.0.0.1:80 } }",
            "8:3: warning: backend 'other' is used by no frontend"
        ),
    ])
    func warnings(text: String, expected: String) {
        #expect(lines(text, "f.yaml") == [expected])
        #expect(throws: Never.self) { try settings(yaml: text) }
    }

    @Test func tenMistakesGetTenLinesInOrder() {
        let text = """
            threads: 0
            drain-timeout: 30sec
            log: { level: loud }
            frontends:
              web:
                bind: [80, ":81"]
                default-backend: webserver
                maxcon: 5
            backends:
              webservers:
                balance: hash
                servers:
                  s1: { address: 10.0.0.1, check: { rise: 0 } }
                  s2: { address: 10.0.0.2:80, send_proxy: v1 }
            """
        let found = lines(text, "f.yaml")
        #expect(found.count == 10)
        let places = found.map { String($0.prefix { $0 != " " }) }
        #expect(
            places == ["1:10:", "2:16:", "3:15:", "6:12:", "7:22:", "8:5:", "11:14:", "13:22:", "13:47:", "14:35:"]
        )
        #expect(found.allSatisfy { $0.contains(": error: ") })
    }
}
