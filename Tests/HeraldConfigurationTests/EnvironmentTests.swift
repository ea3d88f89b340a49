import HeraldConfiguration
import HeraldCore
import NetworkAddress
import Testing

/// Variables of the environment in values.
@Suite struct EnvironmentTests {
    private static let variables = [
        "HOST": "10.0.0.7", "PORT": "8080", "W": "12", "YES": "true", "EMPTY": "", "NET": "10.0.0.0/8", "WAIT": "5s",
        "TEXT": "a: {b}, [c] # ${HOST} \"'", "POOL": "pool", "_x9": "3",
    ]

    private func variable(_ name: String) -> String? { EnvironmentTests.variables[name] }

    private func settings(_ text: String) throws -> ProxySettings {
        try read(text, "f.yaml", environment: variable).settings
    }

    private func problems(_ text: String) -> [String] {
        lines(text, "f.yaml", environment: variable)
    }

    private func server(_ value: String) throws -> ServerSettings {
        try settings(yamlFile(backend: "servers: { s: \(value) }")).backends[0].servers[0]
    }

    private func added(_ value: String) throws -> String {
        let announcement = try server(
            "{ address: a:1, send-proxy: { version: v2, tlvs: { add: { 0xE5: \(value) } } } }"
        )
        .announcement
        guard case .version2(let options) = announcement else { return "" }
        return String(decoding: options.addedTLVs[0].value, as: UTF8.self)
    }

    @Test(arguments: [
        "${HOST}:${PORT}", "\"${HOST}:${PORT}\"", "'${HOST}:${PORT}'", "${HOST}:8080", "10.0.0.${N:-7}:8080",
        "${EMPTY:-10.0.0.7:8080}", "${HOST:-192.0.2.1}:${PORT:-80}", "{ address: \"${HOST}:${PORT}\" }",
        "{ address: ${HOST}:${PORT} }", "\"\\x24{HOST}:8080\"",
    ])
    func anAddressFromVariables(text: String) throws {
        #expect(try server(text).address == .ip(address("10.0.0.7:8080")))
    }

    /// Braces of a variable are none of YAML's, wherever it stands.
    @Test func inBlocksAndInLists() throws {
        let settings = try settings(
            """
            threads: ${_x9}
            drain-timeout: ${WAIT}
            frontends:
              web:
                bind:
                  - address: ":${PORT}"
                    accept-proxy: { from: [${NET}, ${OTHER:-192.0.2.0/24}], otherwise: ${O:-pass} }
                  - ${HOST}:81
                default-backend: ${POOL}
            backends:
              pool:
                servers:
                  s: { address: ${HOST}:80, weight: ${W}, backup: ${YES}, send-proxy: ${V:-v2} }
            """
        )
        #expect(settings.process.threads == 3)
        #expect(settings.process.drainTimeout == .seconds(5))
        #expect(settings.frontends[0].binds[0].address.description == "0.0.0.0:8080")
        #expect(
            settings.frontends[0].binds[0].acceptProxy?.trusted?.map(\.description) == ["10.0.0.0/8", "192.0.2.0/24"]
        )
        #expect(settings.frontends[0].binds[0].acceptProxy?.otherwise == .pass)
        #expect(settings.frontends[0].binds[1].address.description == "10.0.0.7:81")
        let server = settings.backends[0].servers[0]
        #expect(server.weight == 12)
        #expect(server.isBackup)
        #expect(server.announcement == .version2(Version2Options()))
    }

    /// As if it had been written there: quotes make text of it, and a plain number is one.
    @Test func quotesMakeTextOfAVariable() {
        #expect(
            problems(yamlFile(backend: "servers: { s: { address: a:1, weight: \"${W}\" } }")) == [
                "7:43: error: '12' (from '${W}') for 'weight'; expected a whole number from 0 to 256, without quotes"
            ]
        )
    }

    @Test(arguments: [
        ("$$", "$"), ("a$$b", "a$b"), ("\"$${HOST}\"", "${HOST}"), ("\"$$${HOST}\"", "$10.0.0.7"), ("$", "$"),
        ("a$", "a$"),
        ("$HOST", "$HOST"), ("$(HOST)", "$(HOST)"), ("\"$$$$\"", "$$"), ("${X:-$HOST}", "$HOST"), ("${X:-:-}", ":-"),
        ("${X:-a{b}c}", "a{b}c"), ("${X:-[a, b]}", "[a, b]"), ("\"${X:-}\"", ""), ("\"${EMPTY}\"", ""),
        ("\"${EMPTY:-x}\"", "x"), ("${TEXT}", "a: {b}, [c] # ${HOST} \"'"), ("\u{F8E0}$$\u{F8E4}", "\u{F8E0}$\u{F8E4}"),
        ("\"é${HOST}ü\"", "é10.0.0.7ü"),
    ])
    func dollarSignsAndDefaults(written: String, read: String) throws {
        #expect(try added(written) == read)
    }

    @Test func keysAreLeftAlone() {
        #expect(
            problems(yamlFile(backend: "servers: { \"${HOST}\": a:1 }")) == [
                "7:16: error: '${HOST}' can't be a name; expected letters, digits, '-', '_', '.' and ':'"
            ]
        )
        #expect(
            problems(yamlFile(backend: "servers: { ${HOST}: a:1 }")) == [
                "7:16: error: '${HOST}' can't be a name; expected letters, digits, '-', '_', '.' and ':'"
            ]
        )
    }

    @Test(arguments: [
        ("${NONE}:80", "19", "the environment has no variable 'NONE'; expected it to be set, or '${NONE:-default}'"),
        ("\"a${NONE}\"", "21", "the environment has no variable 'NONE'; expected it to be set, or '${NONE:-default}'"),
        (
            "\"$$a${NONE}\"", "23",
            "the environment has no variable 'NONE'; expected it to be set, or '${NONE:-default}'"
        ),
        (
            "\"é$$${HOST}${NONE}\"", "30",
            "the environment has no variable 'NONE'; expected it to be set, or '${NONE:-default}'"
        ),
        ("\"${}\"", "20", malformed("${}")), ("\"${HOST\"", "20", malformed("${HOST")),
        ("\"${9}\"", "20", malformed("${9}")),
        ("\"${A B}\"", "20", malformed("${A B}")), ("\"${HOST-x}\"", "20", malformed("${HOST-x}")),
        ("\"${HOST:x}\"", "20", malformed("${HOST:x}")), ("\"${ HOST }\"", "20", malformed("${ HOST }")),
        ("\"${X:-${HOST}}\"", "20", malformed("${X:-${HOST}}")), ("\"x${\"", "21", malformed("${")),
    ])
    func whatCanNotBeHadIsNamedWithItsPlace(written: String, column: String, message: String) {
        #expect(problems(yamlFile(backend: "servers: { s: \(written) }")) == ["7:\(column): error: \(message)"])
    }

    private static func malformed(_ text: String) -> String {
        "'\(text)' is no variable of the environment; expected ${NAME} or ${NAME:-default}, or '$$' for a dollar sign"
    }

    @Test func everyProblemOfTheFileIsReported() {
        let text = """
            threads: ${NONE}
            frontends:
              web:
                bind: ["${A}:${B}"]
                default-backend: ${C}
                maxconn: ${HOST}
            backends:
              pool:
                retires: 3
                servers:
                  s: { address: a:1, check: ${D}, weight: ${EMPTY} }
                  t: "${HOST}"
            """
        func unset(_ name: String) -> String {
            "the environment has no variable '\(name)'; expected it to be set, or '${\(name):-default}'"
        }
        #expect(
            problems(text) == [
                "1:10: error: \(unset("NONE"))", "4:13: error: \(unset("A"))", "4:18: error: \(unset("B"))",
                "5:22: error: \(unset("C"))",
                "6:14: error: '10.0.0.7' for 'maxconn' (from '${HOST}'); expected a whole number from 1 to 100000000",
                "9:5: error: unknown key 'retires' in a backend; expected balance, all-backups, max-queue, retries, redispatch, timeouts or servers; did you mean 'retries'?",
                "11:33: error: \(unset("D"))",
                "11:47: error: nothing (from '${EMPTY}') for 'weight'; expected a whole number from 0 to 256",
                "12:10: error: '10.0.0.7' has no port (from '${HOST}'); expected HOST:PORT, such as 192.0.2.1:80, [2001:db8::1]:80 or host.example:80",
            ]
        )
    }

    @Test func whatIsWrittenHasNoVariables() throws {
        let text = yamlFile(
            backend:
                "servers: { s: { address: a:1, check: { http: { path: /, headers: { \"X-$$A\": \"$${HOST}$$$$\" } } } } }"
        )
        let first = try settings(text)
        #expect(first.backends[0].servers[0].check != nil)
        let written = YAMLWriter.write(first)
        #expect(written.contains(#""X-$$A": "$${HOST}$$$$""#))
        #expect(try settings(written) == first)
    }

    @Test func variablesOfAnyLengthAreBounded() {
        let megabyte = String(repeating: "x", count: 1 << 20)
        let list = Array(repeating: "${X}", count: 20).joined(separator: ", ")
        let found = lines(
            yamlFile(frontend: "bind: [{ address: \":80\", accept-proxy: { from: [\(list)] } }]"),
            "f.yaml",
            environment: { _ in megabyte }
        )
        #expect(found.contains { $0.contains("the variables up to here have too much text") })
        #expect(found.allSatisfy { $0.utf8.count < 1024 })
    }

    /// A look at the rest of the line for each of them would take hours.
    @Test(arguments: ["# ", "x: \"", "x: ["])
    func manyReferencesWithoutTheirBracesEnd(beginning: String) throws {
        let text = beginning + String(repeating: "${A:-", count: 400_000)
        #expect(!lines(yamlFile() + "\n" + text + "\n", "f.yaml").contains { $0.utf8.count > 1024 })
        #expect(!lines(yamlFile() + "\n" + text + "}}\n", "f.yaml").contains { $0.utf8.count > 1024 })
    }

    /// To count the line's dollar signs for each of them would take hours.
    @Test(arguments: ["${NONE}", "\"\\x24{NONE}\""])
    func manyProblemsOfALineEnd(value: String) {
        let list = Array(repeating: value, count: 100_000).joined(separator: ", ")
        #expect(problems("x: [\(list)]").first?.hasPrefix("1:5: error: the environment has no variable") == true)
    }

    private func haproxy(_ text: String) throws -> ProxySettings {
        try read(text, "f.cfg", environment: variable).settings
    }

    /// Only within double quotes, and a variable without text is one, unlike in YAML.
    @Test(arguments: [
        ("\"$HOST:8080\"", "10.0.0.7:8080"), ("\"${HOST}:${PORT}\"", "10.0.0.7:8080"), ("\"$HOST\":80", "10.0.0.7:80"),
        ("10.0.0.\"${_x9}\":80", "10.0.0.3:80"), ("\"${NONE-10.0.0.8}:80\"", "10.0.0.8:80"),
        ("\"${HOST-10.0.0.8}:80\"", "10.0.0.7:80"), ("\"${NONE-}${EMPTY-x}10.0.0.9:80\"", "10.0.0.9:80"),
        ("\"${EMPTY}10.0.0.9:80\"", "10.0.0.9:80"),
    ])
    func anAddressInHAProxySyntax(written: String, expected: String) throws {
        let servers = try haproxy(haproxyFile(backend: "server s \(written)")).backends[0].servers
        #expect(try servers.map(\.address) == [.ip(address(expected))])
    }

    @Test(arguments: [
        ("\"\\$HOST\"", "$HOST"), ("'$HOST'", "$HOST"), ("$HOST", "$HOST"), ("\"${HOST}\"${HOST}", "10.0.0.7${HOST}"),
        ("\"$TEXT\"", "a: {b}, [c] # ${HOST} \"'"), ("\"${X-a\"b\\n c}\"", "a\"b\\n c"),
    ])
    func whatIsNoVariableInHAProxySyntax(written: String, expected: String) throws {
        let settings = try haproxy(
            haproxyFile(backend: "option tcp-check\ntcp-check send \(written)\nserver s a:1 check")
        )
        guard case .dialogue(let steps) = settings.backends[0].servers[0].check?.kind else {
            Issue.record("no dialogue")
            return
        }
        #expect(steps == [.send(Array(expected.utf8))])
    }

    /// For the lines below, as in HAProxy.
    @Test(arguments: [
        ("setenv HOST 10.0.0.8", "10.0.0.8"), ("setenv NEW 10.0.0.8", "10.0.0.7"),
        ("presetenv HOST 10.0.0.8", "10.0.0.7"),
        ("presetenv OTHER x\nsetenv HOST \"${OTHER-y}\"", "x"), ("unsetenv A HOST", "d"), ("resetenv", "d"),
        ("resetenv HOST\nresetenv HOST PORT", "10.0.0.7"), ("resetenv HOST\nresetenv PORT", "d"),
        ("unsetenv HOST\npresetenv HOST x", "x"), ("setenv HOST x\nresetenv A", "d"),
        ("setenv HOST x\nresetenv HOST", "x"),
        ("resetenv A\nsetenv HOST x", "x"),
    ])
    func globalChangesTheEnvironment(global: String, expected: String) throws {
        let file = "global\n\(global)\n" + haproxyFile(backend: "server s \"${HOST-d}:80\"")
        #expect(try haproxy(file).backends[0].servers[0].address.description == "\(expected):80")
        #expect(!lines(file, "f.cfg", environment: variable).contains { $0.hasPrefix("2:") })
    }

    @Test func variablesInHAProxySyntaxAreBounded() {
        let megabyte = String(repeating: "x", count: 1 << 20)
        let text = haproxyFile(backend: "server s a:1\nlog \"\(String(repeating: "$X", count: 20))\"")
        let found = lines(text, "f.cfg", environment: { _ in megabyte })
        #expect(found.contains { $0.contains("the variables up to here have too much text") })
        #expect(found.allSatisfy { $0.utf8.count < 1024 })
    }
}
