import Foundation
import NetworkAddress
import Testing

/// `decode`: a capture in, what it says out.
@Suite("Decode", .onStage)
struct DecodeCommandTests {
    static let source: SocketAddress = "203.0.113.5:51234"
    static let destination: SocketAddress = "198.51.100.7:443"

    private struct Decoded: Decodable {
        struct Endpoint: Decodable, Equatable {
            var address: String
            var port: Int
        }

        struct TLV: Decodable {
            var type: String
            var name: String?
            var length: Int
            var hex: String
            var text: String?
        }

        var version: Int
        var command: String
        var family: String
        var transport: String
        var source: Endpoint?
        var destination: Endpoint?
        var headerLength: Int
        var tlvs: [TLV]
        var crc32c: String
    }

    @Test(arguments: [1, 2])
    func aWholeHeaderIsTold(version: Int) throws {
        let header =
            version == 1
            ? ProxyHeader.v1(Self.source, Self.destination) : ProxyHeader.v2(Self.source, Self.destination)
        // What comes after the header is no matter.
        let decode = try Herald.command("decode", input: header + Array("GET / HTTP/1.1\r\n".utf8))
        #expect(decode.poll() == .code(0))
        let decoded = try JSONDecoder().decode(Decoded.self, from: Data(decode.output.utf8))
        #expect(decoded.version == version)
        #expect(decoded.command == "proxy")
        #expect(decoded.source == .init(address: "203.0.113.5", port: 51234))
        #expect(decoded.destination == .init(address: "198.51.100.7", port: 443))
        #expect(decoded.headerLength == header.count)
        #expect(decoded.tlvs.isEmpty)
        #expect(decoded.crc32c == "absent")
    }

    @Test func aLoadBalancersHeaderIsToldWithItsTLVs() throws {
        let header = ProxyHeader.networkLoadBalancer(Self.source, Self.destination)
        let hex = header.map { String(format: "%02x", $0) }.joined()
        let decode = try Herald.command("decode", "--hex", input: Array(hex.utf8))
        #expect(decode.poll() == .code(0))
        #expect(decode.output.contains("vpce-08d2bf15fac5001c9"))
        let decoded = try JSONDecoder().decode(Decoded.self, from: Data(decode.output.utf8))
        #expect(decoded.crc32c == "valid")
        #expect(decoded.tlvs.map { $0.type.lowercased() } == ["0xea", "0x03"])
        #expect(decoded.tlvs.map(\.length) == [23, 4])
    }

    @Test func aHealthCheckTellsNoAddresses() throws {
        let decode = try Herald.command("decode", input: ProxyHeader.networkLoadBalancerCheck)
        #expect(decode.poll() == .code(0))
        let decoded = try JSONDecoder().decode(Decoded.self, from: Data(decode.output.utf8))
        #expect(decoded.command == "local")
        #expect(decoded.source == nil)
        #expect(decoded.destination == nil)
        #expect(decoded.headerLength == 100)
        #expect(decoded.crc32c == "valid")
    }

    @Test(arguments: [("</tmp", "illegal operation on a directory"), ("<&-", "bad file descriptor")])
    func inputThatCanNotBeReadIsNoShortHeader(redirection: String, reason: String) throws {
        let decode = try run(["sh", "-c", "exec \"$@\" \(redirection)", "sh", Herald.binary, "decode"])
        #expect(decode.poll() == .code(1))
        #expect(decode.errors == "herald: standard input can't be read: \(reason)\n")
        #expect(decode.output.isEmpty)
    }

    @Test func inputHasALimit() throws {
        let header = ProxyHeader.v1(Self.source, Self.destination)
        for (length, code) in [(1 << 20, Int32(0)), ((1 << 20) + 1, 1)] {
            let input = header + [UInt8](repeating: 0, count: length - header.count)
            let decode = try Herald.command("decode", input: input)
            #expect(decode.poll() == .code(code))
        }
    }

    @Test func anInvalidHeaderIsToldApartFromAnUnfinishedOne() throws {
        var broken = ProxyHeader.networkLoadBalancer(Self.source, Self.destination)
        broken[17] ^= 1
        for input in [Array("GET / HTTP/1.1\r\n".utf8), broken] {
            let decode = try Herald.command("decode", input: input)
            #expect(decode.poll() == .code(1))
            #expect(decode.output.isEmpty)
            #expect(decode.errors.split(separator: "\n").count == 1)
        }
        for input in [Array(ProxyHeader.v2(Self.source, Self.destination).dropLast()), Array("PROXY TC".utf8), []] {
            let decode = try Herald.command("decode", input: input)
            #expect(decode.poll() == .code(2))
            #expect(decode.output.isEmpty)
            #expect(decode.errors.split(separator: "\n").count == 1)
        }
    }
}
