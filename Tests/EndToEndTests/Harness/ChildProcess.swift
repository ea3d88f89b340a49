import CLinux
import Foundation
import Glibc
import Synchronization

/// A process of a test's own: output goes to files, and it is stopped and reaped by its id.
final class ChildProcess: Sendable {
    let pid: pid_t
    let command: [String]
    let outputFile: String
    let errorFile: String
    private let exit = Mutex<Exit?>(nil)

    enum Exit: Equatable {
        case code(Int32)
        case signal(Int32)
    }

    /// Starts the command, found on PATH unless it is a path, and hands it to the current stage.
    ///
    /// It inherits the network namespace of the calling thread.
    init(_ command: [String], input: [UInt8]? = nil) throws {
        let stage = Stage.current
        let name = "\(stage.directory.path)/\(URL(fileURLWithPath: command[0]).lastPathComponent)-\(UUID().uuidString)"
        self.command = command
        outputFile = "\(name).out"
        errorFile = "\(name).err"
        var inputFile = "/dev/null"
        if let input {
            inputFile = "\(name).in"
            try Data(input).write(to: URL(fileURLWithPath: inputFile))
        }
        pid = try spawn(command, input: inputFile, output: outputFile, errors: errorFile)
        stage.add(self)
    }

    var output: String { contents(ofFile: outputFile) }
    var errors: String { contents(ofFile: errorFile) }

    /// The command, how it stands, and all that it said.
    var story: String {
        let state =
            switch poll() {
            case nil: "running"
            case .code(let code): "exit code \(code)"
            case .signal(let number): "killed by signal \(number)"
            }
        let lines = [("stdout", output), ("stderr", errors)].flatMap { name, text in
            text.split(separator: "\n").suffix(12).map { "  \(name): \($0)" }
        }
        return (["--- \(command.joined(separator: " ")) (\(pid)): \(state)"] + lines).joined(separator: "\n")
    }

    func signal(_ number: Int32) {
        exit.withLock { exit in
            // Only while it is not reaped does the id surely mean our process.
            if exit == nil { _ = kill(pid, number) }
        }
    }

    /// How it ended; nil while it runs.
    func poll() -> Exit? {
        exit.withLock { exit in
            if exit == nil { exit = reap(pid) }
            return exit
        }
    }

    /// Waits for the end; nil if it does not come in time.
    func wait(within limit: Duration = patience) -> Exit? {
        eventually(within: limit) { poll() }
    }

    /// Asks it to end, and makes it end where asking is not enough.
    func stop() {
        for number in [SIGTERM, SIGTERM, SIGKILL] {
            if poll() != nil { return }
            signal(number)
            _ = wait(within: .seconds(3))
        }
    }
}

/// Runs a command to its end.
@discardableResult
func run(_ command: [String], input: [UInt8]? = nil, within limit: Duration = patience) throws -> ChildProcess {
    let process = try ChildProcess(command, input: input)
    guard process.wait(within: limit) != nil else {
        throw HarnessError("\(command.joined(separator: " ")) did not end within \(limit)")
    }
    return process
}

private func spawn(_ command: [String], input: String, output: String, errors: String) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let writing = O_WRONLY | O_CREAT | O_APPEND
    unsafe posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, output, writing, 0o644)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, writing, 0o644)
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)

    // Signals that the test runner ignores or blocks must work in the child.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
    defer {
        for index in unsafe words.indices { unsafe free(words[index]) }
    }
    unsafe words.append(nil)
    var pid: pid_t = 0
    let error = unsafe posix_spawnp(&pid, command[0], &actions, &attributes, words, environ)
    guard error == 0 else {
        throw HarnessError("can't start \(command[0]): \(unsafe String(cString: strerror(error)))")
    }
    return pid
}

private func reap(_ pid: pid_t) -> ChildProcess.Exit? {
    var status: Int32 = 0
    guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
}
