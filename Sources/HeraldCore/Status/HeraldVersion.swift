/// Which Herald this is.
package enum HeraldVersion {
    /// As semver.org has it.
    package static let text = "0.1.0"
}
