// TLVs: type, 16-bit length, value (section 2.2).
extension HeaderParser {
    /// Which types are held to their own rules.
    enum TLVRules {
        case all
        /// For headers that must be accepted, whatever they hold besides a wrong checksum.
        case checksumAlone
    }

    /// Walks over the TLVs in `start..<end`, as far as they have been received, and refuses the first that can't be
    /// right: one that overruns `end`, stray bytes behind the last, one too many, or a value against its type's rule.
    ///
    /// - Returns: where the CRC32C value is, if there is one.
    func checkTLVs(
        _ received: Span<UInt8>,
        from start: Int,
        to end: Int,
        _ rules: TLVRules
    ) throws(Stop) -> Int? {
        var offset = start
        var count = 0
        var checksum: Int?
        while let head = try readHead(received, at: offset, end: end, &count) {
            let value = offset + TLV.headBytes
            if head.type == .crc32c {
                try HeaderParser.checkChecksumHead(head, at: offset, isFirst: checksum == nil)
                checksum = value
            } else if rules == .all {
                try HeaderParser.checkLength(head, at: offset)
                if received.count >= value + head.length {
                    try checkValue(received, head.type, value..<value + head.length, &count)
                }
            }
            offset = value + head.length
        }
        return checksum
    }

    /// Compares the CRC32C at `offset` with that of the whole header (section 2.2.3).
    static func verifyChecksum(_ header: Span<UInt8>, at offset: Int?) throws(Stop) {
        guard let offset else { return }
        let field = offset..<offset + ChecksumTLV.valueBytes
        var claimed: UInt32 = 0
        for index in field { claimed = claimed << 8 | UInt32(header[index]) }
        let computed = CRC32C.checksum(of: header, zeroing: field)
        guard claimed == computed else {
            throw .malformed(.wrongChecksum, at: offset, .checksum(claimed, computed: computed))
        }
    }

    /// Type and length of the TLV at `offset`, counted; nil at the end, or where they have not been received.
    private func readHead(
        _ received: Span<UInt8>,
        at offset: Int,
        end: Int,
        _ count: inout Int
    ) throws(Stop) -> (type: TLVType, length: Int)? {
        guard offset < end else { return nil }
        let left = end - offset - TLV.headBytes
        guard left >= 0 else {
            throw .malformed(.truncatedTLV, at: offset, .count(end - offset, limit: TLV.headBytes))
        }
        count += 1
        guard count <= limits.maximumTLVs else {
            throw .malformed(.tooManyTLVs, at: offset, .count(count, limit: limits.maximumTLVs))
        }
        guard offset + TLV.headBytes <= received.count else { return nil }
        let length = Int(received[offset + 1]) << 8 | Int(received[offset + 2])
        guard length <= left else {
            throw .malformed(.overrunningTLV, at: offset + 1, .count(length, limit: left))
        }
        return (TLVType(rawValue: received[offset]), length)
    }

    private static func checkChecksumHead(
        _ head: (type: TLVType, length: Int),
        at offset: Int,
        isFirst: Bool
    ) throws(Stop) {
        guard isFirst else { throw .malformed(.duplicateChecksum, at: offset, .count(2, limit: 1)) }
        guard head.length == ChecksumTLV.valueBytes else {
            throw .malformed(.checksumLength, at: offset + 1, .count(head.length, limit: ChecksumTLV.valueBytes))
        }
    }

    private static func checkLength(_ head: (type: TLVType, length: Int), at offset: Int) throws(Stop) {
        switch head.type {
        case .authority where head.length > Authority.maximumBytes:
            throw .malformed(.authorityTooLong, at: offset + 1, .count(head.length, limit: Authority.maximumBytes))
        case .uniqueID where head.length > UniqueID.maximumBytes:
            throw .malformed(.uniqueIDTooLong, at: offset + 1, .count(head.length, limit: UniqueID.maximumBytes))
        case .ssl where head.length < SSLInformation.fixedBytes:
            throw .malformed(.sslTooShort, at: offset + 1, .count(head.length, limit: SSLInformation.fixedBytes))
        default:
            break
        }
    }

    private func checkValue(
        _ received: Span<UInt8>,
        _ type: TLVType,
        _ value: Range<Int>,
        _ count: inout Int
    ) throws(Stop) {
        switch type {
        case .authority:
            guard Authority.isUTF8(received.extracting(value)) else {
                throw .malformed(.authorityNotUTF8, at: value.lowerBound, .excerpt(of: received, value))
            }
        case .ssl:
            // The one level of nesting that there is: what is inside is not looked into again.
            var offset = value.lowerBound + SSLInformation.fixedBytes
            while let head = try readHead(received, at: offset, end: value.upperBound, &count) {
                offset += TLV.headBytes + head.length
            }
        default:
            break
        }
    }
}
