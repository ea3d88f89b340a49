package import NetworkAddress

/// The addresses of the names that one discovery asks about, by the last answers.
///
/// A question that nobody could answer must not look like one that was answered with nothing: then the last answer holds.
package struct KnownAddresses: Sendable {
    /// What a question about one family of one name came to.
    package enum Answer: Hashable, Sendable {
        case addresses([IPAddress])
        /// The name service says that there are none; in words how.
        case nothing(String)
        /// Nobody could tell; in words why.
        case unknown(String)
    }

    package struct Outcome: Hashable, Sendable {
        /// All that the name has by now.
        package var addresses: [IPAddress] = []
        /// Why some of them are by an earlier answer, or why it is not known whether there are any.
        package var unknown: String?
        /// Why there are none, where that is known.
        package var nothing: String?

        package init(addresses: [IPAddress] = [], unknown: String? = nil, nothing: String? = nil) {
            self.addresses = addresses
            self.unknown = unknown
            self.nothing = nothing
        }
    }

    private var known: [String: [DiscoverySettings.Family: [IPAddress]]] = [:]

    package init() {}

    /// Takes answers about one name in, of the families that were asked about.
    ///
    /// Some name servers never answer for a family that they have nothing of. So a family without an answer counts only where
    /// the name has no address otherwise, or had one of that family.
    package mutating func received(
        _ answers: [DiscoverySettings.Family: Answer],
        of name: String
    ) -> Outcome {
        let last = known[name] ?? [:]
        var found: [DiscoverySettings.Family: [IPAddress]] = [:]
        var unknown: String?
        var nothing: String?
        for family in DiscoverySettings.Family.allCases {
            switch answers[family] {
            case .addresses(let addresses)?:
                // The unspecified address is how some name servers say that a name is blocked: nobody is there.
                found[family] = addresses.filter { !$0.isUnspecified }
            case .nothing(let reason)?:
                nothing = nothing ?? reason
            case .unknown(let reason)?:
                unknown = unknown ?? reason
                found[family] = last[family]
            case nil:
                break
            }
        }
        // Where one family can't be asked about, another that hangs on its answer is not asked about at all.
        if unknown != nil {
            for (family, addresses) in last where answers[family] == nil { found[family] = addresses }
        }
        let isOutdated = last.contains { family, addresses in
            !addresses.isEmpty && (answers[family] == nil || answers[family]?.isUnknown == true)
        }
        known[name] = found
        var outcome = Outcome(addresses: DiscoverySettings.Family.allCases.flatMap { found[$0] ?? [] })
        if outcome.addresses.isEmpty || isOutdated { outcome.unknown = unknown }
        if outcome.addresses.isEmpty && unknown == nil { outcome.nothing = nothing ?? "it has no address" }
        return outcome
    }

    /// Nothing is known any more of names but these.
    package mutating func forget(allBut names: Set<String>) {
        known = known.filter { names.contains($0.key) }
    }
}

extension KnownAddresses.Answer {
    fileprivate var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }
}
