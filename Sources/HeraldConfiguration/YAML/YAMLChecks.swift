internal import HeraldCore

/// What a check's `send-proxy` says.
enum YAMLCheckHeader {
    case unsaid
    case never
    case asServer(SourcePosition)
    case version(Announcement)
}

/// A server's `check`, where it is a mapping.
struct YAMLCheck {
    var settings = HealthCheckSettings()
    var header = YAMLCheckHeader.unsaid
    /// Of `http` or `send-expect`, the one that came first.
    private var kindKey: String?

    static let keys = YAMLKeys<YAMLCheck>(
        subject: "a check",
        keys: [
            "http": { check, node, reader in
                guard check.takesKind("http", node, reader) else { return }
                check.settings.kind = .http(YAMLHTTPCheck.read(node, reader))
            },
            "send-expect": { check, node, reader in
                guard check.takesKind("send-expect", node, reader) else { return }
                let steps = YAMLDialogue.read(node, reader)
                if !steps.isEmpty { check.settings.kind = .dialogue(steps) }
            },
            "interval": { check, node, reader in
                check.settings.interval = reader.duration(node) ?? check.settings.interval
            },
            "fast-interval": { check, node, reader in
                check.settings.fastInterval = reader.duration(node)
            },
            "down-interval": { check, node, reader in
                check.settings.downInterval = reader.duration(node)
            },
            "rise": { check, node, reader in
                check.settings.rise =
                    reader.integer(node, in: HealthCheckSettings.countRange) ?? check.settings.rise
            },
            "fall": { check, node, reader in
                check.settings.fall =
                    reader.integer(node, in: HealthCheckSettings.countRange) ?? check.settings.fall
            },
            "timeout": { check, node, reader in
                check.settings.timeout = reader.duration(node)
            },
            "port": { check, node, reader in
                check.settings.port = reader.integer(node, in: 1...65_535).map { UInt16($0) }
            },
            "address": { check, node, reader in
                check.settings.address = reader.value(node, "an IP address") {
                    text throws(Fault) in try AddressText.ip(text)
                }
            },
            "send-proxy": { check, node, reader in
                switch node.content {
                case .scalar("v1", _): check.header = .version(.version1)
                case .scalar("v2", _): check.header = .version(.version2(Version2Options()))
                default:
                    guard let isOn = reader.truth(node) else { return }
                    check.header = isOn ? .asServer(node.position) : .never
                }
            },
        ],
        foreignWords: [
            "inter": "interval", "fastinter": "fast-interval", "downinter": "down-interval", "addr": "address",
            "check-send-proxy": "send-proxy", "httpchk": "http", "tcp-check": "send-expect", "path": "http",
        ]
    )

    private mutating func takesKind(_ key: String, _ node: YAMLNode, _ reader: YAMLReader) -> Bool {
        if let kindKey {
            reader.problems.error(node.position, "'\(key)' beside '\(kindKey)'", expected: "one of the two")
            return false
        }
        kindKey = key
        return true
    }
}

/// `http: /path`, or a mapping.
private struct YAMLHTTPCheck {
    private var settings = HTTPCheckSettings()
    private var bodyPosition: SourcePosition?

    static func read(_ node: YAMLNode, _ reader: YAMLReader) -> HTTPCheckSettings {
        var check = YAMLHTTPCheck()
        if case .mapping = node.content {
            keys.read(node, into: &check, reader)
        } else {
            check.readPath(node, reader)
        }
        if let position = check.bodyPosition, check.settings.method == "HEAD" {
            reader.problems.error(position, "'body' with the method HEAD, whose replies have none", expected: "GET")
        }
        return check.settings
    }

    private static let keys = YAMLKeys<YAMLHTTPCheck>(
        subject: "an HTTP check",
        keys: [
            "method": { check, node, reader in
                let method = reader.value(node, "a method, such as GET") { text throws(Fault) in
                    try CheckText.method(text)
                }
                check.settings.method = method ?? check.settings.method
            },
            "path": { check, node, reader in
                check.readPath(node, reader)
            },
            "version": { check, node, reader in
                let expectation = "1.0 or 1.1"
                let version = reader.value(node, expectation) { text throws(Fault) in
                    guard let version = HTTPCheckSettings.Version(rawValue: text) else {
                        throw Fault("\(Quotation.quote(text)) is not a version", expected: expectation)
                    }
                    return version
                }
                check.settings.version = version ?? check.settings.version
            },
            "host": { check, node, reader in
                check.settings.host = reader.value(node, "the value of the Host field") { text throws(Fault) in
                    try CheckText.fieldValue(text)
                }
            },
            "headers": { check, node, reader in
                check.readFields(node, reader)
            },
            "status": { check, node, reader in
                let items = reader.items(node, CheckText.statusExpectation)
                let ranges = items.compactMap { item in
                    reader.value(item, CheckText.statusExpectation) { text throws(Fault) in
                        try CheckText.status(text)
                    }
                }
                if !ranges.isEmpty { check.settings.status = ranges }
            },
            "body": { check, node, reader in
                check.bodyPosition = node.position
                check.settings.body = reader.value(node, "text that the body contains") { text throws(Fault) in
                    try CheckText.sought(text)
                }
            },
        ],
        foreignWords: ["uri": "path", "url": "path", "meth": "method", "header": "headers", "expect": "status"]
    )

    private mutating func readPath(_ node: YAMLNode, _ reader: YAMLReader) {
        let path = reader.value(node, "a path, such as /healthz") { text throws(Fault) in
            try CheckText.path(text)
        }
        settings.path = path ?? settings.path
    }

    private mutating func readFields(_ node: YAMLNode, _ reader: YAMLReader) {
        guard let entries = reader.entries(node, "a mapping of header names and values") else { return }
        for entry in entries {
            let name = reader.problems.at(entry.position) { () throws(Fault) in
                try CheckText.fieldName(entry.key)
            }
            let expectation = "a header's value, or a list of them"
            let values = reader.reading(entry.key).items(entry.value, expectation).compactMap { item in
                reader.reading(entry.key).value(item, expectation) { text throws(Fault) in
                    try CheckText.fieldValue(text)
                }
            }
            guard let name else { continue }
            settings.fields += values.map { HTTPCheckSettings.Field(name: name, value: $0) }
        }
        if settings.fields.count > Limits.maximumCheckFields {
            reader.refuse(node, "at most \(Limits.maximumCheckFields) headers")
        }
    }
}

/// Steps of a check that speaks a protocol of its own: a list, or one mapping.
private struct YAMLDialogue {
    private var sent: DialogueStep?
    private var expected: DialogueStep?

    static func read(_ node: YAMLNode, _ reader: YAMLReader) -> [DialogueStep] {
        let expectation = "steps, such as { send: PING, expect: PONG }"
        let items = reader.items(node, expectation)
        var steps: [DialogueStep] = []
        for item in items {
            var step = YAMLDialogue()
            guard keys.read(item, into: &step, reader) else { continue }
            if case .mapping(let entries) = item.content { refuse(entries, of: item, expectation, reader) }
            steps += [step.sent, step.expected].compactMap(\.self)
        }
        if steps.count > Limits.maximumCheckSteps {
            reader.refuse(node, "at most \(Limits.maximumCheckSteps) steps")
        }
        return steps
    }

    private static func refuse(_ entries: [YAMLEntry], of item: YAMLNode, _ expectation: String, _ reader: YAMLReader) {
        if entries.isEmpty { reader.refuse(item, expectation) }
        for kind in ["send", "expect"] {
            let both = entries.filter { $0.key == kind || $0.key == "\(kind)-hex" }
            guard both.count > 1, both[0].key != both[1].key else { continue }
            reader.problems.error(
                both[1].position,
                "'\(both[1].key)' beside '\(both[0].key)'",
                expected: "a step of its own"
            )
        }
    }

    /// In one mapping, what is sent comes before what is expected.
    private static let keys = YAMLKeys<YAMLDialogue>(
        subject: "a step of a check",
        keys: [
            "send": { step, node, reader in
                step.sent = bytes(node, reader).map { .send($0) }
            },
            "send-hex": { step, node, reader in
                step.sent = hexBytes(node, reader).map { .send($0) }
            },
            "expect": { step, node, reader in
                step.expected = bytes(node, reader).map { .expect($0) }
            },
            "expect-hex": { step, node, reader in
                step.expected = hexBytes(node, reader).map { .expect($0) }
            },
        ]
    )

    private static func bytes(_ node: YAMLNode, _ reader: YAMLReader) -> [UInt8]? {
        reader.value(node, "text") { text throws(Fault) in try CheckText.sought(text) }
    }

    private static func hexBytes(_ node: YAMLNode, _ reader: YAMLReader) -> [UInt8]? {
        reader.value(node, "bytes in hex") { text throws(Fault) in try CheckText.hex(text) }
    }
}
