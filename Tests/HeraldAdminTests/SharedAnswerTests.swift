import HeraldAdmin
import HeraldCore
import LibUV
import NetworkAddress
import Testing

/// Answers that take work or memory, and many who want them.
@Suite struct SharedAnswerTests {
    @Test func whoAsksMeanwhileSharesTheWork() async throws {
        try await withLoop { loop in
            let source = SlowSource()
            try await withEndpoint(loop, pages: [MetricsPage(source, loop: loop)]) { _, address in
                var clients: [Client] = []
                for _ in 0..<20 {
                    let client = try await Client(loop, to: address)
                    client.send("GET /metrics HTTP/1.0\r\n\r\n")
                    clients.append(client)
                }
                await loop.until { source.askedCount == 1 }
                // The others have asked, too, once a later one was answered by another page.
                #expect(try await get(loop, address, "/other").status == 404)
                source.finish()
                for client in clients { #expect(await client.readAll().status == 200) }
                #expect(source.askedCount == 1)
            }
        }
    }

    @Test func whoWaitsWhenAllIsClosedIsLetGo() async throws {
        try await withLoop { loop in
            let source = SlowSource()
            let page = StatusPage(source, loop: loop)
            let first = loop.spawn { _ = await page.answer() }
            await loop.until { source.askedCount == 1 }
            let second = loop.spawn { #expect(await page.answer().status == .serviceUnavailable) }
            await loop.sleep(for: .milliseconds(5))
            await page.close()
            await second.value
            source.finish()
            await first.value
        }
    }

    @Test func aBigReplyComesWhole() async throws {
        let body = String((0..<2_000_000).map { Character(Unicode.Scalar(UInt8(97 + $0 % 23))) })
        try await withLoop { loop in
            try await withEndpoint(loop, pages: [TestPage(body: body)]) { _, address in
                let full = try await get(loop, address, "/page")
                #expect(full.body == body + "\n")
                let head = try await ask(loop, address, "HEAD /page HTTP/1.0\r\n\r\n")
                #expect(head.body.isEmpty)
                #expect(head.fields["content-length"] == full.fields["content-length"])
            }
        }
    }

    /// More than the kernel takes for a client that reads nothing.
    private static let bigBody = [UInt8](repeating: 120, count: 9_000_000)

    @Test func slowReadersOfDifferentRepliesAreBounded() async throws {
        try await withLoop { loop in
            let page = BodyPage { AdminBody(SharedAnswerTests.bigBody) }
            try await withEndpoint(loop, pages: [page, TestPage()]) { endpoint, address in
                let clients = try await self.slowReaders(20, loop, address)
                await loop.until { page.askedCount == clients.count }
                let bound = Limits.maximumAdminHeldBytes / SharedAnswerTests.bigBody.count + 1
                try await self.connections(of: endpoint, become: 1...bound, loop)
                #expect(try await get(loop, address, "/page").status == 200)
                #expect(clients.count == 20)
                // The newest are those who stay, and get all of it.
                if let last = clients.last { #expect(await last.readAll().body.utf8.count == SharedAnswerTests.bigBody.count) }
                for client in clients { client.close() }
                try await becomesEmpty(endpoint, loop)
            }
        }
    }

    @Test func slowReadersOfOneReplyShareIt() async throws {
        let body = AdminBody(SharedAnswerTests.bigBody)
        try await withLoop { loop in
            let page = BodyPage { body }
            try await withEndpoint(loop, pages: [page]) { endpoint, address in
                let clients = try await self.slowReaders(20, loop, address)
                await loop.until { page.askedCount == clients.count }
                #expect(await endpoint.connectionCount == clients.count)
                for client in [clients.first, clients.last].compactMap(\.self) {
                    #expect(await client.readAll().body.utf8.count == SharedAnswerTests.bigBody.count)
                }
                for client in clients { client.close() }
                try await becomesEmpty(endpoint, loop)
            }
        }
    }

    private func slowReaders(_ count: Int, _ loop: EventLoop, _ address: SocketAddress) async throws -> [Client] {
        var clients: [Client] = []
        for _ in 0..<count {
            let client = try await Client(loop, to: address)
            client.send("GET /body HTTP/1.0\r\n\r\n")
            clients.append(client)
        }
        return clients
    }

    private func connections(of endpoint: AdminEndpoint, become range: ClosedRange<Int>, _ loop: EventLoop) async throws {
        for _ in 0..<2000 {
            if range.contains(await endpoint.connectionCount) { return }
            await loop.sleep(for: .milliseconds(1))
        }
        throw TestFailure(description: "\(await endpoint.connectionCount) connections stay")
    }
}

/// Says nothing until it is let.
// Unchecked: touched on its loop alone.
private final class SlowSource: StatusSource, @unchecked Sendable {
    private(set) var askedCount = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    var readiness: ReadinessReport { ReadinessReport(reasons: []) }

    var status: ProxyStatus {
        get async {
            askedCount += 1
            await withCheckedContinuation { waiting.append($0) }
            return .full()
        }
    }

    func finish() {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

// Unchecked: touched on its loop alone.
private final class BodyPage: AdminPage, @unchecked Sendable {
    let path = "/body"
    private(set) var askedCount = 0
    private let body: () -> AdminBody

    init(body: @escaping () -> AdminBody) {
        self.body = body
    }

    func answer() -> AdminAnswer {
        askedCount += 1
        var answer = AdminAnswer.text(.ok, "")
        answer.body = body()
        return answer
    }

    func close() {}
}
