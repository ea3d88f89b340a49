import Glibc
import LibUV
import Testing

@Suite struct OutputThreadTests {
    @Test func linesComeInTheirOrder() throws {
        let pipe = try Pipe()
        let output = try OutputThread(descriptor: pipe.input, capacity: 1 << 20)
        let lines = (0..<5000).map { "line \($0)\n" }
        let reader = try Reader(pipe)
        for line in lines { #expect(output.append(Array(line.utf8))) }
        output.close(waitingAtMost: .seconds(10))
        #expect(reader.finish() == lines.joined())
    }

    @Test func linesOfManyThreadsAreNeverMixed() throws {
        let pipe = try Pipe()
        let output = try OutputThread(descriptor: pipe.input, capacity: 1 << 24)
        let reader = try Reader(pipe)
        let threads = try (0..<4).map { number in
            try Thread {
                for line in 0..<2000 { _ = output.append(Array("\(number) \(line)\n".utf8)) }
            }
        }
        for thread in threads { thread.join() }
        output.close(waitingAtMost: .seconds(10))
        let lines = reader.finish().split(separator: "\n")
        #expect(lines.count == 8000)
        for number in 0..<4 {
            let own = lines.filter { $0.hasPrefix("\(number) ") }
            #expect(own.map { $0.dropFirst(2) } == (0..<2000).map { "\($0)" })
        }
    }

    @Test func aReaderWhoStallsIsRefusedFurtherLinesAndBlocksNobody() throws {
        let pipe = try Pipe()
        let capacity = 100_000
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 999) + [UInt8(ascii: "\n")]
        let output = try OutputThread(descriptor: pipe.input, capacity: capacity)
        var taken = 0
        var refused = 0
        let spent = ContinuousClock().measure {
            for _ in 0..<2000 {
                if output.append(line) { taken += 1 } else { refused += 1 }
            }
        }
        #expect(spent < .seconds(5))
        #expect(refused > 0)
        // What waits, what the thread holds while it writes, and what a pipe takes (64 KiB).
        #expect(taken * line.count <= 2 * capacity + 65_536)
        #expect(taken * line.count >= capacity)

        // Closing does not wait for ever, either; then all that was taken comes out, and nothing of what was refused.
        let closing = ContinuousClock().measure { output.close(waitingAtMost: .milliseconds(50)) }
        #expect(closing < .seconds(5))
        #expect(try Reader(pipe).finish(after: taken * line.count).utf8.count == taken * line.count)
    }

    @Test func thereIsRoomAgainOnceTheReaderGoesOn() throws {
        let pipe = try Pipe()
        let output = try OutputThread(descriptor: pipe.input, capacity: 1000)
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 500)
        while output.append(line) { usleep(100) }
        let reader = try Reader(pipe)
        while !output.append(line) { usleep(100) }
        output.close(waitingAtMost: .seconds(10))
        #expect(reader.finish().utf8.count.isMultiple(of: line.count))
    }

    @Test func whatIsLargerThanTheCapacityIsRefusedWhole() throws {
        let pipe = try Pipe()
        let output = try OutputThread(descriptor: pipe.input, capacity: 10)
        #expect(!output.append([UInt8](repeating: 0x61, count: 11)))
        #expect(output.append([UInt8](repeating: 0x61, count: 10)))
        #expect(output.append([]))
        output.close(waitingAtMost: .seconds(10))
        #expect(try Reader(pipe).finish() == "aaaaaaaaaa")
    }

    @Test func afterTheEndNothingIsTakenAndClosingAgainIsHarmless() throws {
        let pipe = try Pipe()
        let output = try OutputThread(descriptor: pipe.input, capacity: 1000)
        output.close(waitingAtMost: .seconds(10))
        output.close(waitingAtMost: .seconds(10))
        #expect(!output.append([0x61]))
        #expect(try Reader(pipe).finish() == "")
    }

    @Test func aReaderWhoIsGoneEndsNothing() throws {
        SignalSource.ignoreBrokenPipes()
        let pipe = try Pipe()
        let output = try OutputThread(descriptor: pipe.input, capacity: 1000)
        close(pipe.output)
        for _ in 0..<100 { _ = output.append([0x61]) }
        output.close(waitingAtMost: .seconds(10))
        close(pipe.input)
    }

    @Test func aDescriptorThatDoesNotBlockLosesNothing() throws {
        let pipe = try Pipe()
        #expect(fcntl(pipe.input, F_SETFL, O_NONBLOCK) == 0)
        let output = try OutputThread(descriptor: pipe.input, capacity: 1 << 20)
        #expect(output.append([UInt8](repeating: 0x61, count: 500_000)))
        usleep(20_000)
        let reader = try Reader(pipe)
        output.close(waitingAtMost: .seconds(10))
        #expect(reader.finish().utf8.count == 500_000)
    }

    @Test func aClosedOneIsFreed() throws {
        let pipe = try Pipe()
        weak var released: OutputThread?
        do {
            let output = try OutputThread(descriptor: pipe.input, capacity: 1000)
            released = output
            output.close(waitingAtMost: .seconds(10))
        }
        #expect(released == nil)
        _ = try Reader(pipe).finish()
    }
}

/// The two ends of a pipe.
private struct Pipe {
    let output: Int32
    let input: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        // Safe: pipe writes two descriptors.
        let result = unsafe pipe(&ends)
        try #require(result == 0)
        // Tests that start processes run at the same time: those must not keep the pipe open.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = ends[0]
        input = ends[1]
    }
}

/// Reads a pipe to its end, on a thread of its own.
// Unchecked: `bytes` is the thread's until it is joined.
private final class Reader: @unchecked Sendable {
    private let pipe: Pipe
    private var bytes: [UInt8] = []
    private let count = Counter()
    private var thread: Thread?

    init(_ pipe: Pipe) throws {
        self.pipe = pipe
        thread = try Thread { [self] in
            var block = [UInt8](repeating: 0, count: 65_536)
            while case let count = unsafe read(pipe.output, &block, block.count), count > 0 {
                bytes += block[..<count]
                self.count.add(count)
            }
        }
    }

    /// Closes the pipe, and gives all that has come: once it is so much, where somebody may still be writing.
    func finish(after expected: Int = 0) -> String {
        for _ in 0..<10_000 where count.value < expected { usleep(1000) }
        close(pipe.input)
        thread?.join()
        thread = nil
        close(pipe.output)
        return String(decoding: bytes, as: UTF8.self)
    }
}
