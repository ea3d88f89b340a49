import HeraldConfiguration
import Testing

@Suite struct YAMLFileProblemTests {
    @Test(arguments: [
        ("threads: 0\n", "1:10: error: '0' for 'threads' is out of range; expected a whole number from 1 to 256"),
        ("threads: two\n", "1:10: error: 'two' for 'threads'; expected a whole number from 1 to 256"),
        (
            "nbthread: 2\n",
            "1:1: error: unknown key 'nbthread' in the file; expected threads, maximum-sessions, drain-delay, drain-timeout, splice, log, admin, frontends or backends; did you mean 'threads'?"
        ),
        (
            "maxconn: 2\n",
            "1:1: error: unknown key 'maxconn' in the file; expected threads, maximum-sessions, drain-delay, drain-timeout, splice, log, admin, frontends or backends; did you mean 'maximum-sessions'?"
        ),
        (
            "maximum-sessions: 0\n",
            "1:19: error: '0' for 'maximum-sessions' is out of range; expected a whole number from 1 to 100000000"
        ),
        (
            "drain_timeout: 3s\n",
            "1:1: error: unknown key 'drain_timeout' in the file; expected threads, maximum-sessions, drain-delay, drain-timeout, splice, log, admin, frontends or backends; did you mean 'drain-timeout'?"
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
            "1:1: error: unknown key 'frontend' in the file; expected threads, maximum-sessions, drain-delay, drain-timeout, splice, log, admin, frontends or backends; did you mean 'frontends'?"
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
}
