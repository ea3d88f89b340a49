/// Finds the header at the beginning of a connection's bytes.
///
/// The parser keeps nothing between calls: give it everything received so far, and again with more whenever it asks.
///
/// ```swift
/// let parser = HeaderParser()
/// var received: [UInt8] = []
///
/// while let bytes = try await connection.read() {
///     received += bytes
///     switch parser.parse(received.span) {
///     case .needMore:
///         continue  // and give up after a few seconds, however it trickles in
///     case .header(let header, let length):
///         let client = header.announced?.source ?? connection.peerAddress
///         return try await serve(client, firstBytes: received[length...])
///     case .malformed(let error):
///         log("\(connection.peerAddress): \(error)")
///         return connection.reset()
///     }
/// }
/// ```
///
/// What is received while the parser asks for more never exceeds ``Limits/maximumHeaderBytes``, or 107 bytes of text.
///
/// Whether a header must come is for the configuration to say, never for the bytes (section 5), and whom to believe
/// is for the caller: anybody can send one. A header that is refused is refused for ever: more bytes don't help. Each
/// answer comes with the first byte that makes it certain.
///
/// ## What LOCAL and family UNSPEC hold
///
/// A receiver must accept LOCAL and ignore what it says of families and addresses, but senders disagree on whether
/// addresses are there at all: AWS sends LOCAL with family IPv4, no addresses, and TLVs. So what follows byte 16 is
/// read as TLVs if it is TLVs from there to the end; else, if it is TLVs from behind the address block of its
/// family, as those; else not at all. Family UNSPEC has addresses of unknown length and is read in the same way, with no
/// address block to skip. Neither is ever refused for what stands there, with one exception: a CRC32C that was found
/// must be right (section 2.2.3). TLVs beyond ``Limits/maximumTLVs`` are no TLVs here.
///
/// ## Cost
///
/// No memory is allocated for a header without TLVs, UNIX paths or ignored bytes; those are copied once.
public struct HeaderParser: Sendable {
    /// What a header may cost.
    public struct Limits: Hashable, Sendable {
        /// What version 2's 16-bit length can say at most, the fixed 16 bytes included.
        public static let largestHeaderBytes = 16 + 65_535
        /// The longest version 1 line, with CRLF: no limit on headers can be smaller.
        public static let longestVersion1Line = 107

        /// A version 2 header that is longer is refused, 107 to 65,551. Client certificates (TLV 0x28) need much.
        public let maximumHeaderBytes: Int
        /// A header with more TLVs, those inside SSL counted, is refused.
        public let maximumTLVs: Int
        public let acceptsVersion1: Bool
        public let acceptsVersion2: Bool

        /// Precondition: `maximumHeaderBytes` is in 107...65551, and a version is accepted.
        public init(
            maximumHeaderBytes: Int = 4096,
            maximumTLVs: Int = 64,
            acceptsVersion1: Bool = true,
            acceptsVersion2: Bool = true
        ) {
            precondition((Limits.longestVersion1Line...Limits.largestHeaderBytes).contains(maximumHeaderBytes))
            precondition(acceptsVersion1 || acceptsVersion2)
            self.maximumHeaderBytes = maximumHeaderBytes
            self.maximumTLVs = maximumTLVs
            self.acceptsVersion1 = acceptsVersion1
            self.acceptsVersion2 = acceptsVersion2
        }
    }

    public let limits: Limits

    public init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Parses everything received so far.
    public func parse(_ input: RawSpan) -> HeaderParseResult {
        parse(Span<UInt8>(_bytes: input))
    }

    /// Parses everything received so far.
    public func parse(_ bytes: Span<UInt8>) -> HeaderParseResult {
        guard !bytes.isEmpty else {
            let shortest = limits.acceptsVersion1 ? HeaderParser.shortestVersion1Line : HeaderParser.fixedPartBytes
            return .needMore(atLeast: shortest)
        }
        do throws(Stop) {
            let isText = bytes[0] == HeaderSignature.version1[0]
            let (header, length) = isText ? try parseVersion1(bytes) : try parseVersion2(bytes)
            return .header(header, length: length)
        } catch {
            return switch error {
            case .needMore(let count): .needMore(atLeast: count)
            case .malformed(let malformed): .malformed(malformed)
            }
        }
    }

    /// Why parsing ends without a header.
    enum Stop: Error {
        case needMore(atLeast: Int)
        case malformed(MalformedHeader)

        static func malformed(
            _ reason: MalformedHeader.Reason,
            at offset: Int,
            _ found: MalformedHeader.Found
        ) -> Stop {
            .malformed(MalformedHeader(reason, at: offset, found))
        }
    }
}

/// What the bytes received so far amount to.
public enum HeaderParseResult: Hashable, Sendable {
    /// No header yet: at least so many bytes more are missing, 1 or more, and as many as can be known.
    case needMore(atLeast: Int)
    /// A header, and how many bytes it takes; what follows belongs to the client.
    case header(ProxyHeader, length: Int)
    /// This is no header, and never becomes one.
    case malformed(MalformedHeader)
}
