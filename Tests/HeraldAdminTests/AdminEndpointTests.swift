import HeraldAdmin
import HeraldCore
import LibUV
import NetworkAddress
import Testing

/// What clients of all sorts hear, by real sockets.
@Suite struct AdminEndpointTests {
    @Test func aPageIsToldToWhoeverAsks() async throws {
        try await withLoop { loop in
            try await withEndpoint(loop, pages: [TestPage("/a"), TestPage("/b", body: "ünï")]) { _, address in
                let reply = try await get(loop, address, "/b?x=1")
                #expect(reply.status == 200)
                #expect(reply.body == "ünï\n")
                #expect(reply.fields["content-length"] == "6")
                #expect(reply.fields["content-type"] == "text/plain; charset=utf-8")
                #expect(reply.fields["connection"] == "close")
                #expect(reply.fields["cache-control"] == "no-store")
                #expect(reply.fields["date"]?.hasSuffix(" GMT") == true)
            }
        }
    }

    @Test func headHasTheSameHeadAndNoBody() async throws {
        try await withLoop { loop in
            try await withEndpoint(loop) { _, address in
                var full = try await ask(loop, address, "GET /page HTTP/1.0\r\n\r\n")
                var head = try await ask(loop, address, "HEAD /page HTTP/1.0\r\n\r\n")
                #expect(full.body == "hello\n")
                #expect(head.body.isEmpty)
                (full.body, full.fields["date"], head.fields["date"]) = ("", nil, nil)
                #expect(head == full)
                #expect(try await ask(loop, address, "HEAD /other HTTP/1.0\r\n\r\n").body.isEmpty)
            }
        }
    }

    @Test(arguments: [
        ("GET /other HTTP/1.1\r\nHost: a\r\n\r\n", 404), ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        ("POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", 405), ("GET /page HTTP/1.1\r\n\r\n", 400),
        ("hello\r\n\r\n", 400), ("\u{16}\u{3}\u{1}\u{2}", 400), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ])
    func whatIsNotAnsweredIsRefusedByItsStatus(request: String, status: Int) async throws {
        try await withLoop { loop in
            try await withEndpoint(loop) { _, address in
                let reply = try await ask(loop, address, request)
                #expect(reply.status == status)
                #expect(reply.fields["allow"] == (status == 405 ? "GET, HEAD" : nil))
                #expect(reply.fields["content-length"] == "\(reply.body.utf8.count)")
            }
        }
    }

    @Test func aRequestMayComeByteByByte() async throws {
        try await withLoop { loop in
            try await withEndpoint(loop) { _, address in
                let client = try await Client(loop, to: address)
                for character in "GET /page HTTP/1.0\r\nA: b\r\n" {
                    client.send(String(character))
                    await loop.sleep(for: .milliseconds(1))
                }
                client.send("\r\n")
                #expect(await client.readAll().status == 200)
                #expect(client.ending == .finished)
            }
        }
    }

    @Test func aBodyThatNobodyWantsDoesNotResetTheReply() async throws {
        try await withLoop { loop in
            try await withEndpoint(loop) { _, address in
                let body = String(repeating: "x", count: 50_000)
                let reply = try await ask(
                    loop,
                    address,
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n" + body
                )
                #expect(reply.status == 405)
            }
        }
    }

    @Test func aClientThatIsDoneSendingGetsItsReply() async throws {
        try await withLoop { loop in
            try await withEndpoint(loop) { endpoint, address in
                let whole = try await Client(loop, to: address)
                whole.send("GET /page HTTP/1.0\r\n\r\n")
                whole.finish()
                #expect(await whole.readAll().status == 200)
                let half = try await Client(loop, to: address)
                half.send("GET /page")
                half.finish()
                #expect(await half.readAll().status == 400)
                let silent = try await Client(loop, to: address)
                silent.finish()
                #expect(await silent.readAll().status == 0)
                #expect(silent.ending == .finished)
                try await becomesEmpty(endpoint, loop)
            }
        }
    }

    @Test func aHeadThatDoesNotEndInTimeIsA408() async throws {
        var timeouts = AdminTimeouts()
        timeouts.head = .milliseconds(150)
        try await withLoop { [timeouts] loop in
            try await withEndpoint(loop, timeouts: timeouts) { endpoint, address in
                let silent = try await Client(loop, to: address)
                let slow = try await Client(loop, to: address)
                slow.read()
                // Bytes don't buy time.
                for _ in 0..<100 where slow.bytes.isEmpty {
                    slow.send("G")
                    await loop.sleep(for: .milliseconds(10))
                }
                #expect(await slow.readAll().status == 408)
                #expect(slow.ending == .finished)
                #expect(await silent.readAll().status == 0)
                #expect(silent.bytes.isEmpty)
                #expect(silent.ending == .finished)
                try await becomesEmpty(endpoint, loop)
            }
        }
    }

    @Test func anEndlessHeadIsA431AndComesToAnEnd() async throws {
        try await withLoop { loop in
            try await withEndpoint(loop) { endpoint, address in
                let client = try await Client(loop, to: address)
                client.read()
                client.send("GET /page HTTP/1.1\r\n")
                for _ in 0..<2000 where client.ending == nil {
                    client.send("X-\(String(repeating: "y", count: 500)): z\r\n")
                    await loop.sleep(for: .milliseconds(1))
                }
                #expect(Reply(client.bytes).status == 431)
                #expect(client.ending != nil)
                client.close()
                try await becomesEmpty(endpoint, loop)
            }
        }
    }

    @Test func aClientThatDoesNotTakeItsReplyIsLetGo() async throws {
        var timeouts = AdminTimeouts()
        timeouts.reply = .milliseconds(150)
        let page = TestPage(body: String(repeating: "x", count: 8_000_000))
        try await withLoop { [timeouts] loop in
            try await withEndpoint(loop, pages: [page], timeouts: timeouts) { endpoint, address in
                let client = try await Client(loop, to: address)
                client.send("GET /page HTTP/1.0\r\n\r\n")
                await loop.sleep(for: .milliseconds(50))
                #expect(await endpoint.connectionCount == 1)
                try await becomesEmpty(endpoint, loop)
                client.close()
            }
        }
    }

    @Test func aClientThatStaysAfterItsReplyIsLetGo() async throws {
        var timeouts = AdminTimeouts()
        timeouts.farewell = .milliseconds(50)
        try await withLoop { [timeouts] loop in
            try await withEndpoint(loop, timeouts: timeouts) { endpoint, address in
                let client = try await Client(loop, to: address)
                client.send("GET /page HTTP/1.0\r\n\r\n")
                client.read()
                await loop.until { client.ending != nil }
                #expect(client.ending == .finished)
                try await becomesEmpty(endpoint, loop)
                client.close()
            }
        }
    }

    @Test func theAddressAndTheReasonAreNamedWhereItCanNotBeHad() async throws {
        try await withLoop { loop in
            try await withEndpoint(loop) { _, address in
                let second = AdminEndpoint(loop: loop, pages: [])
                let error = await #expect(throws: AdminBindFailure.self) { try await second.open(address) }
                #expect(error?.description.contains("\(address)") == true)
                #expect(error?.description.contains("another process listens there already") == true)
            }
        }
    }

    @Test func itCanBeClosedWhileAPageIsAtWork() async throws {
        try await withLoop { loop in
            let page = TestPage(isHeld: true)
            let endpoint = AdminEndpoint(loop: loop, pages: [page])
            let address = try await endpoint.open(.anyPort)
            let client = try await Client(loop, to: address)
            client.send("GET /page HTTP/1.0\r\n\r\n")
            await loop.until { page.waitingCount == 1 }
            await endpoint.close()
            #expect(await client.readAll().status == 0)
            await #expect(throws: UVError.connectionRefused) { try await Client(loop, to: address) }
        }
    }
}

/// Waits until every connection is gone.
func becomesEmpty(_ endpoint: AdminEndpoint, _ loop: EventLoop) async throws {
    for _ in 0..<2000 {
        if await endpoint.connectionCount == 0 { return }
        await loop.sleep(for: .milliseconds(1))
    }
    throw TestFailure(description: "connections stay open")
}
