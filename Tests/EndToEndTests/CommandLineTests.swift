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
