import ArgumentParser
import HeraldCore
import LibUV

/// Shows what a PROXY header says.
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Show the PROXY header on standard input as JSON.",
        discussion: """
            Reads a header, version 1 or 2, and prints one JSON object; what follows the header is counted. With \
            --hex, the input is hexadecimal digits: plain, with blanks, colons or 0x between them, or a dump by xxd, \
            tcpdump -x, hexdump -C or Wireshark.

            Exit codes: 0 a whole header, 1 not a header, or not readable, 2 more bytes are needed. The reason is on \
            standard error.
            """
    )

    /// A header has 65,551 bytes at most, of which a dump makes about five times as many.
    static let maximumInputBytes = 1 << 20

    @Flag(help: "The input is hexadecimal digits.")
    var hex = false

    func run() throws {
        let input = try input()
        let report: String
        do {
            report = try HeaderReport.json(hex ? HexText.bytes(input) : input)
        } catch let error as HeaderReportError {
            if case .incomplete = error { try fail(2, "\(error)") }
            try fail(1, "\(error)")
        } catch {
            try fail(1, "\(error)")
        }
        try StandardOutput.write(report + "\n")
    }

    private func input() throws -> [UInt8] {
        let limit = DecodeCommand.maximumInputBytes
        do throws(UVError) {
            if let input = try StandardStream.readInput(atMost: limit) { return input }
        } catch {
            try fail(1, "standard input can't be read: \(error.fileReason)")
        }
        try fail(1, "standard input is longer than \(limit) bytes; give its beginning alone (head -c 65551)")
    }

    private func fail(_ code: Int32, _ reason: String) throws -> Never {
        StandardError.write("herald: \(reason)")
        throw ExitCode(code)
    }
}
