import HeraldAdmin
import HeraldCore
import LibUV
import NetworkAddress
import Testing

/// Clients that come in numbers, and mean no good.
@Suite(.serialized) struct CrowdTests {
    @Test(arguments: ["", "GET /page HTTP/1.1\r\nX: ", "GET /page HTTP/1.0\r\n\r\n", "\r\n"])
    func aThousandConnectionsDoNotStopAGoodPoll(each: String) async throws {
        _ = SystemInformation.raiseOpenFileLimit()
        try await withLoop { loop in
            try await withEndpoint(loop) { endpoint, address in
                var crowd: [Client] = []
                for number in 1...1000 {
                    let client = try await Client(loop, to: address)
                    if !each.isEmpty { client.send(each) }
                    crowd.append(client)
                    if number.isMultiple(of: 100) {
                        let began = loop.now
                        #expect(try await get(loop, address, "/page").status == 200)
                        #expect(loop.now - began < 1000)
                    }
                }
                #expect(await endpoint.connectionCount <= Limits.maximumAdminConnections)
                for client in crowd { client.close() }
                try await becomesEmpty(endpoint, loop)
            }
        }
    }

    /// A page that takes its time keeps its clients' places; what comes beyond is turned away.
    @Test func clientsWhosePageIsAtWorkKeepTheirPlace() async throws {
        try await withLoop { loop in
            let page = TestPage(isHeld: true)
            try await withEndpoint(loop, pages: [page]) { endpoint, address in
                var crowd: [Client] = []
                for _ in 0..<Limits.maximumAdminConnections {
                    let client = try await Client(loop, to: address)
                    client.send("GET /page HTTP/1.0\r\n\r\n")
                    crowd.append(client)
                }
                await loop.until { page.waitingCount == Limits.maximumAdminConnections }
                // The reset may come before the client has noticed that it is connected.
                if let late = try? await Client(loop, to: address) {
                    late.send("GET /page HTTP/1.0\r\n\r\n")
                    #expect(await late.readAll().status == 0)
                }
                #expect(page.waitingCount == Limits.maximumAdminConnections)
                page.close()
                for client in crowd { #expect(await client.readAll().status == 200) }
                try await becomesEmpty(endpoint, loop)
            }
        }
    }

    /// Work does not pile up for clients that are gone.
    @Test func answersForClientsThatAreGoneCountToo() async throws {
        try await withLoop { loop in
            let page = TestPage(isHeld: true)
            try await withEndpoint(loop, pages: [page]) { endpoint, address in
                for _ in 0..<2 * Limits.maximumAdminConnections {
                    let client = try await Client(loop, to: address)
                    client.send("GET /page HTTP/1.0\r\n\r\n")
                    // Closed with the reply unread, or before it, whichever comes first.
                    await loop.sleep(for: .milliseconds(1))
                    client.reset()
                    try await becomesEmpty(endpoint, loop)
                }
                #expect(page.waitingCount == Limits.maximumAdminConnections)
                #expect(try await get(loop, address, "/page").status == 503)
                #expect(try await get(loop, address, "/other").status == 404)
                page.close()
            }
        }
    }
}
