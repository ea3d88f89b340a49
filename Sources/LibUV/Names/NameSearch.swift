/// Which names a short name may stand for (resolv.conf(5), `search` and `ndots`).
package struct NameSearch {
    /// Domains that are tried; glibc had six for a long time.
    package static let maximumDomains = 8

    private let domains: [String]
    private let dots: Int

    /// - Parameter dots: a name with as many is tried as it is first.
    package init(domains: [String] = [], dots: Int = 1) {
        self.domains = Array(domains.lazy.filter { !$0.isEmpty && $0 != "." }.prefix(NameSearch.maximumDomains))
        self.dots = dots
    }

    /// In the order in which they are to be tried; at least one.
    package func candidates(for name: String) -> [String] {
        // A dot at the end says that the name is whole.
        if name.hasSuffix(".") { return [name] }
        let longer = domains.map { "\(name).\($0)" }
        let isLong = name.utf8.count { $0 == UInt8(ascii: ".") } >= dots
        return isLong ? [name] + longer : longer + [name]
    }
}
