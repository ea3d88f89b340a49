import LibUV
import NetworkAddress
import Testing

@Suite struct ResolverTests {
    @Test func localhostIsALoopbackAddress() async throws {
        let addresses = try await withLoop { loop in
            let addresses = try await Resolver.addresses(of: "localhost", loop: loop)
            loop.checkThread()
            return addresses
        }
        #expect(!addresses.isEmpty)
        #expect(addresses.allSatisfy { $0.isLoopback })
        #expect(Set(addresses).count == addresses.count)
    }

    @Test(arguments: ["127.0.0.1", "192.0.2.7", "::1", "2001:db8::1"])
    func numbersAreTheirOwnAddress(text: String) async throws {
        let addresses = try await withLoop { try await Resolver.addresses(of: text, loop: $0) }
        #expect(try addresses == [#require(IPAddress(text))])
    }

    /// `.invalid` never exists (RFC 6761); the others are no names, too long for one at all, or nothing.
    @Test(arguments: ["herald.invalid", "two words", "a..b", String(repeating: "a", count: 5000), ""])
    func aNameThatDoesNotExistIsAnErrorInWords(name: String) async throws {
        try await withLoop { loop in
            do throws(Resolver.Failure) {
                let addresses = try await Resolver.addresses(of: name, loop: loop)
                Issue.record("it is \(addresses)")
            } catch {
                #expect(!error.description.isEmpty)
            }
            loop.checkThread()
        }
    }

    @Test func manyLookUpsAtOneTimeAllEnd() async throws {
        try await withLoop { loop in
            let count = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let name = index % 2 == 0 ? "localhost" : "127.0.0.\(index)"
                        return (try? await Resolver.addresses(of: name, loop: loop)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(count == 200)
        }
    }

    /// The thread pool writes to the loop when it is done: the loop must still be there.
    @Test func aLoopLeftInTheMiddleOfALookUpIsNotFreedUnderIt() async throws {
        let loop = try EventLoop(readBufferSize: 4096)
        loop.spawn {
            loop.spawn { _ = try? await Resolver.addresses(of: "localhost", loop: loop) }
            await Task.yield()
            loop.stop()
        }
        let thread = try Thread { loop.run() }
        thread.join()
        // The look-up ends in the next run.
        let again = try Thread {
            loop.spawn {
                await loop.sleep(for: .milliseconds(100))
                loop.stop()
            }
            loop.run()
        }
        again.join()
    }
}
