import Glibc
import ProxyProtocol

/// `ParserBench HEADER COUNT` reads a header COUNT times, each time from another port, and prints the nanoseconds it took.
@main
struct ParserBench {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let header = headers[arguments[1]], let count = Int(arguments[2]), count > 0 else {
            print("expected one of \(headers.keys.sorted().joined(separator: ", ")), and how often")
            exit(2)
        }
        guard let duration = measure(header, count: count) else {
            print("refused: \(arguments[1])")
            exit(1)
        }
        print(Int(duration / .nanoseconds(1)))
    }

    /// Nil where the header is refused.
    private static func measure(_ header: Header, count: Int) -> Duration? {
        let parser = HeaderParser()
        var bytes = header.bytes
        let clock = ContinuousClock()
        let began = clock.now
        for number in 0..<count {
            bytes[header.portOffset] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10)
            guard case .header(_, bytes.count) = parser.parse(bytes.span) else { return nil }
        }
        return clock.now - began
    }
}

private struct Header {
    let bytes: [UInt8]
    /// Of a byte of the port that may have any digit for its value.
    let portOffset: Int
}

private let headers: [String: Header] = {
    let line = Array("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n".utf8)
    let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    let addresses: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0x01, 0xBB]
    let endpoint: [UInt8] = [1] + Array("vpce-08d2bf15fac5001c9".utf8)
    let tlv: [UInt8] = [0xEA, 0, UInt8(endpoint.count)] + endpoint
    return [
        "v1": Header(bytes: line, portOffset: line.count - 3),
        "v2": Header(bytes: signature + [0x21, 0x11, 0, 12] + addresses, portOffset: 27),
        "v2-aws": Header(bytes: signature + [0x21, 0x11, 0, UInt8(12 + tlv.count)] + addresses + tlv, portOffset: 27),
    ]
}()
