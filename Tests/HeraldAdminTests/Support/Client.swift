import LibUV
import NetworkAddress
import Testing

extension SocketAddress {
    /// A free port, chosen by the kernel.
    static let anyPort = SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: 0)
}

/// A client of the endpoint, on a loop.
// Unchecked: touched on its loop alone.
final class Client: StreamReader, @unchecked Sendable {
    enum Ending: Equatable {
        /// By a FIN.
        case finished
        case failed(UVError)
    }

    private let stream: TCPStream
    private(set) var bytes: [UInt8] = []
    private(set) var ending: Ending?

    init(_ loop: EventLoop, to address: SocketAddress) async throws {
        stream = TCPStream(loop: loop)
        let error = await withCheckedContinuation { continuation in
            stream.connect(to: address) { continuation.resume(returning: $0) }
        }
        if let error {
            stream.close()
            throw error
        }
    }

    /// Sends as the peer takes it; nobody waits.
    func send(_ text: String) {
        stream.write(held: Array(text.utf8).rawSpan) { _ in }
    }

    /// Sends a FIN.
    func finish() {
        stream.endWriting()
    }

    func close() {
        stream.close()
    }

    /// Sends a RST.
    func reset() {
        stream.reset()
    }

    /// Takes what comes from now on.
    func read() {
        stream.startReading(self)
    }

    /// All that comes until the end.
    func readAll() async -> Reply {
        read()
        await stream.loop.until { self.ending != nil }
        stream.close()
        return Reply(bytes)
    }

    func stream(_ stream: TCPStream, didRead bytes: RawSpan) {
        let bytes = Span<UInt8>(_bytes: bytes)
        for index in bytes.indices { self.bytes.append(bytes[index]) }
    }

    func streamDidEnd(_ stream: TCPStream) {
        ending = .finished
    }

    func stream(_ stream: TCPStream, didFail error: UVError) {
        ending = .failed(error)
    }
}

/// A reply, taken apart.
struct Reply: Equatable {
    var status = 0
    var fields: [String: String] = [:]
    var body = ""

    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return }
        body = String(text[end.upperBound...])
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        status = Int(lines[0].split(separator: " ")[1]) ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0].lowercased()] = parts.count == 2 ? String(parts[1].dropFirst()) : ""
        }
    }
}
