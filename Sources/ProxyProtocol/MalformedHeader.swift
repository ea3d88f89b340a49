/// Why bytes are no header: the rule that they break, where, and what stands there.
///
/// As text it says what was found, what was expected, and at which byte, counted from 0 at the connection's first.
public struct MalformedHeader: Error, Hashable, Sendable {
    /// The rule that was broken. The raw value is a stable word for counters.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        case notAHeader = "not_a_header"
        case versionNotAccepted = "version_not_accepted"

        // Version 1.
        case unknownProtocol = "unknown_protocol"
        case invalidSourceIPv4 = "invalid_source_ipv4"
        case invalidDestinationIPv4 = "invalid_destination_ipv4"
        case invalidSourceIPv6 = "invalid_source_ipv6"
        case invalidDestinationIPv6 = "invalid_destination_ipv6"
        case invalidSourcePort = "invalid_source_port"
        case invalidDestinationPort = "invalid_destination_port"
        case badLineEnd = "bad_line_end"
        case lineTooLong = "line_too_long"

        // Version 2.
        case unknownVersion = "unknown_version"
        case unknownCommand = "unknown_command"
        case unknownFamily = "unknown_family"
        case unknownTransport = "unknown_transport"
        case headerTooLong = "header_too_long"
        case addressesTooShort = "addresses_too_short"

        // TLVs.
        case tooManyTLVs = "too_many_tlvs"
        case truncatedTLV = "truncated_tlv"
        case overrunningTLV = "overrunning_tlv"
        case authorityTooLong = "authority_too_long"
        case authorityNotUTF8 = "authority_not_utf8"
        case uniqueIDTooLong = "unique_id_too_long"
        case sslTooShort = "ssl_too_short"
        case checksumLength = "checksum_length"
        case duplicateChecksum = "duplicate_checksum"
        case wrongChecksum = "wrong_checksum"

        public var label: String { rawValue }
    }

    public let reason: Reason
    /// Where what breaks the rule begins, counted from the connection's first byte; ahead of what has been received
    /// where lengths already give it away.
    public let offset: Int
    let found: Found

    init(_ reason: Reason, at offset: Int, _ found: Found) {
        self.reason = reason
        self.offset = offset
        self.found = found
    }

    /// What stands there.
    enum Found: Hashable, Sendable {
        /// At most `maximumExcerpt` bytes.
        case bytes([UInt8])
        /// Too many or too few bytes or pieces, and how many there may or must be.
        case count(Int, limit: Int)
        /// A checksum, and the one that was computed.
        case checksum(UInt32, computed: UInt32)

        static let maximumExcerpt = 48

        static func excerpt(of bytes: Span<UInt8>, from start: Int) -> Found {
            excerpt(of: bytes, start..<bytes.count)
        }

        static func excerpt(of bytes: Span<UInt8>, _ range: Range<Int>) -> Found {
            var excerpt: [UInt8] = []
            for index in range.prefix(maximumExcerpt) { excerpt.append(bytes[index]) }
            return .bytes(excerpt)
        }
    }
}

// MARK: - Text

extension MalformedHeader: CustomStringConvertible {
    public var description: String {
        "found \(foundText), expected \(expectedText), at byte \(offset)"
    }

    private var foundText: String {
        switch found {
        case .bytes(let bytes):
            if let stranger {
                "\(stranger.rawValue) (\(MalformedHeader.quoted(bytes)))"
            } else {
                bytes.isEmpty ? "nothing" : MalformedHeader.quoted(bytes)
            }
        case .count(let count, _):
            switch reason {
            case .tooManyTLVs: "TLV number \(count)"
            case .duplicateChecksum: "CRC32C TLV number \(count)"
            default: count == 1 ? "1 byte" : "\(count) bytes"
            }
        case .checksum(let checksum, _):
            "CRC32C \(MalformedHeader.hex(checksum, digits: 8))"
        }
    }

    private var expectedText: String {
        switch reason {
        case .notAHeader: "a PROXY protocol header"
        case .versionNotAccepted: "the other version of the PROXY protocol"
        case .unknownProtocol: "\"TCP4 \", \"TCP6 \" or \"UNKNOWN\""
        case .invalidSourceIPv4: "an IPv4 source address"
        case .invalidDestinationIPv4: "an IPv4 destination address"
        case .invalidSourceIPv6: "an IPv6 source address"
        case .invalidDestinationIPv6: "an IPv6 destination address"
        case .invalidSourcePort: "a source port of 0 to 65535"
        case .invalidDestinationPort: "a destination port of 0 to 65535"
        case .badLineEnd: "CR and LF together, at the end of the line alone"
        case .lineTooLong: "CR and LF within \(HeaderParser.Limits.longestVersion1Line) bytes"
        case .unknownVersion: "version 2 in the high four bits"
        case .unknownCommand: "LOCAL (0) or PROXY (1) in the low four bits"
        case .unknownFamily: "an address family of 0 to 3 in the high four bits"
        case .unknownTransport: "a transport of 0 to 2 in the low four bits"
        case .headerTooLong: "a header of at most \(limit) bytes"
        case .addressesTooShort: "at least \(limit) for the addresses of the family"
        case .tooManyTLVs: "at most \(limit)"
        case .truncatedTLV: "a TLV's type and length, or the end"
        case .overrunningTLV: "at most \(limit) for a TLV's value"
        case .authorityTooLong: "an authority of at most \(limit) bytes"
        case .authorityNotUTF8: "an authority in UTF-8"
        case .uniqueIDTooLong: "a unique ID of at most \(limit) bytes"
        case .sslTooShort: "an SSL TLV of at least \(limit) bytes"
        case .checksumLength: "a CRC32C of \(limit) bytes"
        case .duplicateChecksum: "one at most"
        case .wrongChecksum: computedText
        }
    }

    private var limit: Int {
        if case .count(_, let limit) = found { limit } else { 0 }
    }

    private var computedText: String {
        if case .checksum(_, let computed) = found { MalformedHeader.hex(computed, digits: 8) } else { "another" }
    }

    /// Printable ASCII in quotes, with escapes; a few bytes of anything else as hexadecimal digits.
    private static func quoted(_ bytes: [UInt8]) -> String {
        var text = "\""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\r"): text += "\\r"
            case UInt8(ascii: "\n"): text += "\\n"
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\\(Character(Unicode.Scalar(byte)))"
            case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x" + hexDigits(UInt32(byte), 2)
            }
        }
        return text + "\""
    }

    private static func hex(_ value: UInt32, digits: Int) -> String {
        "0x" + hexDigits(value, digits)
    }

    private static func hexDigits(_ value: UInt32, _ count: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }
}

// MARK: - Strangers

extension MalformedHeader {
    /// What speaks where a header was expected, as far as its first bytes tell.
    public enum Stranger: String, Hashable, Sendable, CaseIterable {
        case http = "an HTTP request"
        case tls = "a TLS ClientHello"
        case ssh = "an SSH banner"

        init?(_ bytes: [UInt8]) {
            let methods = [
                "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "CONNECT ", "TRACE ", "PATCH ", "PROPFIND ",
                "PRI * HTTP/2",
            ]
            if methods.contains(where: { bytes.starts(with: $0.utf8) }) {
                self = .http
            } else if bytes.starts(with: [0x16, 0x03]) {
                // A TLS record: handshake, version 3.x.
                self = .tls
            } else if bytes.starts(with: "SSH-".utf8) {
                self = .ssh
            } else {
                return nil
            }
        }
    }

    /// Who speaks where no header has even begun; nil for everything else.
    public var stranger: Stranger? {
        guard reason == .notAHeader, case .bytes(let bytes) = found else { return nil }
        return Stranger(bytes)
    }
}
