import Glibc

/// Standard output and error, written to directly, and standard input, read as a whole.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes all of `text`, waiting where the reader is slow.
    package func write(_ text: String) throws(UVError) {
        try Descriptor.write(Array(text.utf8), to: rawValue)
    }

    /// All of standard input, waiting for its end; nil where it is longer than `limit` bytes.
    package static func readInput(atMost limit: Int) throws(UVError) -> [UInt8]? {
        let bytes = try Descriptor.read(from: STDIN_FILENO, atMost: limit + 1)
        return bytes.count > limit ? nil : bytes
    }

    /// Takes the places of those that are closed, standard input too: else the next file or socket would get the number, and
    /// with it what is written here. What takes a place can't be used either.
    package static func holdPlaces() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest free number is what open(2) gives.
            _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
