import Foundation
import Testing

/// `check` and `convert`: problems by line, all at once.
@Suite("Check and convert", .onStage)
struct CheckCommandTests {
    static let mistakes = """
        frontend mywebsite
        bind :80 accept-proxi
        bind 192.168.56.300:80
        default_backend webserver
        backend webservers
        balance roundrobbin
        timeout conect 5s
        server s1 192.168.56.20:3000 chek send-proxy
        server s1 192.168.56.21:3000 check send-proxy-v2
        server s3 192.168.56.22:99999 check
        server s4 192.168.56.23:3000 weight 300
        server s5 192.168.56.24:3000 check inter 2parsecs

        """

    static let mistakesInYAML = """
        frontends:
          mywebsite:
            bind:
              - address: "192.168.56.300:80"
                accept-proxi: true
              - address: ":81"
                accept-proxy: { from: [10.0.0.0/40], otherwise: refuse }
            default-backend: webserver
        backends:
          webservers:
            balance: roundrobbin
            timeouts: { connect: soon }
            servers:
              s1: { address: 192.168.56.20:3000, check: true, send-proxy: v3 }
              s1: { address: 192.168.56.21:3000, check: true }
              s2: { address: 192.168.56.22:99999, weight: 300 }

        """

    @Test func tenMistakesGetTenLines() throws {
        let check = try check(Self.mistakes, as: "cfg")
        #expect(check.lines == [2, 3, 4, 6, 7, 8, 9, 10, 11, 12])
        for word in ["accept-proxy", "webservers", "roundrobin", "connect", "check"] {
            #expect(check.process.errors.contains(word), "the word that was meant")
        }
    }

    @Test func tenMistakesInYAMLGetTenLines() throws {
        let check = try check(Self.mistakesInYAML, as: "yaml")
        #expect(check.lines == [4, 5, 7, 7, 8, 11, 12, 14, 15, 16, 16])
        for word in ["accept-proxy", "webservers", "roundrobin", "reject"] {
            #expect(check.process.errors.contains(word), "the word that was meant")
        }
    }

    @Test func aFaultlessFilePassesWithoutAWordOfError() throws {
        let file = try Stage.current.directory.write(Self.good, to: "good.cfg")
        let check = try Herald.command("check", "--config", file)
        #expect(check.poll() == .code(0))
        #expect(!check.errors.contains("error:"))
    }

    @Test func runRefusesAFaultyFileInTheSameWords() throws {
        let file = try Stage.current.directory.write(Self.mistakes, to: "bad.cfg")
        let check = try Herald.command("check", "--config", file)
        let run = try Herald.command("run", "--config", file)
        #expect(run.poll() == .code(1))
        #expect(run.errors == check.errors)
    }

    @Test(arguments: [LetterForLetterTests.backendOfVersion1, LetterForLetterTests.backendOfVersion2])
    func whatConvertWritesPassesCheck(backend: String) throws {
        let source = LetterForLetterTests.frontend + backend
        let file = try Stage.current.directory.write(source, to: "source.cfg")
        let convert = try Herald.command("convert", file)
        #expect(convert.poll() == .code(0))
        let converted = try Stage.current.directory.write(convert.output, to: "converted.yaml")
        let check = try Herald.command("check", "--config", converted)
        #expect(check.poll() == .code(0))
    }

    @Test func convertNamesTheLineThatItCannotCarry() throws {
        let file = try Stage.current.directory.write(Self.good + "mode http\n", to: "http.cfg")
        let convert = try Herald.command("convert", file)
        #expect(convert.poll() == .code(1))
        #expect(convert.output.isEmpty)
        #expect(convert.errors.contains("\(file):\(Self.good.split(separator: "\n").count + 1):"))
    }

    @Test func theFilesInConfigPassCheck() throws {
        // Tests/EndToEndTests/CheckCommandTests.swift is three levels below the root.
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(root.path)/Config")
        #expect(files.count >= 2)
        for file in files {
            let check = try Herald.command("check", "--config", "\(root.path)/Config/\(file)")
            #expect(check.poll() == .code(0), "\(file)")
        }
    }

    private static let good = LetterForLetterTests.frontend + LetterForLetterTests.backendOfVersion1

    /// Runs `check`, and gives the line number of each problem, in the order in which they were told.
    private func check(_ text: String, as type: String) throws -> (process: ChildProcess, lines: [Int]) {
        let file = try Stage.current.directory.write(text, to: "mistakes.\(type)")
        let process = try Herald.command("check", "--config", file)
        #expect(process.poll() == .code(1))
        #expect(process.output.isEmpty)
        let lines = process.errors.split(separator: "\n").compactMap { line -> Int? in
            guard let found = line.wholeMatch(of: #/(.+):(\d+):(\d+): error: .+/#), found.1 == file else { return nil }
            return Int(found.2)
        }
        return (process, lines)
    }
}
