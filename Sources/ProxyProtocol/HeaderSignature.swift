/// The bytes that tell the versions apart (section 2.2, "identifying the protocol version is easy").
enum HeaderSignature {
    /// Version 2: a block that HTTP, TLS, SMTP, FTP and POP servers refuse.
    static let version2: InlineArray<12, UInt8> = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    /// Version 1: `PROXY`, which a space must follow.
    static let version1: InlineArray<5, UInt8> = [0x50, 0x52, 0x4F, 0x58, 0x59]

    /// How many bytes at the start of `bytes` are those of the version 2 signature: at most 12.
    static func version2MatchLength(_ bytes: Span<UInt8>) -> Int {
        var index = 0
        while index < min(bytes.count, version2.count), bytes[index] == version2[index] { index += 1 }
        return index
    }

    /// How many bytes at the start of `bytes` are those of `PROXY`: at most 5.
    static func version1MatchLength(_ bytes: Span<UInt8>) -> Int {
        var index = 0
        while index < min(bytes.count, version1.count), bytes[index] == version1[index] { index += 1 }
        return index
    }
}

/// Whether the first bytes of a stream could pass for a header at a receiver that accepts one.
///
/// A proxy that passes on what an untrusted peer sends asks this, so that the peer can't announce itself as somebody
/// else to a server behind: `certain` is to be refused, `possible` to be held back until more has come.
public enum HeaderPrefix: Hashable, Sendable {
    /// No receiver takes this for a header, whatever follows.
    case none
    /// A proper beginning of a signature, no byte at all included.
    case possible
    /// A whole signature: `PROXY`, or version 2's 12 bytes. What follows it does not count, because receivers differ
    /// in how they go on.
    case certain

    /// What the bytes at the beginning of a stream are.
    public static func of(_ input: RawSpan) -> HeaderPrefix {
        of(Span<UInt8>(_bytes: input))
    }

    /// What the bytes at the beginning of a stream are.
    public static func of(_ bytes: Span<UInt8>) -> HeaderPrefix {
        let text = HeaderSignature.version1MatchLength(bytes)
        let binary = HeaderSignature.version2MatchLength(bytes)
        if text == HeaderSignature.version1.count || binary == HeaderSignature.version2.count { return .certain }
        return max(text, binary) == bytes.count ? .possible : .none
    }
}
