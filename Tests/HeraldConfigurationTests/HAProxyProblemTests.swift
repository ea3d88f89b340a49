import Foundation
import HeraldConfiguration
import HeraldCore
import Testing

@Suite struct HAProxyProblemTests {
    private static let noVariable =
        "is no variable of the environment; expected $NAME, ${NAME} or ${NAME-default}, or '\\$' for a dollar sign"
    private static let unsupported = "is HAProxy syntax that Herald does not support"

    /// One mistake in the frontend, on line 4, gives exactly this line.
    @Test(arguments: [
        ("bind", "4:1: error: 'bind' without a value; expected ADDRESS:PORT, such as :80"),
        (
            "bind 81",
            "4:6: error: '81' has no address before its port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80; did you mean ':81'?"
        ),
        ("bind :0", "4:6: error: ':0' has port 0; expected a port from 1 to 65535"),
        (
            "bind :81,82",
            "4:10: error: '82' has no address before its port; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80; did you mean ':82'?"
        ),
        ("bind :81,:81", "4:10: error: '0.0.0.0:81' is bound already, on line 4; expected another address or port"),
        ("  bind *:80", "4:8: error: '0.0.0.0:80' is bound already, on line 2; expected another address or port"),
        ("bind :81-89", "4:6: error: ':81-89' is a range of ports, which Herald does not support; expected one port"),
        (
            "bind unix@/x",
            "4:6: error: address kind 'unix@', which Herald does not support; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        ("bind :81 acept-proxy", "4:10: error: unknown option 'acept-proxy' of 'bind'; did you mean 'accept-proxy'?"),
        ("bind :81 qqqqqq zzzzzz accept-proxi", "4:10: error: unknown option 'qqqqqq' of 'bind'"),
        (
            "bind :81 ssl crt /x alpn h2",
            "4:10: error: 'bind ... ssl' \(unsupported); expected a bind without TLS; Herald passes it through to the servers"
        ),
        ("bind :81 interface eth0 v4v6", "4:10: error: 'bind ... interface' \(unsupported)"),
        ("bind :81 maxconn 5", "4:10: error: 'bind ... maxconn' \(unsupported); expected 'maxconn' of the frontend"),
        ("mode http", "4:6: error: 'mode http' \(unsupported); expected 'mode tcp'"),
        ("mode tpc", "4:6: error: unknown mode 'tpc'; expected 'tcp'; did you mean 'tcp'?"),
        ("mode", "4:1: error: 'mode' without a value; expected 'tcp'"),
        ("maxconn", "4:1: error: 'maxconn' without a value; expected a whole number"),
        ("maxconn 5 6", "4:11: error: '6' after 'maxconn'; expected the end of the line"),
        ("maxconn -1", "4:9: error: '-1' for maxconn; expected a whole number from 0 to 100000000"),
        ("timeout", "4:1: error: 'timeout' without its name; expected 'timeout client', for example"),
        ("timeout client", "4:9: error: 'client' without a value; expected a duration, such as 5s"),
        (
            "timeout client 5x",
            "4:16: error: '5x' is not a duration; expected a whole number and a unit, such as 500ms, 5s, 1m, 1h or 1d"
        ),
        ("timeout client 5s 6s", "4:19: error: '6s' after 'client'; expected the end of the line"),
        ("timeout cleint 5s", "4:9: error: unknown timeout 'cleint'; did you mean 'client'?"),
        ("clitimeout 5", "4:1: error: 'clitimeout' \(unsupported); expected 'timeout client'"),
        ("option", "4:1: error: 'option' without its name; expected 'option redispatch', for example"),
        ("option tcplgo", "4:8: error: unknown option 'tcplgo'; did you mean 'tcplog'?"),
        ("option transparent", "4:8: error: 'option transparent' \(unsupported)"),
        (
            "use_backend x if y",
            "4:1: error: 'use_backend' \(unsupported); expected one 'default_backend' for a frontend"
        ),
        ("acl x src 10.0.0.0/8", "4:1: error: 'acl' \(unsupported); expected one 'default_backend' for a frontend"),
        (
            "http-request deny",
            "4:1: error: 'http-request' \(unsupported); expected 'mode tcp'; Herald does not look into HTTP"
        ),
        ("stick-table type ip", "4:1: error: 'stick-table' \(unsupported)"),
        ("disabled", "4:1: error: 'disabled' \(unsupported); expected the section left out"),
        ("default bind", "4:1: error: 'default' \(unsupported); expected the option itself, or 'no option'"),
        ("no bind :80", "4:4: error: 'no' before 'bind'; expected 'no' only before 'option'"),
        ("no", "4:1: error: 'no' alone; expected 'no option' and its name"),
        ("bnid :81", "4:1: error: unknown keyword 'bnid' in section 'frontend'; did you mean 'bind'?"),
        ("zzzzzzzz", "4:1: error: unknown keyword 'zzzzzzzz' in section 'frontend'"),
        ("Bind :81", "4:1: error: unknown keyword 'Bind' in section 'frontend'; did you mean 'bind'?"),
        (
            "server s 10.0.0.1:80",
            "4:1: error: 'server' in section 'frontend'; expected it in a 'backend' or 'listen' section"
        ),
        ("bind \":81", "4:6: error: a quote that is not closed on its line; expected a closing \""),
        ("bind ':81", "4:6: error: a quote that is not closed on its line; expected a closing '"),
        (
            "bind \"${ADDRESS}:81\"",
            "4:7: error: the environment has no variable 'ADDRESS'; expected it to be set, or \"${ADDRESS-default}\""
        ),
        (
            "bind ${ADDRESS}:81",
            "4:6: error: '${ADDRESS}:81' has an environment variable, which must be written ${NAME}, and in HAProxy's language \"${NAME}\", with the quotes; expected ADDRESS:PORT, such as :80, 192.0.2.1:80 or [::]:80"
        ),
        ("bind \"$:81\"", "4:7: error: '$:' \(noVariable)"), ("bind \"$", "4:7: error: '$' \(noVariable)"),
        ("bind \"${9}:81\"", "4:7: error: '${9' \(noVariable)"), ("bind \"${A", "4:7: error: '${A' \(noVariable)"),
        ("bind \"${A:-b}:81\"", "4:7: error: '${A:' \(noVariable)"),
        ("bind \"${A-b:81\"", "4:7: error: '${A-b:81\"' \(noVariable)"),
        ("bind \"${.FILE}:81\"", "4:7: error: '${.' \(noVariable)"),
        (
            "bind \"${A[*]}:81\"",
            "4:10: error: '[*]', which makes words of a variable's text, which Herald does not; expected '}'"
        ),
        ("bind \\xZZ", "4:6: error: an escape without its digits; expected \\xNN"),
        ("bind \0", "4:6: error: a NUL character; expected text"),
        (".if defined(X)", "4:1: error: '.if' \(unsupported); expected a file without conditions"),
        (
            "tcp-request content accept",
            "4:1: error: 'tcp-request content accept' \(unsupported); expected 'tcp-request connection expect-proxy layer4 if { src NETWORK... }'"
        ),
        (
            "tcp-request connection expect-proxy",
            "4:24: error: 'expect-proxy' without 'layer4'; expected 'tcp-request connection expect-proxy layer4 if { src NETWORK... }'"
        ),
        (
            "tcp-request connection expect-proxy layer4 unless { src 10.0.0.0/8 }",
            "4:44: error: 'expect-proxy layer4 unless' \(unsupported); expected if { src NETWORK... }"
        ),
        (
            "tcp-request connection expect-proxy layer4 if",
            "4:44: error: nothing after 'if'; expected { src NETWORK... }"
        ),
        (
            "tcp-request connection expect-proxy layer4 if lan",
            "4:47: error: 'lan' in a condition; expected { src NETWORK... }; Herald has no other conditions"
        ),
        (
            "tcp-request connection expect-proxy layer4 if { src 10.0.0.0/8",
            "4:47: error: a condition without its '}'; expected { src NETWORK... }"
        ),
        (
            "tcp-request connection expect-proxy layer4 if { src }",
            "4:47: error: a condition without a network; expected { src NETWORK... }"
        ),
        (
            "tcp-request connection expect-proxy layer4 if { src 10.0.0.0/40 }",
            "4:53: error: '10.0.0.0/40' is not a network; expected 10.0.0.0/8, 2001:db8::/32 or one address"
        ),
        (
            "tcp-request connection expect-proxy layer4 if { src ::1 } { src ::2 }",
            "4:59: error: '{' in a condition; expected '||' or the end of the line"
        ),
        (
            "tcp-request connection expect-proxy layer4 if { src -f /x }",
            "4:53: error: 'src -f' \(unsupported); expected networks written out"
        ),
    ])
    func frontend(text: String, expected: String) {
        #expect(errors(haproxyFile(text), "f.cfg").first == expected)
        #expect(errors(haproxyFile(text), "f.cfg").count == (text.contains("-f /x") ? 2 : 1))
    }

    /// The backend's lines begin at line 6.
    @Test(arguments: [
        ("server", "6:1: error: 'server' without a name and an address; expected server NAME HOST:PORT"),
        ("server s", "6:1: error: 'server' without a name and an address; expected server NAME HOST:PORT"),
        (
            "server s 10.0.0.1",
            "6:10: error: '10.0.0.1' has no port; expected HOST:PORT (HAProxy would take the port that the client dialled, which Herald does not)"
        ),
        ("server s 10.0.0.1:0", "6:10: error: '10.0.0.1:0' has port 0; expected a port from 1 to 65535"),
        (
            "server s *:80",
            "6:10: error: '*:80' names no server; expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80 (Herald is no transparent proxy)"
        ),
        ("server s! 10.0.0.1:80", "6:8: error: 's!' can't be a name; expected letters, digits, '-', '_', '.' and ':'"),
        ("server s 10.0.0.1:80 chek", "6:22: error: unknown option 'chek' of 'server'; did you mean 'check'?"),
        ("server s 10.0.0.1:80 check inter", "6:28: error: 'inter' without a value; expected a duration, such as 2s"),
        (
            "server s 10.0.0.1:80 check inter 0",
            "6:34: error: '0' is no time at all; expected a duration of 1ms or more"
        ),
        (
            "server s 10.0.0.1:80 check fall 0",
            "6:33: error: '0' for fall is out of range; expected a whole number from 1 to 10000"
        ),
        (
            "server s 10.0.0.1:80 weight 257",
            "6:29: error: '257' for weight is out of range; expected a whole number from 0 to 256"
        ),
        ("server s 10.0.0.1:80 port http", "6:27: error: 'http' for port; expected a whole number from 1 to 65535"),
        (
            "server s 10.0.0.1:80 addr a.example",
            "6:27: error: 'a.example' is not an IP address; expected 192.0.2.1 or 2001:db8::1, without a port"
        ),
        (
            "server s 10.0.0.1:80 ssl verify none sni str(x)",
            "6:22: error: 'server ... ssl' \(unsupported); expected a server without TLS; Herald passes it through"
        ),
        (
            "server s 10.0.0.1:80 send-proxy-v2-ssl",
            "6:22: error: 'server ... send-proxy-v2-ssl' \(unsupported); expected 'send-proxy' or 'send-proxy-v2'"
        ),
        (
            "server s 10.0.0.1:80 set-proxy-v2-tlv-fmt(0xE0) x",
            "6:22: error: 'server ... set-proxy-v2-tlv-fmt' \(unsupported); expected 'send-proxy' or 'send-proxy-v2'"
        ),
        (
            "server s 10.0.0.1:80 send-proxy-v2 proxy-v2-options crc32c,ssl",
            "6:60: error: 'proxy-v2-options ssl' \(unsupported); expected 'crc32c'"
        ),
        (
            "server s 10.0.0.1:80 send-proxy-v2 proxy-v2-options crc32",
            "6:53: error: unknown option 'crc32' of 'proxy-v2-options'; did you mean 'crc32c'?"
        ),
        (
            "server s 10.0.0.1:80\nserver s 10.0.0.2:80",
            "7:8: error: server 's' exists already in backend 'pool', on line 6; expected a name of its own"
        ),
        ("default-server chek", "6:16: error: unknown option 'chek' of 'default-server'; did you mean 'check'?"),
        ("retries 101", "6:9: error: '101' for retries is out of range; expected a whole number from 0 to 100"),
        ("option redipatch", "6:8: error: unknown option 'redipatch'; did you mean 'redispatch'?"),
        ("option redispatch x", "6:19: error: 'x' for redispatch; expected a whole number, or nothing"),
        (
            "cookie SRV insert",
            "6:1: error: 'cookie' \(unsupported); expected 'mode tcp'; Herald does not look into HTTP"
        ),
        ("srvtimeout 5", "6:1: error: 'srvtimeout' \(unsupported); expected 'timeout server'"),
        ("contimeout 5", "6:1: error: 'contimeout' \(unsupported); expected 'timeout connect'"),
        ("source 10.0.0.1", "6:1: error: 'source' \(unsupported)"),
        ("bind :81", "6:1: error: 'bind' in section 'backend'; expected it in a 'frontend' or 'listen' section"),
    ])
    func backend(text: String, expected: String) {
        #expect(errors(haproxyFile(backend: text), "f.cfg") == [expected])
    }

    @Test(arguments: [
        ("", "1:1: error: no frontend, so nothing would be listened on; expected a 'frontend' or 'listen' section"),
        (
            "# nothing\n",
            "1:1: error: no frontend, so nothing would be listened on; expected a 'frontend' or 'listen' section"
        ),
        (
            "bind :80\nfrontend x\nbind :1\ndefault_backend y\nbackend y\nserver s a:1\n",
            "1:1: error: 'bind' before any section; expected a section: global, defaults, frontend, backend or listen"
        ),
        ("frontend\nbind :1\n", "1:1: error: 'frontend' without a name; expected frontend NAME"),
        (
            "frontend x :80\nbind :1\ndefault_backend y\nbackend y\nserver s a:1\n",
            "1:12: error: ':80' after 'frontend'; expected the end of the line"
        ),
        (
            "frontend x\ndefault_backend y\nbackend y\nserver s a:1\n",
            "1:10: error: frontend 'x' has no bind; expected at least one address to listen on"
        ),
        (
            "frontend x\nbind :1\nbackend y\nserver s a:1\n",
            "1:10: error: frontend 'x' has no 'default_backend'; expected the name of a backend"
        ),
        (
            "frontend x\nbind :1\ndefault_backend z\nbackend yyy\nserver s a:1\n",
            "3:17: error: there is no backend 'z'; expected the name of a backend in this file"
        ),
        (
            "frontend x\nbind :1\ndefault_backend yyz\nbackend yyy\nserver s a:1\n",
            "3:17: error: there is no backend 'yyz'; expected the name of a backend in this file; did you mean 'yyy'?"
        ),
        (
            "fronted x\nbind :1\ndefault_backend y\nbackend y\nserver s a:1\n",
            "1:1: error: unknown section 'fronted'; did you mean 'frontend'?"
        ),
        (
            "frontend x\nbind :1\ndefault_backend y\nbackned y\nserver s a:1\n",
            "4:1: error: unknown section 'backned'; did you mean 'backend'?"
        ),
        (
            "global\nmaxcon 5\n" + haproxyFile(),
            "2:1: error: unknown keyword 'maxcon' in section 'global'; did you mean 'maxconn'?"
        ),
        (
            "global\nnbthread 0\n" + haproxyFile(),
            "2:10: error: '0' for nbthread is out of range; expected a whole number from 1 to 256"
        ),
        (
            "global\nsetenv A\n" + haproxyFile(),
            "2:1: error: 'setenv' without a name and a value; expected setenv NAME VALUE"
        ),
        (
            "global\npresetenv A b c\n" + haproxyFile(),
            "2:15: error: 'c' after 'presetenv'; expected the end of the line"
        ),
        ("global\nmaxsessrate 5\n" + haproxyFile(), "2:1: error: 'maxsessrate' \(unsupported)"),
        ("global x\n" + haproxyFile(), "1:8: error: 'x' after 'global'; expected the end of the line"),
        (
            "defaults\nbind :80\n" + haproxyFile(),
            "2:1: error: 'bind' in section 'defaults'; expected it in a 'frontend' or 'listen' section"
        ),
        ("defaults a\ndefaults from b\n" + haproxyFile(), "2:15: error: there is no defaults section 'b' above"),
        (
            "defaults a from\n" + haproxyFile(),
            "1:12: error: 'from' without a name; expected the name of a 'defaults' section above"
        ),
        ("program x\ncommand y\n" + haproxyFile(), "1:1: error: 'section program' \(unsupported)"),
        (
            haproxyFile() + "frontend web\nbind :2\ndefault_backend pool\n",
            "7:10: error: frontend 'web' exists already, on line 1; expected a name of its own"
        ),
        (
            haproxyFile() + "listen pool\nbind :2\nserver s a:1\n",
            "7:8: error: backend 'pool' exists already, on line 5; expected a name of its own"
        ),
    ])
    func file(text: String, expected: String) {
        #expect(errors(text, "f.cfg").first == expected)
    }

    /// Accepted, because no client and no server sees a difference.
    @Test(arguments: [
        ("log 127.0.0.1 local0", "4:1: warning: 'log' is not acted on: Herald logs to standard output"),
        (
            "option dontlognull",
            "4:8: warning: 'option dontlognull' is not acted on: Herald logs every session; 'log: {sessions: errors}' in YAML logs fewer"
        ),
        ("option httplog", "4:8: warning: 'option httplog' is not acted on: it is for HTTP"),
        ("timeout http-request 5s", "4:9: warning: 'timeout http-request' is not acted on: it is for HTTP"),
        (
            "timeout connect 5s",
            "4:9: warning: 'timeout connect' has no effect in section 'frontend'; expected it in the backend"
        ),
        ("bind :81 name x", "4:10: warning: 'bind ... name' is not acted on: Herald's log names the address"),
        ("bind :81 v4v6", "4:10: warning: 'v4v6' has no effect on 0.0.0.0:81; expected it after [::] only"),
        ("bind [::1]:81 v4v6", "4:15: warning: 'v4v6' has no effect on [::1]:81; expected it after [::] only"),
        ("timeout client-hs 1s", "4:9: warning: 1s for a header is less than the 3s that a lost packet can take"),
        (
            "bind :81 accept-proxy",
            "4:10: warning: whoever connects here can claim any client address; expected 'tcp-request connection expect-proxy layer4 if { src NETWORK... }' instead"
        ),
        ("errorfile 400 /x", "4:1: warning: 'errorfile' is not acted on: it is for HTTP"),
        (
            "option redispatch",
            "4:8: warning: 'option redispatch' has no effect in section 'frontend'; expected it in the backend"
        ),
    ])
    func warnings(text: String, expected: String) {
        let found = lines(haproxyFile(text), "f.cfg")
        #expect(found.filter { $0.hasPrefix("4:") } == [expected])
        #expect(throws: Never.self) { try settings(haproxy: haproxyFile(text)) }
    }

    @Test(arguments: [
        "chroot /x", "user x", "group x", "daemon", "pidfile /x", "stats socket /x level admin", "description x",
        "tune.bufsize 16384", "tune.ssl.default-dh-param 2048", "ssl-default-bind-ciphers X", "ulimit-n 5",
        "log /dev/log local0",
        "lua-load /x", "cpu-map 1 1", "set-dumpable", "no busy-polling", "node x", "external-check",
    ])
    func globalKeywordsThatAreNotActedOn(text: String) {
        let found = lines("global\n\(text)\n" + haproxyFile(), "f.cfg")
        #expect(found.count == 3)
        #expect(found[0].hasPrefix(text.hasPrefix("no ") ? "2:4: warning: " : "2:1: warning: "))
    }

    /// As in HAProxy, where 0 is as if it were not there.
    @Test(arguments: [("10", "20", 10), ("10", "x", 10), ("0", "20", 20), ("20", "0", 20)])
    func theFirstGlobalLimitHolds(first: String, second: String, limit: Int) throws {
        let file = "global\nmaxconn \(first)\nglobal\nmaxconn \(second)\n" + haproxyFile()
        #expect(try settings(haproxy: file).process.maximumSessions == limit)
        let warnings = ["4:1: warning: 'maxconn' again is not acted on: the first holds, on line 2"]
        #expect(lines(file, "f.cfg").filter { $0.hasPrefix("4:") } == (first == "0" ? [] : warnings))
    }

    @Test(arguments: ["peers x\npeer a 10.0.0.1:80", "userlist x\nuser a"])
    func sectionsThatAreNotActedOn(text: String) {
        let found = lines("\(text)\n" + haproxyFile(), "f.cfg")
        #expect(found.count == 3)
        #expect(found[0].hasSuffix("is not acted on: nothing in Herald uses it"))
    }

    /// What a line is for is not missing because the line can't be read.
    @Test(arguments: [
        ("frontend x\nbind \":80\ndefault_backend y\nbackend y\nserver s \"a:1\n", ["2:6", "5:10"]),
        ("frontend x\nbind :80\ndefault_backend \"y\nbackend y\nserver-template s 1 \"a:1\n", ["3:17", "5:21"]),
        ("defaults\ndefault_backend \"y\nfrontend x\nbind :80\nbackend y\nserver s a:1\n", ["2:17"]),
        ("listen x\nbind :80\nserver \\xZ\n", ["3:8"]),
        ("frontend \"x\nbind :80\ndefault_backend y\nbackend y\nserver s a:1\n", ["1:10"]),
        ("frontend x\nbind :80\ndefault_backend y\nbackend \"y\nserver s a:1\n", ["4:9"]),
        ("resolvers \"r\nnameserver a 10.0.0.1:53\n" + haproxyFile(), ["1:11"]),
        ("global\nmaxconn \"5\n" + haproxyFile(), ["2:9"]),
        ("\"global\n" + haproxyFile(), ["1:1"]),
    ])
    func aLineThatCanNotBeReadIsTheOnlyError(text: String, expected: [String]) {
        let found = lines(text, "f.cfg").filter { !$0.contains("waits for ever") }
        #expect(found.map { String($0.prefix { $0 != " " }.dropLast()) } == expected)
    }

    /// The stock file of many a distribution has `mode http` in its defaults.
    @Test(arguments: [
        ("defaults\nmode http\n", "mode tcp", []),
        ("defaults\nmode http\n", "", ["2:6"]),
        ("defaults\nmode http\ndefaults\nmode tcp\n", "", []),
        ("defaults\nmode http\ndefaults\n", "", []),
        ("defaults\nmode http\nmode tcp\n", "", []),
        ("defaults\nmode tcp\nmode http\n", "", ["3:6"]),
        ("defaults a\nmode http\ndefaults b from a\n", "", ["2:6"]),
        ("defaults a\nmode http\ndefaults b from a\nmode tcp\n", "", []),
        ("defaults\nmode http\n", "mode http", ["6:6", "8:6"]),
        ("defaults\nmode http\n", "mode http\nmode tcp", []),
        ("defaults\nmode htpp\n", "mode tcp", ["2:6"]),
    ])
    func aModeCountsWhereASectionKeepsIt(defaults: String, own: String, expected: [String]) {
        let found = errors(defaults + haproxyFile(own, backend: "\(own)\nserver s 10.0.0.1:80"), "f.cfg")
        #expect(found.map { $0.prefix { $0 != " " } }.map { String($0.dropLast()) } == expected)
        let words = ["'mode http' \(Self.unsupported)", "unknown mode 'htpp'"]
        #expect(found.allSatisfy { line in words.contains { line.contains($0) } })
    }

    @Test func fileThatMayBeCutOffSaysSo() {
        let text = String(haproxyFile().dropLast())
        #expect(lines(text, "f.cfg").last == "6:21: warning: the last line does not end; the file may be cut off")
    }

    @Test func tenMistakesGetTenLinesInOrder() {
        let text = """
            global
              maxcon 100
            frontend web
              bind 80
              bind :443 ssl crt /x alpn h2
              mode http
              default_backend webservers
              use_backend x if y
            backend webservers
              blance roundrobin
              option redipatch
              server s1 10.0.0.1
              server s2 10.0.0.1:80 chek
              server s2 10.0.0.2:80

            """
        let found = errors(text, "f.cfg")
        let places = found.map { String($0.prefix { $0 != " " }) }
        #expect(places == ["2:3:", "4:8:", "5:13:", "6:8:", "8:3:", "10:3:", "11:10:", "12:13:", "13:25:", "14:10:"])
        #expect(lines(text, "f.cfg").count == 12)
    }
}
