import ProxyProtocol

/// One TLV as JSON: type, name, length, the value in hexadecimal digits; as text where it is text, and taken apart where it
/// has structure.
enum TLVReport {
    static func value(_ tlv: TLV) -> JSONValue {
        let decoded = tlv.decoded
        var members: [(key: String, value: JSONValue)] = [
            ("type", .string("0x" + HexText.text([tlv.type.rawValue]))),
            ("name", .string(name(tlv, decoded))),
            ("length", .number(tlv.value.count)),
            ("hex", .string(HexText.text(tlv.value))),
        ]
        if let text = text(tlv, decoded) { members.append(("text", .string(text))) }
        if let structure = structure(decoded) { members.append(("decoded", structure)) }
        return .object(members)
    }

    /// A cloud's name only for what has the form that the cloud sends: its number is free for everybody.
    private static func name(_ tlv: TLV, _ decoded: DecodedTLV) -> String {
        switch tlv.type.range {
        case .registered: return tlv.type.name ?? "unknown"
        case .unassigned: return "unknown"
        case .experimental: return "experimental"
        case .reserved: return "reserved"
        case .custom:
            if case .other = decoded { return "custom" }
            return tlv.type.name ?? "custom"
        }
    }

    /// The value as text: nil for binary types, and for what does not read as text.
    private static func text(_ tlv: TLV, _ decoded: DecodedTLV) -> String? {
        switch decoded {
        case .crc32c, .noop, .ssl, .aws, .azure, .gcp: return nil
        case .authority(let authority): return authority.name
        case .alpn, .uniqueID, .networkNamespace, .other: break
        }
        guard tlv.type != .sslClientCertificate, !tlv.value.isEmpty,
            let text = String(validating: tlv.value, as: UTF8.self),
            text.unicodeScalars.allSatisfy(JSONValue.isVisible)
        else { return nil }
        return text
    }

    private static func structure(_ decoded: DecodedTLV) -> JSONValue? {
        switch decoded {
        case .crc32c(let checksum):
            return .object([("checksum", .string("0x" + HexText.text(checksum.value)))])
        case .ssl(let ssl):
            return structure(ssl)
        case .aws(let endpoint):
            return .object([("vpcEndpointId", .string(endpoint.id))])
        case .azure(let link):
            return .object([("linkId", .number(Int(link.linkID)))])
        case .gcp(let connection):
            // In quotes: many readers of JSON lose digits beyond 53 bits.
            return .object([("pscConnectionId", .string(String(connection.pscConnectionID)))])
        case .alpn, .authority, .noop, .uniqueID, .networkNamespace, .other:
            return nil
        }
    }

    private static func structure(_ ssl: SSLInformation) -> JSONValue {
        .object([
            (
                "client",
                .object([
                    ("ssl", .bool(ssl.client.contains(.ssl))),
                    ("certificateOnConnection", .bool(ssl.client.contains(.certificateOnConnection))),
                    ("certificateInSession", .bool(ssl.client.contains(.certificateInSession))),
                ])
            ),
            ("verify", .number(Int(ssl.verifyResult))),
            ("verified", .bool(ssl.isVerified)),
            ("tlvs", .array(ssl.details.map(detail))),
        ])
    }

    /// What is inside SSL has types of its own, and is never taken apart again.
    private static func detail(_ tlv: TLV) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("type", .string("0x" + HexText.text([tlv.type.rawValue]))),
            ("name", .string((0x21...0x28).contains(tlv.type.rawValue) ? tlv.type.name ?? "unknown" : "unknown")),
            ("length", .number(tlv.value.count)),
            ("hex", .string(HexText.text(tlv.value))),
        ]
        if let text = text(tlv, .other(tlv)) { members.append(("text", .string(text))) }
        return .object(members)
    }
}
