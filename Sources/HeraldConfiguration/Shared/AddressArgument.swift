package import NetworkAddress

/// An address that stands on the command line, written as in a configuration file.
package enum AddressArgument {
    /// What was found, and what was expected.
    package struct Invalid: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// Where to listen: `:9901`, `127.0.0.1:9901`, `[::1]:9901`.
    package static func bind(_ text: String) throws(Invalid) -> SocketAddress {
        do throws(Fault) {
            return try AddressText.bind(text)
        } catch {
            throw Invalid(description: error.message)
        }
    }
}
