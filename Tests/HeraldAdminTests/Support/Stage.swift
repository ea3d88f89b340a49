import HeraldAdmin
import HeraldCore
import LibUV
import NetworkAddress

/// A page that says the same to everybody, once it is let.
// Unchecked: touched on its loop alone.
final class TestPage: AdminPage, @unchecked Sendable {
    let path: String
    private let body: String
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var isHeld: Bool

    init(_ path: String = "/page", body: String = "hello", isHeld: Bool = false) {
        self.path = path
        self.body = body
        self.isHeld = isHeld
    }

    var waitingCount: Int { waiting.count }

    func answer() async -> AdminAnswer {
        if isHeld { await withCheckedContinuation { waiting.append($0) } }
        return .text(.ok, body)
    }

    func close() {
        isHeld = false
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

/// Opens an endpoint, and closes it when `body` is done.
func withEndpoint(
    _ loop: EventLoop,
    pages: [any AdminPage] = [TestPage()],
    timeouts: AdminTimeouts = AdminTimeouts(),
    _ body: (AdminEndpoint, SocketAddress) async throws -> Void
) async throws {
    let endpoint = AdminEndpoint(loop: loop, pages: pages, timeouts: timeouts)
    let address = try await endpoint.open(.anyPort)
    do {
        try await body(endpoint, address)
    } catch {
        await endpoint.close()
        throw error
    }
    await endpoint.close()
}

/// Sends a request and takes the reply, which must end with a FIN.
func ask(_ loop: EventLoop, _ address: SocketAddress, _ request: String) async throws -> Reply {
    let client = try await Client(loop, to: address)
    client.send(request)
    let reply = await client.readAll()
    if client.ending != .finished { throw TestFailure(description: "ended with \(String(describing: client.ending))") }
    return reply
}

/// A GET of one path.
func get(_ loop: EventLoop, _ address: SocketAddress, _ path: String) async throws -> Reply {
    try await ask(loop, address, "GET \(path) HTTP/1.1\r\nHost: herald\r\n\r\n")
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
}
