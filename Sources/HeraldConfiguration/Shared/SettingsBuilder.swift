internal import HeraldCore
internal import NetworkAddress

/// A frontend as read: everything but its place among the others.
struct FrontendDraft {
    var position: SourcePosition
    /// Its `backend` is filled in by the builder.
    var settings: FrontendSettings
    /// One for each of `settings.binds`.
    var bindPositions: [SourcePosition] = []
    /// Whether a bind was written, even if it was wrong.
    var mentionsBind = false
    var backend: Located<String>?
    /// Whether a backend was written, even if it was wrong.
    var mentionsBackend = false
}

/// A backend as read.
struct BackendDraft {
    var position: SourcePosition
    var settings: BackendSettings
    /// One for each of `settings.servers`.
    var serverPositions: [SourcePosition] = []
    /// One for each of `settings.discoveries`.
    var discoveryPositions: [SourcePosition] = []
    /// For each of `settings.discoveries` what its language calls the name servers; none in YAML.
    var resolvers: [Located<String>?] = []
    /// Those that are named where nothing is looked up.
    var idleResolvers: [Located<String>] = []
    /// Whether a server was written, even if it was wrong.
    var mentionsServer = false
}

/// What each language calls a thing, for messages.
struct Vocabulary {
    var defaultBackend: String
    var frontendExample: String
}

/// The second half of both languages' way to `ProxySettings`: what only the whole file can tell.
struct SettingsBuilder {
    let vocabulary: Vocabulary
    let problems: Problems
    var process = ProcessSettings()
    var adminPosition: SourcePosition?
    var frontends: [FrontendDraft] = []
    var backends: [BackendDraft] = []
    /// Whether a message was given already that explains why there is no frontend.
    var explainsMissingFrontend = false
    /// Whether a message was given already that explains why a backend may be missing.
    var explainsMissingBackend = false

    init(vocabulary: Vocabulary, problems: Problems) {
        self.vocabulary = vocabulary
        self.problems = problems
    }

    /// nil where there is an error, of the builder's own or from before.
    func build() -> ProxySettings? {
        if frontends.isEmpty && !explainsMissingFrontend {
            problems.error(
                SourcePosition(line: 1, column: 1),
                "no frontend, so nothing would be listened on",
                expected: vocabulary.frontendExample
            )
        }
        refuseDuplicates(frontends.lazy.map { Located(value: $0.settings.name, position: $0.position) }, "frontend")
        refuseDuplicates(backends.lazy.map { Located(value: $0.settings.name, position: $0.position) }, "backend")
        refuseDuplicateBinds()
        checkServers()
        let indexes = linkBackends()
        guard !problems.hasErrors else { return nil }
        let linked = zip(frontends, indexes).map { draft, index in
            var settings = draft.settings
            settings.backend = index ?? 0
            return settings
        }
        return ProxySettings(process: process, frontends: linked, backends: backends.map(\.settings))
    }

    private func refuseDuplicates(_ names: some Sequence<Located<String>>, _ kind: String, in owner: String = "") {
        var first: [String: SourcePosition] = [:]
        var refused: SourcePosition?
        for name in names {
            if let earlier = first[name.value] {
                // One place may give many names; one of them is enough.
                if name.position == refused { continue }
                refused = name.position
                problems.error(
                    name.position,
                    "\(kind) \(Quotation.quote(name.value)) exists already\(owner), on line \(earlier.line)",
                    expected: "a name of its own"
                )
            } else {
                first[name.value] = name.position
            }
        }
    }

    /// Sockets that share a port (SO_REUSEPORT) would share out clients between two frontends without a word.
    private func refuseDuplicateBinds() {
        var first: [SocketAddress: SourcePosition] = [:]
        let admin = zip([process.admin].compactMap(\.self), [adminPosition].compactMap(\.self))
        let binds = frontends.flatMap { zip($0.settings.binds.map(\.address.socketAddress), $0.bindPositions) }
        for (address, position) in Array(admin) + binds where address.port > 0 {
            if let earlier = first[address] {
                let (later, former) = position < earlier ? (earlier, position) : (position, earlier)
                problems.error(
                    later,
                    "'\(address)' is bound already, on line \(former.line)",
                    expected: "another address or port"
                )
            } else {
                first[address] = position
            }
        }
    }

    private func checkServers() {
        var count = 0
        for backend in backends {
            let servers = zip(backend.settings.servers, backend.serverPositions)
            let discoveries = zip(backend.settings.discoveries, backend.discoveryPositions)
            let names =
                servers.map { Located(value: $0.name, position: $1) }
                + discoveries.flatMap { discovery, position in
                    discovery.serverNames.map { Located(value: $0, position: position) }
                }
            refuseDuplicates(
                backend.settings.discoveries.isEmpty ? names : names.sorted { $0.position < $1.position },
                "server",
                in: " in backend \(Quotation.quote(backend.settings.name))"
            )
            if !backend.mentionsServer {
                problems.warning(
                    backend.position,
                    "backend \(Quotation.quote(backend.settings.name)) has no servers; its clients are closed at once"
                )
            }
            count += backend.settings.servers.count
            count += backend.settings.discoveries.reduce(0) { $0 + $1.maximum }
            if count > Limits.maximumServers {
                problems.error(
                    backend.position,
                    "\(count) servers up to here",
                    expected: "at most \(Limits.maximumServers)"
                )
                return
            }
        }
    }

    /// For each frontend the index of its backend.
    private func linkBackends() -> [Int?] {
        let indexes = Dictionary(backends.indices.map { (backends[$0].settings.name, $0) }) { first, _ in first }
        let linked = frontends.map { frontend -> Int? in
            let name = Quotation.quote(frontend.settings.name)
            if !frontend.mentionsBind {
                problems.error(
                    frontend.position,
                    "frontend \(name) has no bind",
                    expected: "at least one address to listen on"
                )
            }
            guard let backend = frontend.backend else {
                if !frontend.mentionsBackend {
                    problems.error(
                        frontend.position,
                        "frontend \(name) has no \(vocabulary.defaultBackend)",
                        expected: "the name of a backend"
                    )
                }
                return nil
            }
            if let index = indexes[backend.value] { return index }
            if explainsMissingBackend { return nil }
            problems.error(
                backend.position,
                "there is no backend \(Quotation.quote(backend.value))",
                expected: "the name of a backend in this file",
                suggestion: problems.nearest(to: backend.value, among: backends.lazy.map(\.settings.name))
            )
            return nil
        }
        warnOfUnused(Set(linked.compactMap(\.self)))
        return linked
    }

    private func warnOfUnused(_ used: Set<Int>) {
        // With an error about a frontend, whether a backend is used is not known.
        guard !problems.hasErrors else { return }
        for (index, backend) in backends.enumerated() where !used.contains(index) {
            problems.warning(
                backend.position,
                "backend \(Quotation.quote(backend.settings.name)) is used by no frontend"
            )
        }
    }
}

extension DiscoverySettings {
    /// All that its servers may be called.
    fileprivate var serverNames: [String] {
        switch naming {
        case .single(let name): [name]
        case .numbered(let prefix): (1...maximum).map { "\(prefix)\($0)" }
        }
    }
}

extension HealthCheckSettings {
    /// What a check sends first where the file says nothing, or only whether to: as HAProxy, what the server gets, but
    /// nothing where the check goes to another port or address.
    func announcement(following server: Announcement, isForced: Bool?) -> Announcement {
        let goesElsewhere = port != nil || address != nil
        guard isForced ?? !goesElsewhere else { return .none }
        return switch server {
        case .none: isForced == true ? .version1 : .none
        case .version1: .version1
        case .version2: .version2(Version2Options())
        }
    }
}
