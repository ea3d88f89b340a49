import Foundation
import HeraldConfiguration
import HeraldCore
import Testing

/// Whatever the bytes, reading them ends soon, in settings or in problems that have a place in the file.
@Suite struct MutationTests {
    private func expectOrderly(_ bytes: [UInt8], _ name: String, sourceLocation: SourceLocation = #_sourceLocation) {
        do throws(ConfigurationError) {
            let configuration = try Configuration.read(bytes, fileName: name) { $0.count > 1 ? $0 : nil }
            #expect(!configuration.report.hasErrors, sourceLocation: sourceLocation)
        } catch {
            guard case .invalid(let report) = error else {
                Issue.record("\(error)", sourceLocation: sourceLocation)
                return
            }
            #expect(report.hasErrors, sourceLocation: sourceLocation)
            #expect(report.lines.count <= ConfigurationReport.maximumLines + 1, sourceLocation: sourceLocation)
            let lineCount = bytes.count(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) + 2
            for problem in report.problems {
                // libyaml counts two more characters as line ends, U+0085 and U+2028.
                #expect(problem.position.line >= 1 && problem.position.column >= 1, sourceLocation: sourceLocation)
                #expect(problem.position.line <= lineCount + bytes.count / 2, sourceLocation: sourceLocation)
                #expect(problem.message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, sourceLocation: sourceLocation)
                #expect(problem.message.utf8.count < 1024, sourceLocation: sourceLocation)
            }
        }
    }

    @Test(arguments: exampleFiles)
    func truncatedAnywhere(name: String) throws {
        let bytes = try exampleBytes(name)
        for count in 0...bytes.count { expectOrderly(Array(bytes.prefix(count)), name) }
    }

    @Test(arguments: exampleFiles)
    func mutated(name: String) throws {
        let bytes = try exampleBytes(name)
        var generator = SeededGenerator(state: 42)
        for _ in 0..<500 {
            var mutant = bytes
            for _ in 0..<Int.random(in: 1...8, using: &generator) { mutate(&mutant, &generator) }
            expectOrderly(mutant, name)
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let special = Array("{}[]:,#\"'\\\n\t\r -&*!|>%@`$?~\0".utf8)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[index] = special[Int.random(in: 0..<special.count, using: &generator)]
        case 2: bytes.insert(special[Int.random(in: 0..<special.count, using: &generator)], at: index)
        case 3: bytes.remove(at: index)
        case 4: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...40, using: &generator)))
        default:
            let end = min(bytes.count, index + Int.random(in: 1...200, using: &generator))
            bytes.insert(contentsOf: bytes[index..<end], at: Int.random(in: 0..<bytes.count, using: &generator))
        }
    }

    @Test(arguments: ["f.yaml", "f.cfg"])
    func noise(name: String) {
        var generator = SeededGenerator(state: 7)
        for size in [1, 10, 100, 1000, 10_000] {
            for _ in 0..<50 {
                expectOrderly((0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }, name)
            }
        }
    }

    /// Megabytes of mistakes take seconds, not hours: suggestions are a search, and bounded.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            ("f.cfg", "global\n", "backned\n"), ("f.cfg", "frontend web\n", "bidn :80\n"),
            ("f.cfg", "backend b\n", "server s 10.0.0.1:80 chekc\n"), ("f.yaml", "", "frntends: {}\n"),
            ("f.yaml", "frontends:\n", " a: { bind: \":80\", default-backend: bb }\n"), ("f.yaml", "a: [", "[],"),
            ("f.yaml", "a: ", "\"\\x41"), ("f.yaml", "a: [", "${A}, "), ("f.yaml", "a: \"", "${ "),
            ("f.yaml", "a: [", "${{{ "),
        ]
    )
    func floods(name: String, head: String, line: String) {
        expectOrderly(Array((head + String(repeating: line, count: 100_000)).utf8), name)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["f.yaml", "f.cfg"])
    func tenThousandServersAreNoTrouble(name: String) throws {
        let servers = (0..<10_000).map { "s\($0)" }
        let text =
            name == "f.yaml"
            ? yamlFile(
                backend: "servers:\n" + servers.map { "      \($0): { address: 10.0.0.1:80, check: true }\n" }.joined()
            )
            : haproxyFile(backend: servers.map { "server \($0) 10.0.0.1:80 check\n" }.joined())
        #expect(try read(text, name).settings.backends[0].servers.count == 10_000)
    }

    @Test func moreServersThanThereMayBe() {
        let servers = (0...100_000).map { "server s\($0) a:1\n" }.joined()
        #expect(
            errors(haproxyFile(backend: servers), "f.cfg") == [
                "5:9: error: 100001 servers up to here; expected at most 100000"
            ]
        )
    }

    @Test func largerThanAFileMayBe() {
        let bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: ConfigurationLimits.maximumFileBytes + 1)
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.read(bytes, fileName: "f.cfg", environment: noVariables)
        }
        #expect(error?.lines == ["f.cfg:1:1: error: a file of 16777217 bytes; expected at most 16777216"])
    }
}
