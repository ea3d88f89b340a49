import Foundation

/// What /proc says of a process.
struct ProcessFacts {
    let pid: Int32

    /// Open descriptors, without those of /dev/null, of which some are a reserve against running out, and of pipes, which
    /// loops make when the first long flow comes.
    var descriptorCount: Int {
        descriptors.count { $0 != "/dev/null" && !$0.hasPrefix("pipe:") }
    }

    /// Memory of its own that is resident, in KiB; code is not counted, which comes and goes with the kernel's cache.
    var residentKiB: Int { status("RssAnon") }
    /// The most that was ever resident, code included.
    var peakResidentKiB: Int { status("VmHWM") }

    /// Time on a CPU since the start, all threads together.
    var cpuTime: Duration {
        let path = "/proc/\(pid)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let nanoseconds = threads.map { thread in
            Int(contents(ofFile: "\(path)/\(thread)/schedstat").split(separator: " ").first ?? "0") ?? 0
        }
        return .nanoseconds(nanoseconds.reduce(0, +))
    }

    /// Whether no thread is at work, or ready to be: what has come in so far is dealt with.
    var isAsleep: Bool { isEachThread("S") }

    /// Whether all of it has been stopped by a signal, until another one.
    var isStopped: Bool { isEachThread("T") }

    private func isEachThread(_ state: String) -> Bool {
        let path = "/proc/\(pid)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return threads.allSatisfy { thread in
            // pid (command) state ...
            contents(ofFile: "\(path)/\(thread)/stat").split(separator: ")").last?.hasPrefix(" \(state) ") == true
        }
    }

    /// Ports on which this process, and no other, listens for TCP.
    var listeningPorts: Set<UInt16> {
        let own = Set(descriptors)
        var ports = Set<UInt16>()
        for table in ["tcp", "tcp6"] {
            for line in ProcessFacts.listeners(ofFile: "/proc/\(pid)/net/\(table)") {
                // sl, local address, remote address, state (0A: listening), queues, timers, ..., inode
                let fields = line.split(separator: " ")
                guard fields.count > 9, own.contains("socket:[\(fields[9])]") else { continue }
                if let hex = fields[1].split(separator: ":").last, let port = UInt16(hex, radix: 16) {
                    ports.insert(port)
                }
            }
        }
        return ports
    }

    /// The lines of listening sockets, which come first: behind them may be a hundred thousand of others.
    private static func listeners(ofFile path: String) -> [Substring] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        var text = ""
        while let data = try? file.read(upToCount: 4096), !data.isEmpty {
            text += String(decoding: data, as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().dropLast()
            if lines.contains(where: { $0.split(separator: " ").dropFirst(3).first != "0A" }) { break }
        }
        return text.split(separator: "\n").dropFirst().filter { $0.split(separator: " ").dropFirst(3).first == "0A" }
    }

    /// Pipes that it has an end of, or both.
    var pipeCount: Int {
        Set(descriptors.filter { $0.hasPrefix("pipe:") }).count
    }

    /// What each open descriptor stands for: a path, `socket:[inode]` and so on.
    private var descriptors: [String] {
        let path = "/proc/\(pid)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(path)/\($0)") }
    }

    private func status(_ key: String) -> Int {
        for line in contents(ofFile: "/proc/\(pid)/status").split(separator: "\n") where line.hasPrefix("\(key):") {
            return Int(line.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "") ?? 0
        }
        return 0
    }
}

extension ChildProcess {
    /// Waits until the process listens on every one of `ports`.
    func waitUntilListening(on ports: [UInt16]) throws {
        let facts = ProcessFacts(pid: pid)
        let isReady = becomesTrue { poll() != nil || facts.listeningPorts.isSuperset(of: ports) }
        guard isReady, poll() == nil else { throw HarnessError("\(command[0]) does not listen on \(ports)") }
    }
}
