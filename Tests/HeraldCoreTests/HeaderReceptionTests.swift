import HeraldCore
import NetworkAddress
import ProxyProtocol
import Testing

/// Headers as they come from the network.
enum SampleHeader: CaseIterable {
    case version1IPv4, version1IPv6, version1Unknown, version2IPv4, version2IPv6WithTLVs, local, localWithTLVs, empty

    var bytes: [UInt8] {
        get throws {
            switch self {
            case .version1IPv4: Array("PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n".utf8)
            case .version1IPv6: Array("PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n".utf8)
            case .version1Unknown: Array("PROXY UNKNOWN whatever stands here\r\n".utf8)
            case .version2IPv4: try Self.header("203.0.113.7:56324", "198.51.100.1:443").encoded()
            case .version2IPv6WithTLVs:
                try Self.header(
                    "[2001:db8::7]:56324",
                    "[2001:db8::1]:443",
                    tlvs: [TLV(type: .authority, value: "example.org".utf8), TLV(type: .noop, value: [0, 0])],
                    includingChecksum: true
                ).encoded()
            case .local: ProxyHeader.local.encoded()
            // As a load balancer checks its targets: LOCAL with a family, no addresses, and TLVs.
            case .localWithTLVs: Self.signature + [0x20, 0x11, 0x00, 0x05, 0x04, 0x00, 0x02, 0x00, 0x00]
            case .empty: Self.signature + [0x21, 0x00, 0x00, 0x00]
            }
        }
    }

    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    static func header(
        _ source: String,
        _ destination: String,
        tlvs: TLVSequence = [],
        includingChecksum: Bool = false
    ) throws -> ProxyHeader {
        try ProxyHeader(
            version: .v2,
            source: #require(SocketAddress(source)),
            destination: #require(SocketAddress(destination)),
            tlvs: tlvs,
            includingChecksum: includingChecksum
        )
    }
}

extension HeaderReception {
    fileprivate mutating func received(_ bytes: some Sequence<UInt8>) -> Action {
        let bytes = Array(bytes)
        return unsafe received(bytes.span.bytes)
    }
}

@Suite struct HeaderReceptionTests {
    /// What is behind the header is the client's, whatever it looks like.
    private static let payloads: [[UInt8]] = [
        [], [0x0A], Array("GET / HTTP/1.1\r\n\r\n".utf8), Array("PROXY TCP4 1".utf8),
    ]

    /// Feeds pieces until something else than `needMore` is answered; gives that, and how many pieces it took.
    private func feed(
        _ pieces: [ArraySlice<UInt8>],
        parser: HeaderParser = HeaderParser()
    ) -> (action: HeaderReception.Action, count: Int, reception: HeaderReception) {
        var reception = HeaderReception(parser: parser)
        for (index, piece) in pieces.enumerated() {
            let action = reception.received(piece)
            if case .needMore = action {
                #expect(reception.byteCount == pieces[...index].joined().count)
            } else {
                return (action, index + 1, reception)
            }
        }
        return (.needMore, pieces.count, reception)
    }

    /// Checks that the pieces are `expected` and then the payload, of which nothing is lost or doubled.
    private func expect(_ expected: ProxyHeader, payload: [UInt8], in pieces: [ArraySlice<UInt8>]) {
        let (action, count, reception) = feed(pieces)
        guard case .header(let header, let rest) = action else {
            Issue.record("\(pieces.map(\.count)): \(action)")
            return
        }
        #expect(header == expected)
        // What was not fed yet goes the way of all that comes after.
        #expect(rest + pieces[count...].joined() == payload)
        #expect(reception.byteCount == 0)
    }

    private func parsed(_ bytes: [UInt8]) throws -> ProxyHeader {
        guard case .header(let header, let length) = unsafe HeaderParser().parse(bytes.span.bytes) else {
            throw NotAHeader()
        }
        #expect(length == bytes.count)
        return header
    }

    private struct NotAHeader: Error {}

    @Test(arguments: SampleHeader.allCases)
    func aHeaderIsFoundWhereverItIsSplit(sample: SampleHeader) throws {
        let header = try sample.bytes
        let expected = try parsed(header)
        for payload in HeaderReceptionTests.payloads {
            let bytes = header + payload
            expect(expected, payload: payload, in: [bytes[...]])
            for first in 1..<bytes.count {
                expect(expected, payload: payload, in: [bytes[..<first], bytes[first...]])
                for second in first + 1..<max(first + 2, bytes.count) {
                    expect(expected, payload: payload, in: [bytes[..<first], bytes[first..<second], bytes[second...]])
                }
            }
        }
    }

    @Test(arguments: SampleHeader.allCases)
    func singleBytesCostNoMoreQuestionsThanNeeded(sample: SampleHeader) throws {
        let header = try sample.bytes
        var reception = HeaderReception(parser: HeaderParser())
        var questions = 1
        for (index, byte) in header.enumerated() {
            let needed = reception.neededBytes
            let action = reception.received([byte])
            guard index < header.count - 1 else {
                guard case .header(_, let payload) = action else {
                    Issue.record("\(action)")
                    return
                }
                #expect(payload.isEmpty)
                break
            }
            guard case .needMore = action else {
                Issue.record("\(action) at byte \(index)")
                return
            }
            #expect(reception.byteCount == index + 1)
            #expect(reception.neededBytes > index + 1)
            if reception.neededBytes != needed { questions += 1 }
        }
        // Version 2 says early how long it is. Version 1 never does, but cannot end before its shortest form.
        let isVersion2 = header[0] == 0x0D
        #expect(questions <= (isVersion2 ? 3 : header.count - 15 + 2))
    }

    @Test func theLargestHeaderByteByByteIsReadOnce() throws {
        let certificate = TLV(type: TLVType(rawValue: 0xE0), value: [UInt8](repeating: 0x61, count: 65_000))
        let header = try SampleHeader.header("203.0.113.7:1", "198.51.100.1:2", tlvs: [certificate]).encoded()
        let parser = HeaderParser(limits: HeaderParser.Limits(maximumHeaderBytes: 65_551))
        var reception = HeaderReception(parser: parser)
        var questions: Set<Int> = []
        for byte in header.dropLast() {
            guard case .needMore = reception.received([byte]) else {
                Issue.record("answered early")
                return
            }
            questions.insert(reception.neededBytes)
        }
        #expect(questions.count <= 3)
        guard case .header(let found, let payload) = reception.received([header[header.count - 1], 0x21]) else {
            Issue.record("no header")
            return
        }
        #expect(found.tlvs.first(of: certificate.type)?.value.count == 65_000)
        #expect(payload == [0x21])
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n", "\r\n\r\n\0\r\nQUIT\r\n and more of it",
        "PROXY UNKNOWN " + String(repeating: "x", count: 200),
    ])
    func whatIsNoHeaderIsRefusedForTheSameReasonWhereverItIsSplit(text: String) {
        let bytes = Array(text.utf8)
        guard case .malformed(let expected) = unsafe HeaderParser().parse(bytes.span.bytes) else {
            Issue.record("it is a header")
            return
        }
        for split in 1..<bytes.count {
            guard case .malformed(let reason) = feed([bytes[..<split], bytes[split...]]).action else {
                Issue.record("not refused when split at \(split)")
                continue
            }
            #expect(reason.reason == expected.reason)
        }
        guard case .malformed(let reason) = feed(bytes.indices.map { bytes[$0...$0] }).action else {
            Issue.record("not refused byte by byte")
            return
        }
        #expect(reason.reason == expected.reason)
    }

    @Test func aHeaderThatIsTooLongIsRefusedBeforeItIsKept() throws {
        let header = SampleHeader.signature + [0x21, 0x11, 0xFF, 0xFF]
        let (action, count, reception) = feed(header.map { [$0][...] })
        guard case .malformed(let reason) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(reason.reason == .headerTooLong)
        #expect(count == header.count)
        #expect(reception.byteCount <= header.count)
    }

    @Test func randomPiecesMakeNoDifference() throws {
        var random = SplitMix64(seed: 7)
        for _ in 0..<2000 {
            guard let sample = SampleHeader.allCases.randomElement(using: &random),
                let payload = HeaderReceptionTests.payloads.randomElement(using: &random)
            else { return }
            let header = try sample.bytes
            let bytes = header + payload
            var pieces: [ArraySlice<UInt8>] = []
            var start = 0
            while start < bytes.count {
                let end = Int.random(in: start + 1...min(start + 20, bytes.count), using: &random)
                pieces.append(bytes[start..<end])
                start = end
            }
            expect(try parsed(header), payload: payload, in: pieces)
        }
    }
}

@Suite struct SignatureGuardTests {
    private static let version1 = Array("PROXY".utf8)

    /// Feeds pieces until they are decided on; gives the decision, and how many bytes it took.
    private func feed(_ pieces: [ArraySlice<UInt8>]) -> (action: SignatureGuard.Action, count: Int) {
        var guarding = SignatureGuard()
        var count = 0
        for piece in pieces {
            let bytes = Array(piece)
            count += bytes.count
            let action = unsafe guarding.received(bytes.span.bytes)
            if action != .needMore { return (action, count) }
            #expect(guarding.ended().count == count)
        }
        return (.needMore, count)
    }

    @Test(arguments: [version1, SampleHeader.signature])
    func aSignatureIsRefusedWhereverItIsSplit(signature: [UInt8]) {
        for suffix in ["", " TCP4 1.2.3.4", "?"] {
            let bytes = signature + Array(suffix.utf8)
            for split in 0...bytes.count {
                let (action, count) = feed([bytes[..<split], bytes[split...]])
                #expect(action == .refuse)
                #expect(count >= signature.count)
            }
            let (action, count) = feed(bytes.indices.map { bytes[$0...$0] })
            #expect(action == .refuse)
            #expect(count == signature.count)
        }
    }

    @Test(arguments: [version1, SampleHeader.signature])
    func aBeginningIsHeldAndTheNextByteDecides(signature: [UInt8]) {
        for length in 0..<signature.count {
            let beginning = signature[..<length]
            #expect(feed([beginning]).action == .needMore)
            #expect(feed(beginning.indices.map { beginning[$0...$0] }).action == .needMore)
            // One byte that is none of either signature.
            let bytes = beginning + [0xFF]
            #expect(feed([bytes]).action == .forward(Array(bytes)))
            #expect(feed(bytes.indices.map { bytes[$0...$0] }).action == .forward(Array(bytes)))
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "\r\n\r\nGET / HTTP/1.1\r\n", "PROXx", "proxy TCP4", " PROXY", "\r\n\r\n\0\r\nQUIT\r",
        "EHLO example.org\r\n",
    ])
    func whatCannotBecomeASignatureGoesOnWhole(text: String) {
        let bytes = Array(text.utf8)
        for split in 0...bytes.count {
            let (action, count) = feed([bytes[..<split], bytes[split...]])
            #expect(action == .forward(Array(bytes[..<count])))
        }
    }

    @Test func whatIsHeldAtTheEndIsNotLost() {
        var guarding = SignatureGuard()
        #expect(guarding.ended() == [])
        let bytes = Array("PROX".utf8)
        #expect(unsafe guarding.received(bytes.span.bytes) == .needMore)
        #expect(guarding.ended() == bytes)
    }
}
