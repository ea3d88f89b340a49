import Glibc

/// Standard output and error, written to directly.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes all of `text`, waiting where the reader is slow; what can't be written is given up.
    package func write(_ text: String) {
        let bytes = Array(text.utf8)
        Descriptor.write(bytes, to: rawValue)
    }
}
