import Foundation
import Testing

/// Exit codes and manners of the command line.
@Suite("Command line", .onStage)
struct CommandLineTests {
    @Test(arguments: [
        ["frobnicate"], ["run"], ["check"], ["convert"], ["run", "--no-such-option"], ["decode", "--hexx"],
    ])
    func badUsageExitsWith2(arguments: [String]) throws {
        let herald = try run([Herald.binary] + arguments)
        #expect(herald.poll() == .code(2))
        #expect(!herald.errors.isEmpty)
    }

    @Test(arguments: ["run", "check"])
    func aMissingFileIsABadConfiguration(command: String) throws {
        let herald = try Herald.command(command, "--config", "/no/such/file.yaml")
        #expect(herald.poll() == .code(1))
        #expect(herald.errors.contains("/no/such/file.yaml"))
    }

    @Test func aFileOfAnUnknownKindIsBadUsage() throws {
        let file = try Stage.current.directory.write("{}", to: "herald.json")
        let herald = try Herald.command("check", "--config", file)
        #expect(herald.poll() == .code(2))
        #expect(herald.errors.contains("herald.json"))
    }

    @Test func helpNamesEveryCommand() throws {
        let herald = try Herald.command("--help")
        #expect(herald.poll() == .code(0))
        for command in ["run", "check", "convert", "decode", "health", "demo"] {
            #expect(herald.output.contains(command))
        }
    }

    @Test(arguments: [(">/dev/full", "no space left on device"), (">&-", "bad file descriptor")])
    func outputThatCanNotBeWrittenIsNoSuccess(redirection: String, reason: String) throws {
        let file = try Stage.current.directory.write(
            configuration(bind: "127.0.0.1:80", servers: "127.0.0.1:81"),
            to: "good.cfg"
        )
        for arguments in [["check", "--config", file], ["convert", file], ["decode"]] {
            let herald = try run(
                ["sh", "-c", "exec \"$@\" \(redirection)", "sh", Herald.binary] + arguments,
                input: Array("PROXY UNKNOWN\r\n".utf8)
            )
            #expect(herald.poll() == .code(1))
            let last = herald.errors.split(separator: "\n").last ?? ""
            #expect(last == "herald: standard output can't be written: \(reason)")
        }
    }

    @Test func aReaderWhoHasSeenEnoughIsNotTalkedOf() throws {
        let file = try Stage.current.directory.write(
            configuration(bind: "127.0.0.1:80", servers: "127.0.0.1:81"),
            to: "good.cfg"
        )
        // The pipe's reader is gone before there is anything to read; whether SIGPIPE is ignored is the shell's to say.
        for signal in ["", "trap '' PIPE;"] {
            let herald = try run([
                "sh", "-c", "\(signal) (sleep 0.3; exec \"$@\") | true", "sh", Herald.binary, "convert", file,
            ])
            #expect(herald.poll() == .code(0))
            #expect(!herald.errors.contains("herald:"))
        }
    }

    /// The log's number must not become that of a socket, either.
    @Test(arguments: [">/dev/full", ">&-"])
    func aProxyRunsOnWithoutItsLog(redirection: String) throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        let herald = try Herald(
            configuration(bind: "127.0.0.1:\(port)", servers: "\(server.address)"),
            ports: port,
            launcher: ["sh", "-c", "exec \"$@\" \(redirection)", "sh"]
        )
        for _ in 0..<3 { #expect(try visit(port) == "s1") }
        let file = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(herald.process.pid)/fd/1")
        #expect(file == (redirection == ">&-" ? "/dev/null" : "/dev/full"))
        #expect(herald.terminate() == .code(0))
    }

    @Test func theLogIsTextUnlessToldOtherwise() throws {
        let port = try FreePorts.next()
        let server = try RecordingServer("s1")
        let file = try Stage.current.directory.write(
            configuration(bind: "127.0.0.1:\(port)", servers: "\(server.address)"),
            to: "text.cfg"
        )
        let herald = try ChildProcess([Herald.binary, "run", "--config", file])
        try herald.waitUntilListening(on: [port])
        #expect(try visit(port) == "s1")
        #expect(
            becomesTrue {
                (herald.output + herald.errors).contains(#/peer=127\.0\.0\.1:\d+ .*server=s1 .*end=completed/#)
            }
        )
    }
}
