import Foundation
import HeraldConfiguration
import HeraldCore
import Testing

@Suite struct ConfigurationFileTests {
    @Test(arguments: exampleFiles)
    func exampleFileIsValidWithoutAWarning(name: String) throws {
        let path = root.appending(path: "Config/\(name)").path
        let configuration = try Configuration.read(file: path, environment: noVariables)
        #expect(configuration.report.lines == [])
        #expect(!configuration.settings.frontends.isEmpty)
    }

    @Test func everyFileOfConfigIsTested() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Config").path)
        #expect(files.filter { !$0.hasPrefix(".") }.sorted() == exampleFiles.sorted())
    }

    /// The annotated file says what it would be without each key.
    @Test func annotatedFileShowsEveryKey() throws {
        let text = String(decoding: try exampleBytes("herald.yaml"), as: UTF8.self)
        let keys = [
            "threads", "maximum-sessions", "drain-delay", "drain-timeout", "splice", "log", "format", "level",
            "sessions",
            "admin", "bind",
            "frontends",
            "address", "accept-proxy", "from", "otherwise", "versions", "timeout", "max-header-bytes",
            "defer-accept",
            "default-backend", "maxconn",
            "timeouts", "client", "client-fin", "backends", "balance", "retries", "redispatch", "connect", "server",
            "server-fin",
            "tunnel", "check", "servers", "interval", "fast-interval", "down-interval", "rise", "fall", "port",
            "send-proxy",
            "version", "crc32c", "tlvs", "pass", "add", "weight", "disabled", "all-backups",
            "max-queue", "queue", "connect-total", "backup", "slowstart", "observe", "error-limit", "on-error",
            "on-marked-down",
        ]
        for key in keys { #expect(text.contains("\(key):"), "\(key)") }
    }

    @Test(arguments: ["f", "f.conf", "f.yaml.bak", "yaml", ""])
    func otherKindsOfFilesAreBadUsage(name: String) {
        let expected = "\(name): error: unknown kind of file; expected a name that ends in .yaml, .yml or .cfg"
        for read in [
            { try Configuration.read([], fileName: $0, environment: noVariables) },
            { try Configuration.read(file: $0, environment: noVariables) },
        ] {
            let error = #expect(throws: ConfigurationError.self) { _ = try read(name) }
            #expect(error?.lines == [expected])
            #expect(error?.isBadUsage == true)
        }
    }

    @Test(arguments: [
        ("/nowhere/f.yaml", "no such file or directory"), ("/dev/null/f.yaml", "a part of its path is not a directory"),
    ])
    func unreadableFiles(path: String, reason: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.read(file: path, environment: noVariables)
        }
        #expect(error?.lines == ["\(path): error: the file can't be read: \(reason)"])
        #expect(error?.isBadUsage == false)
    }

    @Test func onlyRegularFilesAreRead() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "herald-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder.appending(path: "d.yaml"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func link(_ name: String, to target: String) throws -> String {
            let path = folder.appending(path: name).path
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
            return path
        }
        // As a ConfigMap of Kubernetes is: a link to a link to a file.
        let file = folder.appending(path: "real").path
        try Data(yamlFile().utf8).write(to: URL(filePath: file))
        let first = try link("first", to: file)
        #expect(throws: Never.self) {
            try Configuration.read(file: try link("f.yml", to: first), environment: noVariables)
        }

        let directory = folder.appending(path: "d.yaml").path
        let endless = try link("z.cfg", to: "/dev/zero")
        for (path, reason) in [(directory, "it is a directory"), (endless, "it is not a regular file")] {
            let error = #expect(throws: ConfigurationError.self) {
                try Configuration.read(file: path, environment: noVariables)
            }
            #expect(error?.lines == ["\(path): error: the file can't be read: \(reason)"])
        }
        let large = folder.appending(path: "large.yaml").path
        try Data(count: ConfigurationLimits.maximumFileBytes + 1).write(to: URL(filePath: large))
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.read(file: large, environment: noVariables)
        }
        #expect(
            error?.lines == [
                "\(large): error: the file can't be read: it has 16777217 bytes; at most 16777216 are read"
            ]
        )
    }
}

@Suite struct ConfigurationReportTests {
    @Test func moreProblemsThanAnybodyReadsAreCounted() {
        let text = haproxyFile(String(repeating: "bind :\n", count: 150))
        let found = errors(text, "f.cfg")
        #expect(found.count == 100)
        #expect(lines(text, "f.cfg").count == 101)
        #expect(lines(text, "f.cfg").last == " and 52 more")
    }

    @Test func errorsAreShownBeforeWarnings() {
        let text = "global\n" + String(repeating: "daemon\n", count: 20_000) + "bnid\n" + haproxyFile()
        let found = lines(text, "f.cfg")
        #expect(found.count == 101)
        #expect(found[0].hasPrefix("2:1: warning: "))
        #expect(found[99] == "20002:1: error: unknown keyword 'bnid' in section 'global'")
        #expect(found[100] == " and 19903 more")
    }

    @Test func fileTextIsQuotedEscapedAndCut() {
        let long = String(repeating: "x", count: 60)
        #expect(
            errors(haproxyFile("\u{1B}[31m\(long)"), "f.cfg")
                == [
                    "4:1: error: unknown keyword '\\u{1b}[31m\(String(repeating: "x", count: 43))...' in section 'frontend'"
                ]
        )
        #expect(
            errors(yamlFile(frontend: "bind: \"a\\nb\\t\\u202E\\r\""), "f.yaml").first?
                .hasPrefix("4:11: error: 'a\\nb\\t\\u{202e}\\r' has no port") == true
        )
    }

    @Test func nameOfTheFileIsEscaped() {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.read([], fileName: "a\u{1B}\nb.cfg", environment: noVariables)
        }
        #expect(error?.lines.first?.hasPrefix("a\\u{1b}\\nb.cfg:1:1: error: ") == true)
    }

    @Test(arguments: [
        ("tresholds", nil), ("bnd", "bind"), ("ibnd", "bind"), ("binding", nil), ("timeout", "timeouts"),
        ("default_backend", "default-backend"), ("DEFAULT-BACKEND", "default-backend"),
        ("defualt-bakend", "default-backend"),
        ("b", nil), ("", nil), (String(repeating: "bind", count: 100), nil),
    ])
    func suggestions(word: String, expected: String?) {
        let found = errors(yamlFile(frontend: "bind: \":80\"\n    \"\(word)\": 1"), "f.yaml")
        let suffix = expected.map { "did you mean '\($0)'?" } ?? "expected bind, default-backend, maxconn or timeouts"
        #expect(found.first?.hasSuffix(suffix) == true, "\(found)")
    }
}
