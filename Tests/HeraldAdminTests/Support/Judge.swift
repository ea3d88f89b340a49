import Foundation

/// A program that judges what it is given on its standard input.
enum Judge {
    struct Verdict {
        let code: Int32
        let words: String
    }

    /// - Parameter command: found on PATH.
    static func verdict(of command: [String], on input: [UInt8]) throws -> Verdict {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("herald-\(UUID().uuidString)")
        try Data(input).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let words = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Verdict(code: process.terminationStatus, words: String(decoding: words, as: UTF8.self))
    }
}
