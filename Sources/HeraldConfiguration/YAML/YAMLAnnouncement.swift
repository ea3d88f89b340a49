internal import HeraldCore
internal import ProxyProtocol

/// A server's `send-proxy`: `v1`, `v2`, or a mapping.
struct YAMLAnnouncement {
    private var version: Version?
    private var options = Version2Options()
    /// Where something stands that only version 2 can carry.
    private var version2Only: Located<String>?

    /// `.none` after an error.
    static func read(_ node: YAMLNode, _ reader: YAMLReader) -> Announcement {
        var read = YAMLAnnouncement()
        guard case .mapping(let entries) = node.content else {
            return reader.choice(node, as: Version.self)?.announcement(Version2Options()) ?? .none
        }
        keys.read(node, into: &read, reader)
        if !entries.contains(where: { $0.key == "version" }) {
            reader.problems.error(node.position, "a 'send-proxy' without 'version'", expected: "version: v2")
        }
        if read.version == .v1, let extra = read.version2Only {
            reader.problems.error(extra.position, "'\(extra.value)' in a version 1 header", expected: "version: v2")
        }
        return read.version?.announcement(read.options) ?? .none
    }

    private enum Version: String, CaseIterable {
        case v1
        case v2

        func announcement(_ options: Version2Options) -> Announcement {
            switch self {
            case .v1: .version1
            case .v2: .version2(options)
            }
        }
    }

    private static let keys = YAMLKeys<YAMLAnnouncement>(
        subject: "send-proxy",
        keys: [
            "version": { read, node, reader in
                read.version = reader.choice(node, as: Version.self)
            },
            "crc32c": { read, node, reader in
                read.options.hasChecksum = reader.truth(node) ?? false
                if read.options.hasChecksum {
                    read.version2Only = Located(value: "crc32c", position: node.position)
                }
            },
            "tlvs": { read, node, reader in
                read.version2Only = Located(value: "tlvs", position: node.position)
                tlvKeys.read(node, into: &read.options, reader)
                read.checkTLVs(node.position, reader)
            },
        ]
    )

    private static let tlvKeys = YAMLKeys<Version2Options>(
        subject: "tlvs",
        keys: [
            "pass": { options, node, reader in
                for item in reader.items(node, "a list of TLV types, such as [0xEA, authority]") {
                    guard let type = reader.value(item, TLVText.expectation, TLVText.type) else { continue }
                    if type == TLVType.crc32c.rawValue {
                        reader.problems.error(
                            item.position,
                            "\(item.found), which is never passed on but computed anew",
                            expected: "'crc32c: true' in send-proxy"
                        )
                    } else {
                        options.passedTypes.insert(type)
                    }
                }
            },
            "add": { options, node, reader in
                for entry in reader.entries(node, "a mapping from TLV types to texts") ?? [] {
                    let type = reader.problems.at(entry.position) { () throws(Fault) in
                        try TLVText.addedType(entry.key)
                    }
                    guard let type, let text = reader.text(entry.value, "the text to send") else { continue }
                    let bytes = reader.problems.at(entry.value.position) { () throws(Fault) in
                        try TLVText.bytes(text, type: type)
                    }
                    guard let bytes else { continue }
                    if options.addedTLVs.contains(where: { $0.type == type }) {
                        reader.problems.error(
                            entry.position,
                            "TLV type \(Quotation.quote(entry.key)) again",
                            expected: "each type once"
                        )
                    }
                    options.addedTLVs.append(Version2Options.AddedTLV(type: type, value: bytes))
                }
            },
        ]
    )

    private func checkTLVs(_ position: SourcePosition, _ reader: YAMLReader) {
        let size = options.addedTLVs.reduce(0) { $0 + 3 + $1.value.count }
        if size > TLVText.maximumAddedBytes {
            reader.problems.error(
                position,
                "\(size) bytes of TLVs",
                expected: "at most \(TLVText.maximumAddedBytes), all in all"
            )
        }
    }
}

/// TLV types and values (proxy-protocol.txt, section 2.2) as text.
enum TLVText {
    static let expectation = "a TLV type: 0x00 to 0xFF, or a name such as authority"
    /// What a header's 16-bit length leaves beside IPv6 addresses (36 bytes) and a CRC32C TLV (7 bytes).
    static let maximumAddedBytes = 65_535 - 36 - 7

    /// Names that can stand in a file: those of types that a header has by itself.
    private static let names: [String] = (UInt8.min...UInt8.max)
        .filter { !(0x21...0x28).contains($0) }
        .compactMap { TLVType(rawValue: $0).name }

    /// The type as it reads back: its name, or `0xE5`.
    static func write(_ type: UInt8) -> String {
        TLVType(rawValue: type).name ?? TLVType(rawValue: type).description
    }

    static func type(_ text: String) throws(Fault) -> UInt8 {
        if let named = TLVType(name: text), names.contains(text) { return named.rawValue }
        let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
        let digits = text.dropFirst(2)
        guard isHexadecimal, digits.allSatisfy(\.isHexDigit), let number = UInt8(digits, radix: 16) else {
            throw Fault(
                "\(Quotation.quote(text)) is not a TLV type",
                expected: expectation,
                suggestion: NearMiss.find(text, among: names)
            )
        }
        return number
    }

    /// A type whose value a configuration can know: neither computed (CRC32C), padding, of one connection's TLS, nor
    /// reserved.
    static func addedType(_ text: String) throws(Fault) -> UInt8 {
        let type = TLVType(rawValue: try type(text))
        let isText = [.alpn, .authority, .uniqueID, .networkNamespace].contains(type)
        guard isText || type.range == .custom || type.range == .experimental else {
            throw Fault(
                "TLV type \(Quotation.quote(text)) can't be added",
                expected: "alpn, authority, unique_id, netns, or 0xE0 to 0xF7"
            )
        }
        return type.rawValue
    }

    static func bytes(_ text: String, type: UInt8) throws(Fault) -> [UInt8] {
        let bytes = Array(text.utf8)
        let maximum =
            switch TLVType(rawValue: type) {
            case .authority: 255
            case .uniqueID: 128
            default: maximumAddedBytes
            }
        guard bytes.count <= maximum else {
            throw Fault("\(bytes.count) bytes for TLV type \(write(type))", expected: "at most \(maximum)")
        }
        return bytes
    }
}
