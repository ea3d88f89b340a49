import LibUV
import NetworkAddress
import Testing

/// A real name server (dnsmasq), and sockets that behave as none should.
@Suite struct NameClientTests {
    @Test func bothFamiliesAreFound() async throws {
        try await withLoop { loop in
            let server = try await NameServer(
                hosts: ["192.0.2.1 web.test", "192.0.2.2 web.test", "2001:db8::1 web.test"],
                on: loop
            )
            defer { server.stop() }
            try await withClient(loop, server.address) { client in
                let found = await client.addresses(of: "web.test", families: [.ipv4, .ipv6])
                #expect(found.texts(.ipv4) == ["192.0.2.1", "192.0.2.2"])
                #expect(found.texts(.ipv6) == ["2001:db8::1"])
                loop.checkThread()
                let one = await client.addresses(of: "web.test", families: [.ipv6])
                #expect(Array(one.keys) == [.ipv6])
            }
        }
    }

    @Test func aNameServerOnIPv6IsAsked() async throws {
        try await withLoop { loop in
            // Nobody listens there: only the way of writing it is looked at.
            let address = SocketAddress(.v6(IPv6Address(high: 0, low: 1)), port: 1)
            try await withClient(loop, address) { client in
                let found = await client.addresses(of: "web.test", families: [.ipv4])
                #expect(found == [.ipv4: .failure(.unable)])
            }
        }
    }

    @Test func servicesHavePortsAndWeights() async throws {
        try await withLoop { loop in
            let server = try await NameServer(
                [
                    "srv-host=_http._tcp.web.test,a.test,8080,10,5", "srv-host=_http._tcp.web.test,b.test,8081,20,0",
                ],
                on: loop
            )
            defer { server.stop() }
            try await withClient(loop, server.address) { client in
                let services = try await client.services(of: "_http._tcp.web.test")
                #expect(
                    Set(services) == [
                        ServiceRecord(priority: 10, weight: 5, port: 8080, target: "a.test"),
                        ServiceRecord(priority: 20, weight: 0, port: 8081, target: "b.test"),
                    ]
                )
                await #expect(throws: NameFailure.noSuchName) { try await client.services(of: "_none._tcp.test") }
            }
        }
    }

    @Test func whatIsNotThereIsToldFromNoAnswer() async throws {
        try await withLoop { loop in
            let server = try await NameServer(hosts: ["192.0.2.1 web.test"], on: loop)
            defer { server.stop() }
            try await withClient(loop, server.address) { client in
                let found = await client.addresses(of: "web.test", families: [.ipv4, .ipv6])
                #expect(found.texts(.ipv4) == ["192.0.2.1"])
                #expect(found[.ipv6] == .failure(.noRecords))
                let none = await client.addresses(of: "nobody.test", families: [.ipv4, .ipv6])
                #expect(none == [.ipv4: .failure(.noSuchName), .ipv6: .failure(.noSuchName)])
                // dnsmasq has nobody to ask about this one, and refuses.
                let refused = await client.addresses(of: "web.example", families: [.ipv4])
                #expect(refused == [.ipv4: .failure(.unable)])
            }
        }
    }

    /// 32 KB of addresses, which no datagram holds.
    @Test func aLongAnswerComesByTCPAndIsBounded() async throws {
        try await withLoop { loop in
            let server = try await NameServer(
                hosts: (0..<2000).map { "10.0.\($0 / 256).\($0 % 256) many.test" },
                on: loop
            )
            defer { server.stop() }
            try await withClient(loop, server.address) { client in
                let found = await client.addresses(of: "many.test", families: [.ipv4])
                #expect(Set(found.texts(.ipv4)).count == 2000)
            }
            try await withClient(loop, server.address, maximumRecords: 100) { client in
                let found = await client.addresses(of: "many.test", families: [.ipv4])
                #expect(Set(found.texts(.ipv4)).count == 100)
            }
        }
    }

    @Test func aSilentNameServerIsNoAnswer() async throws {
        try await withLoop { loop in
            let silent = try DatagramSocket()
            try await withClient(loop, silent.address, timeout: .milliseconds(50), attempts: 2) { client in
                let found = await client.addresses(of: "web.test", families: [.ipv4, .ipv6])
                #expect(found == [.ipv4: .failure(.noAnswer), .ipv6: .failure(.noAnswer)])
            }
        }
    }

    @Test func anotherNameServerIsAskedWhereOneIsSilent() async throws {
        try await withLoop { loop in
            let silent = try DatagramSocket()
            let server = try await NameServer(hosts: ["192.0.2.1 web.test"], on: loop)
            defer { server.stop() }
            let client = try NameClient(
                loop: loop,
                nameservers: [silent.address, server.address],
                timeout: .seconds(1),
                attempts: 1,
                maximumRecords: 10
            )
            let found = await client.addresses(of: "web.test", families: [.ipv4])
            #expect(found.texts(.ipv4) == ["192.0.2.1"])
            client.close()
        }
    }

    @Test func askingAgainGetsThroughALoss() async throws {
        try await withLoop { loop in
            let count = Counter()
            let (socket, thread) = try answering { question in
                count.add()
                return count.value == 1 ? [] : [answer(to: question, address: [192, 0, 2, 9])]
            }
            try await withClient(loop, socket.address, timeout: .seconds(1), attempts: 3) { client in
                let found = await client.addresses(of: "web.test", families: [.ipv4])
                #expect(found.texts(.ipv4) == ["192.0.2.9"])
            }
            try socket.stopAnswering()
            thread.join()
            #expect(count.value == 2)
        }
    }

    /// Answers to nobody's question are passed over; those to this one that make no sense are an error.
    @Test func garbageIsNeitherBelievedNorWaitedForLongerThanTheTimeout() async throws {
        try await withLoop { loop in
            var random = SystemRandomNumberGenerator()
            let noise = (0..<200).map { _ in
                (0..<Int.random(in: 1...600, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            let (socket, thread) = try answering { _ in noise }
            try await withClient(loop, socket.address, timeout: .milliseconds(100), attempts: 2) { client in
                let found = await client.addresses(of: "web.test", families: [.ipv4, .ipv6])
                #expect(found.count == 2)
                for (family, result) in found { #expect((try? result.get()) == nil, "\(family)") }
            }
            try socket.stopAnswering()
            thread.join()
        }
    }

    @Test func everyCutOfAnAnswerIsAnErrorOrNothing() async throws {
        try await withLoop { loop in
            for cut in stride(from: 13, to: 60, by: 1) {
                let (socket, thread) = try answering { question in
                    let whole = answer(to: question, address: [192, 0, 2, 9])
                    return [Array(whole.prefix(cut < whole.count ? cut : whole.count - 1))]
                }
                try await withClient(loop, socket.address, timeout: .milliseconds(20), attempts: 1) { client in
                    let found = await client.addresses(of: "web.test", families: [.ipv4])
                    #expect((try? found[.ipv4]?.get()) == nil, "cut at \(cut)")
                    await #expect(throws: NameFailure.self) { try await client.services(of: "web.test") }
                }
                try socket.stopAnswering()
                thread.join()
            }
        }
    }

    /// The datagram says that there is more by TCP, and nobody listens there.
    @Test func aTruncatedAnswerWithoutMoreIsAnError() async throws {
        try await withLoop { loop in
            let (socket, thread) = try answering { question in
                var cut = answer(to: question, address: [192, 0, 2, 9])
                cut[2] |= 0x02
                return [cut]
            }
            try await withClient(loop, socket.address, timeout: .seconds(1), attempts: 2) { client in
                let found = await client.addresses(of: "web.test", families: [.ipv4])
                #expect(found == [.ipv4: .failure(.unable)])
            }
            try socket.stopAnswering()
            thread.join()
        }
    }

    @Test func aNameThatCannotBeIsAnErrorAtOnce() async throws {
        try await withLoop { loop in
            let silent = try DatagramSocket()
            try await withClient(loop, silent.address) { client in
                for name in ["a..b", String(repeating: "a", count: 64) + ".test", String(repeating: "a.", count: 2000)]
                {
                    let found = await client.addresses(of: name, families: [.ipv4])
                    #expect(found == [.ipv4: .failure(.badName)], "\(name.prefix(20))")
                }
            }
        }
    }

    @Test func theHostsFileComesFirstWithoutNameServersOfOnesOwn() async throws {
        try await withLoop { loop in
            let client = try NameClient(loop: loop, timeout: .milliseconds(50), attempts: 1, maximumRecords: 10)
            let found = await client.addresses(of: "localhost", families: [.ipv4, .ipv6])
            #expect(found.texts(.ipv4).contains("127.0.0.1"))
            client.close()
        }
    }

    @Test func cancellationEndsALookUpAtOnce() async throws {
        try await withLoop { loop in
            let silent = try DatagramSocket()
            try await withClient(loop, silent.address, timeout: .seconds(3600)) { client in
                let task = Task(executorPreference: loop) {
                    await client.addresses(of: "web.test", families: [.ipv4, .ipv6])
                }
                await loop.sleep(for: .milliseconds(10))
                task.cancel()
                #expect(await task.value == [.ipv4: .failure(.canceled), .ipv6: .failure(.canceled)])
                // And so does one that begins in a cancelled task.
                let late = Task(executorPreference: loop) {
                    await loop.until { Task.isCancelled }
                    return await client.addresses(of: "web.test", families: [.ipv4])
                }
                late.cancel()
                #expect(await late.value == [.ipv4: .failure(.canceled)])
            }
        }
    }

    @Test func closingEndsLookUpsAtOnce() async throws {
        try await withLoop { loop in
            let silent = try DatagramSocket()
            let client = try NameClient(
                loop: loop,
                nameservers: [silent.address],
                timeout: .seconds(3600),
                attempts: 5,
                maximumRecords: 10
            )
            let tasks = (0..<20).map { index in
                Task(executorPreference: loop) { await client.addresses(of: "web\(index).test", families: [.ipv4]) }
            }
            await loop.sleep(for: .milliseconds(10))
            client.close()
            for task in tasks { #expect(await task.value == [.ipv4: .failure(.canceled)]) }
            #expect(await client.addresses(of: "web.test", families: [.ipv4]) == [.ipv4: .failure(.canceled)])
            client.close()
        }
    }

    @Test func manyQuestionsAtOneTimeAreAllAnswered() async throws {
        try await withLoop { loop in
            let server = try await NameServer(hosts: (0..<250).map { "10.1.0.\($0) h\($0).test" }, on: loop)
            defer { server.stop() }
            // So many datagrams at once don't all fit into a socket's buffer: some are lost, and asked again.
            try await withClient(loop, server.address, timeout: .milliseconds(200), attempts: 50) { client in
                let count = await withTaskGroup(of: Bool.self) { group in
                    for index in 0..<250 {
                        group.addTask(executorPreference: loop) {
                            let found = await client.addresses(of: "h\(index).test", families: [.ipv4, .ipv6])
                            return found.texts(.ipv4) == ["10.1.0.\(index)"] && found[.ipv6] == .failure(.noRecords)
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(count == 250)
            }
        }
    }
}

/// Which names a short name may stand for.
@Suite struct NameSearchTests {
    @Test func longNamesAreTriedAsTheyAreFirst() {
        let search = NameSearch(domains: ["a.test", "b.test"], dots: 2)
        #expect(search.candidates(for: "web") == ["web.a.test", "web.b.test", "web"])
        #expect(search.candidates(for: "web.x") == ["web.x.a.test", "web.x.b.test", "web.x"])
        #expect(search.candidates(for: "web.x.y") == ["web.x.y", "web.x.y.a.test", "web.x.y.b.test"])
        #expect(search.candidates(for: "web.") == ["web."])
        #expect(NameSearch().candidates(for: "web") == ["web"])
    }

    @Test func domainsAreBounded() {
        let search = NameSearch(domains: ["", "."] + (0..<100).map { "d\($0).test" }, dots: 1)
        #expect(search.candidates(for: "web").count == NameSearch.maximumDomains + 1)
    }
}

private func withClient(
    _ loop: EventLoop,
    _ server: SocketAddress,
    timeout: Duration = .seconds(5),
    attempts: Int = 2,
    maximumRecords: Int = 4096,
    _ body: (NameClient) async throws -> Void
) async throws {
    let client = try NameClient(
        loop: loop,
        nameservers: [server],
        timeout: timeout,
        attempts: attempts,
        maximumRecords: maximumRecords
    )
    defer { client.close() }
    try await body(client)
}

private func answering(
    _ reply: @escaping @Sendable ([UInt8]) -> [[UInt8]]
) throws -> (DatagramSocket, Thread) {
    let socket = try DatagramSocket()
    return (socket, try socket.answer(with: reply))
}

/// One A record, in answer to a question that has nothing but it (and perhaps an OPT record, which is left out).
private func answer(to question: [UInt8], address: [UInt8]) -> [UInt8] {
    let name = question[12...].prefix { $0 != 0 }
    var bytes = Array(question.prefix(12 + name.count + 1 + 4))
    bytes.replaceSubrange(2..<12, with: [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
    bytes += [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4] + address
    return bytes
}

extension NameClient.Addresses {
    /// Sorted; empty where there are none.
    fileprivate func texts(_ family: AddressFamily) -> [String] {
        ((try? self[family]?.get()) ?? []).map(\.description).sorted()
    }
}
