import Foundation
import HeraldConfiguration
import Testing

@Suite struct YAMLProblemTests {
    /// One mistake in the frontend gives exactly this line. The frontend's text begins at line 4, column 5.
    @Test(arguments: [
        ("bind: []", "4:11: error: an empty list for 'bind'; expected an address, or a list of binds"),
        ("bind:", "4:10: error: nothing for 'bind'; expected an address, or a list of binds"),
        (
            "bnd: \":80\"",
            "4:5: error: unknown key 'bnd' in a frontend; expected bind, default-backend, maxconn or timeouts; did you mean 'bind'?"
        ),
        ("maxconn: 5", "2:3: error: frontend 'web' has no bind; expected at least one address to listen on"),
        (
            "bind: 80",
            "4:11: error: '80' has no address before its port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80; did you mean ':80'?"
        ),
        ("bind: \":http\"", "4:11: error: 'http' is not a port; expected a number from 1 to 65535"),
        ("bind: \":65536\"", "4:11: error: '65536' is not a port; expected a number from 1 to 65535"),
        ("bind: \":080\"", "4:11: error: '080' is not a port; expected a number from 1 to 65535"),
        (
            "bind: 10.0.0.1",
            "4:11: error: '10.0.0.1' has no port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: \"[::1]\"",
            "4:11: error: '[::1]' has no port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: \"10.0.0.1:\"",
            "4:11: error: '10.0.0.1:' has no port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        ("bind: 2001:db8::1", "4:11: error: '2001:db8::1' has no port; expected [ADDRESS]:PORT"),
        (
            "bind: 10.0.0.256:80",
            "4:11: error: '10.0.0.256' is not an IPv4 address; expected four numbers from 0 to 255, such as 192.0.2.1"
        ),
        ("bind: \"[::g]:80\"", "4:11: error: '::g' is not an IPv6 address; expected an address such as [2001:db8::1]"),
        (
            "bind: \"[10.0.0.1]:80\"",
            "4:11: error: '[10.0.0.1]:80' has an IPv4 address in brackets; expected brackets around IPv6 addresses only; did you mean '10.0.0.1:80'?"
        ),
        (
            "bind: \"[fe80::1%eth0]:80\"",
            "4:11: error: '[fe80::1%eth0]:80' has a zone, which Herald does not support; expected an address without '%'"
        ),
        (
            "bind: localhost:80",
            "4:11: error: 'localhost' is not an IP address; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80 (a bind takes no host names)"
        ),
        (
            "bind: /run/herald.sock",
            "4:11: error: '/run/herald.sock' is a UNIX socket, which Herald does not support; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: unix@/run/x:80",
            "4:11: error: address kind 'unix@', which Herald does not support; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: ipv5@10.0.0.1:80",
            "4:11: error: address kind 'ipv5@', which is unknown; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: ipv6@10.0.0.1:80",
            "4:11: error: 'ipv6@10.0.0.1:80' is of the other address family; expected an address of ipv6"
        ),
        (
            "bind: 10.0.0.0/8:80",
            "4:11: error: '10.0.0.0/8:80' is a network or a URL; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        (
            "bind: \":80-90\"",
            "4:11: error: ':80-90' is a range of ports, which Herald does not support; expected one port"
        ),
        (
            "bind: \":80 v4v6\"",
            "4:11: error: 'v4v6' after ':80'; expected 'v4v6' only after [::]; did you mean '[::]:80 v4v6'?"
        ),
        ("bind: \"[::1]:80 v4v6\"", "4:11: error: 'v4v6' after '[::1]:80'; expected 'v4v6' only after [::]"),
        (
            "bind: \"[::]:80 v4v5\"",
            "4:11: error: 'v4v5' after the address; expected v4v6 or v6only, or nothing; did you mean 'v4v6'?"
        ),
        (
            "bind: \"[::]:80 v4v6 v6only\"",
            "4:11: error: 'v4v6 v6only' after the address; expected v4v6 or v6only, or nothing; did you mean 'v4v6'?"
        ),
        (
            "bind: [\":80\", [\":81\"]]",
            "4:19: error: a list for 'bind'; expected an address with its port, such as \":80\""
        ),
        (
            "bind: { accept-proxy: false }",
            "4:11: error: a bind without 'address'; expected address: \":80\", for example"
        ),
        (
            "bind: { addr: \":80\" }",
            "4:13: error: unknown key 'addr' in a bind; expected address or accept-proxy; did you mean 'address'?"
        ),
        (
            "bind: [\":80\", \":80\"]",
            "4:19: error: '0.0.0.0:80' is bound already, on line 4; expected another address or port"
        ),
        (
            "bind: { address: \":80\", accept-proxy: yes }",
            "4:43: error: 'yes' for 'accept-proxy'; expected true or false, without quotes; did you mean 'true'?"
        ),
        (
            "bind: { address: \":80\", accept-proxy: \"true\" }",
            "4:43: error: 'true' for 'accept-proxy'; expected true or false, without quotes; did you mean 'true'?"
        ),
        (
            "bind: { address: \":80\", accept-proxy: [] }",
            "4:43: error: an empty list for 'accept-proxy'; expected true or false"
        ),
        (
            "bind: \":80\"\n    maxconn: 0",
            "5:14: error: '0' for 'maxconn' is out of range; expected a whole number from 1 to 100000000"
        ),
        (
            "bind: \":80\"\n    maxconn: 1e3",
            "5:14: error: '1e3' for 'maxconn'; expected a whole number from 1 to 100000000"
        ),
        (
            "bind: \":80\"\n    maxconn: 010",
            "5:14: error: '010' for 'maxconn'; expected a whole number from 1 to 100000000, without leading zeros"
        ),
        (
            "bind: \":80\"\n    maxconn: \"10\"",
            "5:14: error: '10' for 'maxconn'; expected a whole number from 1 to 100000000, without quotes"
        ),
        (
            "bind: \":80\"\n    maxconn: 99999999999999999999",
            "5:14: error: '99999999999999999999' for 'maxconn' is out of range; expected a whole number from 1 to 100000000"
        ),
        (
            "bind: \":80\"\n    timeouts: 5s",
            "5:15: error: '5s' for 'timeouts'; expected a mapping with the keys of a frontend's timeouts"
        ),
        (
            "bind: \":80\"\n    timeouts: { server: 5s }",
            "5:17: error: unknown key 'server' in a frontend's timeouts; expected client or client-fin"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 0 }",
            "5:25: error: '0' for 'client'; expected a duration of 1ms or more; did you mean 'never'?"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: forever }",
            "5:25: error: 'forever' for 'client'; expected a duration, such as 5s, or never; did you mean 'never'?"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 1.5s }",
            "5:25: error: '1.5s' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: -5s }",
            "5:25: error: '-5s' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 5 minutes }",
            "5:25: error: '5 minutes' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d; did you mean '5m'?"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 5S }",
            "5:25: error: '5S' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d; did you mean '5s'?"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 25d }",
            "5:25: error: '25d' is too long a duration; expected at most 24d"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: 99999999999999999999d }",
            "5:25: error: '99999999999999999999d' is too long a duration; expected at most 24d"
        ),
        (
            "bind: \":80\"\n    timeouts: { client: }",
            "5:25: error: nothing for 'client'; expected a duration, such as 5s"
        ),
    ])
    func frontend(text: String, expected: String) {
        #expect(errors(yamlFile(frontend: text), "f.yaml") == [expected])
    }

    @Test(arguments: [
        ("from: []", "4:50: error: an empty list for 'from'; expected a list of networks, such as [10.0.0.0/8]"),
        (
            "from: [10.0.0.0/33]",
            "4:51: error: '10.0.0.0/33' is not a network; expected 10.0.0.0/8, 2001:db8::/32 or one address"
        ),
        (
            "from: [10.0.0.0/255.0.255.0]",
            "4:51: error: '10.0.0.0/255.0.255.0' is not a network; expected 10.0.0.0/8, 2001:db8::/32 or one address"
        ),
        ("from: [all]", "4:51: error: 'all' is not a network; expected 10.0.0.0/8, 2001:db8::/32 or one address"),
        (
            "from: [10.0.0.0/8], otherwise: rejct",
            "4:75: error: 'rejct' for 'otherwise'; expected reject, pass or ignore; did you mean 'reject'?"
        ),
        ("otherwise: pass", "4:55: error: 'otherwise' without 'from'; expected 'from' beside it"),
        ("from: [10.0.0.0/8], versions: [v1, v3]", "4:79: error: 'v3' for 'versions'; expected v1 or v2"),
        ("from: [10.0.0.0/8], versions: []", "4:74: error: an empty list for 'versions'; expected v1, v2, or both"),
        (
            "from: [10.0.0.0/8], timeout: never",
            "4:73: error: 'never' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        ("from: [10.0.0.0/8], timeout: 0", "4:73: error: '0' for 'timeout'; expected a duration of 1ms or more"),
        (
            "from: [10.0.0.0/8], max-header-bytes: 106",
            "4:82: error: '106' for 'max-header-bytes' is out of range; expected a whole number from 107 to 65551"
        ),
        (
            "form: [10.0.0.0/8]",
            "4:44: error: unknown key 'form' in accept-proxy; expected from, otherwise, versions, timeout or max-header-bytes; did you mean 'from'?"
        ),
    ])
    func acceptProxy(text: String, expected: String) {
        let bind = "bind: { address: \":8\", accept-proxy: { \(text) } }"
        #expect(errors(yamlFile(frontend: bind), "f.yaml") == [expected])
    }

    /// The backend's text begins at line 7, column 5.
    @Test(arguments: [
        ("balance: leastconn\n    servers: {}", "7:14: error: 'leastconn' for 'balance'; expected roundrobin"),
        (
            "balance: round-robin\n    servers: {}",
            "7:14: error: 'round-robin' for 'balance'; expected roundrobin; did you mean 'roundrobin'?"
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
            "7:17: error: unknown key 'conect' in a backend's timeouts; expected connect, server, server-fin, tunnel or check; did you mean 'connect'?"
        ),
        ("retries: 1", "6:3: error: backend 'pool' has no 'servers'; expected a mapping of servers"),
        (
            "server: { s: 10.0.0.1:80 }",
            "7:5: error: unknown key 'server' in a backend; expected balance, retries, redispatch, timeouts or servers; did you mean 'servers'?"
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
            "servers: { s: \"${HOST}:80\" }",
            "7:19: error: '${HOST}:80' has an environment variable, which Herald does not support; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80"
        ),
        (
            "servers: { s: http://a.example:80 }",
            "7:19: error: 'http://a.example:80' is a network or a URL; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80"
        ),
        ("servers: { s: { weight: 1 } }", "7:16: error: server 's' has no 'address'; expected address: HOST:PORT"),
        (
            "servers: { s: { host: a:80 } }",
            "7:21: error: unknown key 'host' in a server; expected address, check, send-proxy, weight or disabled; did you mean 'address'?"
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
            "7:51: error: unknown key 'inter' in a check; expected interval, fast-interval, down-interval, rise, fall, timeout, port, address or send-proxy; did you mean 'interval'?"
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
        ("threads: 0\n", "1:10: error: '0' for 'threads' is out of range; expected a whole number from 1 to 256"),
        ("threads: two\n", "1:10: error: 'two' for 'threads'; expected a whole number from 1 to 256"),
        (
            "nbthread: 2\n",
            "1:1: error: unknown key 'nbthread' in the file; expected threads, maximum-sessions, drain-timeout, log, admin, frontends or backends; did you mean 'threads'?"
        ),
        (
            "maxconn: 2\n",
            "1:1: error: unknown key 'maxconn' in the file; expected threads, maximum-sessions, drain-timeout, log, admin, frontends or backends; did you mean 'maximum-sessions'?"
        ),
        (
            "maximum-sessions: 0\n",
            "1:19: error: '0' for 'maximum-sessions' is out of range; expected a whole number from 1 to 100000000"
        ),
        (
            "drain_timeout: 3s\n",
            "1:1: error: unknown key 'drain_timeout' in the file; expected threads, maximum-sessions, drain-timeout, log, admin, frontends or backends; did you mean 'drain-timeout'?"
        ),
        ("log: text\n", "1:6: error: 'text' for 'log'; expected a mapping with the keys of log"),
        ("log: { format: xml }\n", "1:16: error: 'xml' for 'format'; expected text or json"),
        ("log: { level: warn }\n", "1:15: error: 'warn' for 'level'; expected debug, info, notice, warning or error"),
        (
            "admin: { bind: 9901 }\n",
            "1:16: error: '9901' has no address before its port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80; did you mean ':9901'?"
        ),
        (
            "admin: { bind: \":80\" }\n",
            "5:11: error: '0.0.0.0:80' is bound already, on line 1; expected another address or port"
        ),
        ("threads: 2\nthreads: 3\n", "2:1: error: the key 'threads' again, after line 1; expected each key once"),
    ])
    func process(text: String, expected: String) {
        #expect(errors(text + yamlFile(), "f.yaml") == [expected])
    }

    @Test(arguments: [
        (
            "frontends: {}\nbackends: { b: { servers: { s: 10.0.0.1:80 } } }",
            "1:12: error: an empty mapping; expected at least one frontend"
        ),
        (
            "frontends: []\nbackends: {}",
            "1:12: error: an empty list for 'frontends'; expected a mapping from the names of frontends"
        ),
        (
            "frontends: { a: 5 }\nbackends: {}",
            "1:17: error: '5' for 'a'; expected a mapping with the keys of a frontend"
        ),
        (
            "backends: { b: { servers: { s: 10.0.0.1:80 } } }",
            "1:1: error: no frontend, so nothing would be listened on; expected 'frontends:' with at least one frontend"
        ),
        (
            "frontend: {}\nbackends: { b: { servers: { s: 10.0.0.1:80 } } }",
            "1:1: error: unknown key 'frontend' in the file; expected threads, maximum-sessions, drain-timeout, log, admin, frontends or backends; did you mean 'frontends'?"
        ),
        (
            "frontends: { a: { bind: ':1', default-backend: b } }",
            "1:48: error: there is no backend 'b'; expected the name of a backend in this file"
        ),
        (
            "frontends: { a: { bind: ':1' } }\nbackends: { b: { servers: { s: 10.0.0.1:80 } } }",
            "1:14: error: frontend 'a' has no 'default-backend'; expected the name of a backend"
        ),
        (
            "frontends: { a: { bind: ':1', default-backend: } }\nbackends: { b: { servers: { s: 10.0.0.1:80 } } }",
            "1:48: error: nothing for 'default-backend'; expected the name of a backend"
        ),
        (
            "frontends: { a: { bind: ':1', default-backend: webserver } }\nbackends: { webservers: { servers: { s: 10.0.0.1:80 } } }",
            "1:48: error: there is no backend 'webserver'; expected the name of a backend in this file; did you mean 'webservers'?"
        ),
        (
            "frontends: { a: { bind: ':1', default-backend: b }, c: { bind: ':1', default-backend: b } }\nbackends: { b: { servers: { s: 10.0.0.1:80 } } }",
            "1:64: error: '0.0.0.0:1' is bound already, on line 1; expected another address or port"
        ),
        ("", "1:1: error: the file is empty; expected a configuration, such as Config/herald.yaml"),
        ("# nothing\n", "1:1: error: the file is empty; expected a configuration, such as Config/herald.yaml"),
        ("---\n", "2:1: error: the file is empty; expected 'frontends:' with at least one frontend"),
        ("- a\n", "1:1: error: a list; expected a mapping with the keys of the file"),
        ("frontend web\n", "1:1: error: 'frontend web'; expected a mapping with the keys of the file"),
    ])
    func file(text: String, expected: String) {
        #expect(errors(text, "f.yaml") == [expected])
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
                balance: random
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
