import HeraldCore
import NetworkAddress
import ProxyProtocol
import Testing

@Suite struct HeaderAnnouncementTests {
    private func endpoints(_ source: String, _ destination: String) throws -> HeaderAnnouncement.Endpoints {
        try (#require(SocketAddress(source)), #require(SocketAddress(destination)))
    }

    private func bytes(_ announcement: HeaderAnnouncement) -> [UInt8] {
        // An output span over raw memory has no other origin; it does not outlive the closure that lends the memory.
        unsafe [UInt8](unsafeUninitializedCapacity: announcement.length) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            var output = unsafe OutputRawSpan(buffer: raw, initializedCount: 0)
            announcement.write(to: &output)
            count = unsafe output.finalize(for: raw)
        }
    }

    /// Reads an announcement back; nil where it is none.
    private func reread(_ announcement: HeaderAnnouncement) -> ProxyHeader? {
        let bytes = bytes(announcement)
        #expect(bytes.count == announcement.length)
        let parser = HeaderParser(limits: HeaderParser.Limits(maximumHeaderBytes: 65_551, maximumTLVs: 30_000))
        guard case .header(let header, let length) = unsafe parser.parse(bytes.span.bytes) else { return nil }
        #expect(length == bytes.count)
        return header
    }

    private func options(
        checksum: Bool = false,
        passing: Set<UInt8> = [],
        adding: [(UInt8, [UInt8])] = []
    ) -> Announcement {
        var options = Version2Options()
        options.hasChecksum = checksum
        options.passedTypes = passing
        options.addedTLVs = adding.map { Version2Options.AddedTLV(type: $0, value: $1) }
        return .version2(options)
    }

    @Test func aServerWithoutAnnouncementIsSentNothing() throws {
        let announcement = HeaderAnnouncement(.none, endpoints: endpointsThatNobodyAsksFor(), received: nil)
        #expect(announcement.length == 0)
        #expect(bytes(announcement) == [])
        #expect(try HeaderAnnouncement.check(.none, endpoints: endpoints("192.0.2.1:1", "192.0.2.2:2")).length == 0)
    }

    private func endpointsThatNobodyAsksFor() -> HeaderAnnouncement.Endpoints {
        Issue.record("asked for")
        let address = SocketAddress(.v4(IPv4Address(0, 0, 0, 0)), port: 0)
        return (address, address)
    }

    @Test(arguments: [
        ("192.0.2.1:56324", "198.51.100.7:443", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"),
        ("[2001:db8::1]:1", "[2001:db8::2]:2", "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"),
        // The client of a dual-stack socket, and one of each family.
        ("[::ffff:192.0.2.1]:1", "[::ffff:198.51.100.7]:2", "PROXY TCP4 192.0.2.1 198.51.100.7 1 2\r\n"),
        ("192.0.2.1:1", "[2001:db8::2]:2", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n"),
    ])
    func version1(source: String, destination: String, line: String) throws {
        let endpoints = try endpoints(source, destination)
        let announcement = HeaderAnnouncement(.version1, endpoints: endpoints, received: nil)
        #expect(bytes(announcement) == Array(line.utf8))
        #expect(announcement.length == line.utf8.count)
    }

    @Test func version2IsTheBytesOfTheSpecification() throws {
        let endpoints = try endpoints("192.0.2.1:56324", "198.51.100.7:443")
        let announcement = HeaderAnnouncement(options(), endpoints: endpoints, received: nil)
        #expect(
            bytes(announcement) == SampleHeader.signature + [
                0x21, 0x11, 0x00, 0x0C, 192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0x01, 0xBB,
            ]
        )
    }

    @Test(arguments: [
        ("192.0.2.1:56324", "198.51.100.7:443", "192.0.2.1:56324", "198.51.100.7:443"),
        ("[2001:db8::1]:1", "[2001:db8::2]:2", "[2001:db8::1]:1", "[2001:db8::2]:2"),
        ("[::ffff:192.0.2.1]:1", "[::ffff:198.51.100.7]:2", "192.0.2.1:1", "198.51.100.7:2"),
        ("192.0.2.1:1", "[2001:db8::2]:2", "[::ffff:192.0.2.1]:1", "[2001:db8::2]:2"),
    ])
    func version2AnnouncesBothEnds(
        source: String,
        destination: String,
        toldSource: String,
        toldDestination: String
    ) throws {
        for checksum in [false, true] {
            let endpoints = try endpoints(source, destination)
            let announcement = HeaderAnnouncement(options(checksum: checksum), endpoints: endpoints, received: nil)
            let header = try #require(reread(announcement))
            let announced = try #require(header.announced)
            #expect(try announced == self.endpoints(toldSource, toldDestination))
            #expect(header.checksum == (checksum ? .valid : .absent))
            #expect(header.tlvs.count == (checksum ? 1 : 0))
        }
    }

    @Test func theReceivedTLVsThatAreAskedForGoOnAndNoOthers() throws {
        let received = try SampleHeader.header(
            "203.0.113.7:1",
            "203.0.113.8:2",
            tlvs: [
                TLV(type: .authority, value: "example.org".utf8), TLV(type: TLVType(rawValue: 0xEA), value: [1, 2, 3]),
                TLV(type: TLVType(rawValue: 0xE5), value: []), TLV(type: TLVType(rawValue: 0xEA), value: [4]),
            ],
            includingChecksum: true
        )
        let endpoints = try endpoints("192.0.2.1:1", "192.0.2.2:2")
        let passing = options(checksum: true, passing: [0x02, 0xEA], adding: [(0xE1, [9]), (0xE0, [])])
        let told = try #require(reread(HeaderAnnouncement(passing, endpoints: endpoints, received: received)))
        #expect(told.tlvs.dropFirst().map(\.type.rawValue) == [0x02, 0xEA, 0xEA, 0xE1, 0xE0])
        #expect(told.tlvs.dropFirst().map { Array($0.value) } == [Array("example.org".utf8), [1, 2, 3], [4], [9], []])
        // The checksum is a new one, and right.
        #expect(told.checksum == .valid)

        let plain = try #require(reread(HeaderAnnouncement(options(), endpoints: endpoints, received: received)))
        #expect(plain.tlvs.isEmpty)
        let alone = try #require(reread(HeaderAnnouncement(passing, endpoints: endpoints, received: nil)))
        #expect(alone.tlvs.dropFirst().map(\.type.rawValue) == [0xE1, 0xE0])
    }

    @Test func anAddedTLVTakesThePlaceOfAReceivedOne() throws {
        let received = try SampleHeader.header(
            "203.0.113.7:1",
            "203.0.113.8:2",
            tlvs: [TLV(type: .authority, value: "theirs".utf8), TLV(type: TLVType(rawValue: 0xE5), value: [5])]
        )
        let both = options(passing: [0x02, 0xE5], adding: [(0x02, Array("ours".utf8))])
        let endpoints = try endpoints("192.0.2.1:1", "192.0.2.2:2")
        let told = try #require(reread(HeaderAnnouncement(both, endpoints: endpoints, received: received)))
        #expect(told.tlvs.map(\.type.rawValue) == [0xE5, 0x02])
        #expect(told.tlvs.first(of: .authority).map { Array($0.value) } == Array("ours".utf8))
    }

    @Test func aReceivedChecksumIsNeverPassedOn() throws {
        let received = try SampleHeader.header("203.0.113.7:1", "203.0.113.8:2", includingChecksum: true)
        let endpoints = try endpoints("192.0.2.1:1", "192.0.2.2:2")
        let passing = options(passing: [0x03])
        let told = try #require(reread(HeaderAnnouncement(passing, endpoints: endpoints, received: received)))
        #expect(told.checksum == .absent)
    }

    /// A header that is as long as the format allows, of IPv4; told as IPv6, it would be longer.
    @Test func whatLeavesNoRoomIsLeftOutAndTheClientIsTold() throws {
        let filling = TLV(type: TLVType(rawValue: 0xE5), value: [UInt8](repeating: 0x61, count: 65_535 - 12 - 3))
        let received = try SampleHeader.header("203.0.113.7:1", "203.0.113.8:2", tlvs: [filling])
        #expect(received.encodedLength == 65_551)
        let ipv4 = try endpoints("192.0.2.1:1", "192.0.2.2:2")
        let ipv6 = try endpoints("[2001:db8::1]:1", "[2001:db8::2]:2")

        let exact = HeaderAnnouncement(options(passing: [0xE5]), endpoints: ipv4, received: received)
        #expect(exact.length == 65_551)
        #expect(try #require(reread(exact)).tlvs.count == 1)

        // What is added counts for more than what came in, and the client for more than either.
        let cases: [(Announcement, HeaderAnnouncement.Endpoints, [UInt8])] = [
            (options(passing: [0xE5]), ipv6, []),
            (options(checksum: true, passing: [0xE5]), ipv4, [0x03]),
            (options(passing: [0xE5], adding: [(0xE1, [1])]), ipv4, [0xE1]),
            (options(adding: [(0xE1, Array(filling.value)), (0xE2, [1])]), ipv4, []),
        ]
        for (announcement, endpoints, types) in cases {
            let told = try #require(reread(HeaderAnnouncement(announcement, endpoints: endpoints, received: received)))
            let announced = try #require(told.announced)
            #expect(announced == endpoints)
            #expect(told.tlvs.map(\.type.rawValue) == types)
        }
    }

    @Test func aHealthCheckSpeaksForItself() throws {
        let own = try endpoints("192.0.2.1:1", "192.0.2.2:2")
        let local = HeaderAnnouncement.check(options(checksum: true, adding: [(0xE1, [1])]), endpoints: own)
        #expect(bytes(local) == SampleHeader.signature + [0x20, 0x00, 0x00, 0x00])
        let version1 = HeaderAnnouncement.check(.version1, endpoints: own)
        #expect(bytes(version1) == Array("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".utf8))
    }
}
