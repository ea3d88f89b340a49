internal import HeraldCore

/// HAProxy's language, in so far as Herald can do what it says.
enum HAProxyConfiguration {
    static let vocabulary = Vocabulary(
        defaultBackend: "'default_backend'",
        frontendExample: "a 'frontend' or 'listen' section"
    )

    /// nil where there is an error.
    ///
    /// - Parameter environment: the value of a variable, which takes its place within double quotes.
    static func read(
        _ bytes: [UInt8],
        problems: Problems,
        environment: @escaping (String) -> String?
    ) -> ProxySettings? {
        let environment = HAProxyEnvironment(environment)
        var lexer = HAProxyLexer(bytes, environment: environment, problems: problems)
        var file = HAProxyFile(environment: environment, problems: problems)
        while let line = lexer.next() { file.read(line) }
        return file.finish()
    }
}

/// The file on its way to settings: which section is open, and what the closed ones came to.
struct HAProxyFile {
    private enum Section {
        case none
        case global
        /// `defaults`; the name is empty where it has none.
        case defaults(name: String, HAProxyProxy)
        case proxy(HAProxyProxy)
        case resolvers(HAProxyResolvers)
        /// A section that is passed over.
        case skipped
    }

    private let problems: Problems
    private var builder: SettingsBuilder
    private var global: HAProxyGlobal
    private var section = Section.none
    /// Of the last `defaults` section, which holds for all proxies below that say nothing else.
    private var defaults = HAProxyProxy.Options()
    private var namedDefaults: [String: HAProxyProxy.Options] = [:]
    private var resolvers: [String: HAProxyResolvers] = [:]
    /// Where modes stand that were refused: one of a `defaults` can be that of many sections.
    private var refusedModes: Set<SourcePosition> = []

    init(environment: HAProxyEnvironment, problems: Problems) {
        self.problems = problems
        global = HAProxyGlobal(environment: environment)
        builder = SettingsBuilder(vocabulary: HAProxyConfiguration.vocabulary, problems: problems)
    }

    /// nil where there is an error.
    mutating func finish() -> ProxySettings? {
        closeSection()
        applyResolvers()
        builder.process = global.process
        return builder.build()
    }

    mutating func read(_ line: HAProxyLine) {
        if !line.isWhole {
            note(line.keyword.text)
        } else if let sides = HAProxyFile.proxySections[line.keyword.text] {
            closeSection()
            openProxy(line, sides)
        } else if line.keyword.text == "global" {
            closeSection()
            section = .global
            refuseArguments(line.arguments, of: line.keyword)
        } else if line.keyword.text == "resolvers" {
            closeSection()
            openResolvers(line)
        } else if let meaning = HAProxyFile.otherSections[line.keyword.text] {
            closeSection()
            section = .skipped
            if case .ignored(let reason) = meaning {
                problems.warning(line.keyword.position, "section \(line.keyword.quoted) is not acted on: \(reason)")
            } else {
                problems.unsupported(line.keyword.position, "section \(line.keyword.text)")
            }
        } else if line.keyword.text.hasPrefix(".") {
            problems.unsupported(line.keyword.position, line.keyword.text, instead: "a file without conditions")
        } else {
            readInSection(line)
        }
    }

    /// A line begins so that can't be read: what it is for is not missing.
    private mutating func note(_ keyword: String) {
        if HAProxyFile.isSection(keyword) {
            closeSection()
            section = .skipped
            builder.explainsMissingFrontend = true
            builder.explainsMissingBackend = true
            return
        }
        switch section {
        case .none, .global, .resolvers, .skipped:
            break
        case .defaults(let name, var proxy):
            proxy.note(keyword)
            section = .defaults(name: name, proxy)
        case .proxy(var proxy):
            section = .none
            proxy.note(keyword)
            section = .proxy(proxy)
        }
    }

    private mutating func readInSection(_ line: HAProxyLine) {
        if case .skipped = section { return }
        if openMisspelt(line) { return }
        guard let line = withoutPrefix(line) else { return }
        switch section {
        case .skipped:
            break
        case .none:
            problems.error(
                line.keyword.position,
                "\(line.keyword.quoted) before any section",
                expected: "a section: global, defaults, frontend, backend or listen"
            )
        case .global:
            global.read(line, HAProxyArguments(problems: problems))
        case .resolvers(var resolvers):
            resolvers.read(line, HAProxyArguments(problems: problems))
            section = .resolvers(resolvers)
        case .defaults(let name, var proxy):
            proxy.read(line, HAProxyArguments(problems: problems))
            section = .defaults(name: name, proxy)
        case .proxy(var proxy):
            // Taken out while it changes, so that nothing of it is copied.
            section = .none
            proxy.read(line, HAProxyArguments(problems: problems))
            section = .proxy(proxy)
        }
    }

    /// Takes `no` off the line; `default` is not supported.
    private func withoutPrefix(_ line: HAProxyLine) -> HAProxyLine? {
        switch line.keyword.text {
        case "no":
            guard var rest = line.withoutKeyword else {
                problems.error(line.keyword.position, "'no' alone", expected: "'no option' and its name")
                return nil
            }
            rest.isNegated = true
            return rest
        case "default":
            problems.unsupported(line.keyword.position, "default", instead: "the option itself, or 'no option'")
            return nil
        default:
            return line
        }
    }

    /// A misspelt section keyword would leave all its lines to the section above it.
    private mutating func openMisspelt(_ line: HAProxyLine) -> Bool {
        let word = line.keyword.text
        if word == "no" || (word == "default" && line.words.count > 1) { return false }
        var keywords: [String] = []
        switch section {
        case .none, .skipped, .resolvers:
            break
        case .global:
            if HAProxyGlobal.words[word] != nil { return false }
            keywords = HAProxyGlobal.words.names
        case .defaults, .proxy:
            if HAProxyProxy.words[word] != nil { return false }
            keywords = HAProxyProxy.words.names
        }
        // A keyword of the open section that is as near is what was meant.
        guard let meant = problems.nearest(to: word, among: HAProxyFile.sectionKeywords),
            problems.nearest(to: word, among: keywords + [meant]) == meant
        else { return false }
        closeSection()
        section = .skipped
        builder.explainsMissingFrontend = true
        builder.explainsMissingBackend = true
        problems.error(line.keyword.position, "unknown section \(line.keyword.quoted)", suggestion: meant)
        return true
    }
}

// MARK: - Sections

extension HAProxyFile {
    /// Section keywords, and what a section of that kind has.
    private static let proxySections: [String: HAProxyProxy.Sides] = [
        "defaults": [], "frontend": .frontend, "backend": .backend, "listen": [.frontend, .backend],
    ]

    private static let sectionKeywords = proxySections.keys.sorted() + ["global"]

    private static let otherSections: [String: HAProxyWords<Never>.Meaning] = {
        let ignored =
            "peers mailers userlist ring cache http-errors crt-store traces log-profile acme healthcheck"
        let unsupported = "program fcgi-app log-forward"
        var meanings: [String: HAProxyWords<Never>.Meaning] = [:]
        for word in ignored.split(separator: " ") { meanings[String(word)] = .ignored("nothing in Herald uses it") }
        for word in unsupported.split(separator: " ") { meanings[String(word)] = .unsupported(nil) }
        return meanings
    }()

    private static func isSection(_ keyword: String) -> Bool {
        sectionKeywords.contains(keyword) || keyword == "resolvers" || otherSections[keyword] != nil
    }

    private mutating func openResolvers(_ line: HAProxyLine) {
        guard let name = line.arguments.first else {
            problems.error(line.keyword.position, "'resolvers' without a name", expected: "resolvers NAME")
            section = .skipped
            return
        }
        refuseArguments(line.arguments.dropFirst(), of: line.keyword)
        if resolvers[name.text] != nil {
            problems.error(
                name.position,
                "resolvers section \(name.quoted) exists already",
                expected: "a name of its own"
            )
        }
        section = .resolvers(HAProxyResolvers(name: name.text))
    }

    /// Sections may come in any order; one of them is there without being written, as in HAProxy: `default`, the system's.
    private mutating func applyResolvers() {
        let systems = "default"
        if resolvers[systems] == nil { resolvers[systems] = HAProxyResolvers(name: systems) }
        refuseUnknownResolvers()
        for backend in builder.backends.indices {
            for (index, name) in builder.backends[backend].resolvers.enumerated() {
                guard let name else { continue }
                resolvers[name.value]?.apply(to: &builder.backends[backend].settings.discoveries[index])
            }
        }
    }

    /// Each place once: a `default-server` names one for many servers.
    private func refuseUnknownResolvers() {
        var refused: Set<SourcePosition> = []
        for name in builder.backends.flatMap({ $0.resolvers.compactMap(\.self) + $0.idleResolvers })
        where resolvers[name.value] == nil && refused.insert(name.position).inserted {
            problems.error(
                name.position,
                "there is no resolvers section \(Quotation.quote(name.value))",
                expected: "the name of one in this file",
                suggestion: problems.nearest(to: name.value, among: resolvers.keys.sorted())
            )
        }
    }

    private mutating func openProxy(_ line: HAProxyLine, _ sides: HAProxyProxy.Sides) {
        var arguments = line.arguments
        var name = ""
        if !sides.isEmpty || (arguments.first.map { $0.text != "from" } ?? false) {
            guard let word = arguments.popFirst() else {
                problems.error(
                    line.keyword.position,
                    "\(line.keyword.quoted) without a name",
                    expected: "\(line.keyword.text) NAME"
                )
                section = .skipped
                builder.explainsMissingFrontend = true
                builder.explainsMissingBackend = true
                return
            }
            name = problems.at(word.position) { () throws(Fault) in try NameText.check(word.text) } ?? "?"
        }
        var inherited = inheritedOptions(&arguments, isDefaults: sides.isEmpty)
        inherited.checks = inherited.checks.inherited
        refuseArguments(arguments, of: line.keyword)
        let position = line.words.count > 1 ? line.words[1].position : line.keyword.position
        let proxy = HAProxyProxy(
            kind: line.keyword.text,
            name: name,
            position: position,
            sides: sides,
            options: inherited
        )
        section = sides.isEmpty ? .defaults(name: name, proxy) : .proxy(proxy)
    }

    /// Of `from NAME`, or else of the last `defaults`, which a `defaults` itself does not inherit from.
    private func inheritedOptions(_ arguments: inout ArraySlice<HAProxyWord>, isDefaults: Bool) -> HAProxyProxy.Options
    {
        guard arguments.first?.text == "from", let from = arguments.popFirst() else {
            return isDefaults ? HAProxyProxy.Options() : defaults
        }
        guard let parent = arguments.popFirst() else {
            problems.error(from.position, "'from' without a name", expected: "the name of a 'defaults' section above")
            return defaults
        }
        if let options = namedDefaults[parent.text] { return options }
        problems.error(
            parent.position,
            "there is no defaults section \(parent.quoted) above",
            suggestion: problems.nearest(to: parent.text, among: namedDefaults.keys.sorted())
        )
        return defaults
    }

    private func refuseArguments(_ arguments: ArraySlice<HAProxyWord>, of keyword: HAProxyWord) {
        guard let extra = arguments.first else { return }
        problems.error(extra.position, "\(extra.quoted) after \(keyword.quoted)", expected: "the end of the line")
    }

    private mutating func closeSection() {
        switch section {
        case .none, .global, .skipped:
            break
        case .resolvers(let read):
            read.close(problems)
            resolvers[read.name] = read
        case .defaults(let name, let proxy):
            defaults = proxy.options
            if !name.isEmpty { namedDefaults[name] = proxy.options }
        case .proxy(let proxy):
            refuseMode(of: proxy)
            let drafts = proxy.drafts(problems)
            builder.frontends += [drafts.frontend].compactMap(\.self)
            builder.backends += [drafts.backend].compactMap(\.self)
        }
        section = .none
    }

    /// Says so where the mode stands.
    private mutating func refuseMode(of proxy: HAProxyProxy) {
        guard let mode = proxy.options.unsupportedMode, refusedModes.insert(mode.position).inserted else { return }
        problems.unsupported(mode.position, "mode \(mode.value)", instead: "'mode tcp'")
    }
}
