import Glibc
import NetworkAddress
import Testing

/// `demo`: the main job with nothing to set up, on the ports that it prints.
@Suite("Demo", .onStage, .enabled(if: NetworkNamespace.isPossible, "network namespaces need root"))
struct DemoTests {
    @Test func bothVersionsTellTheClientByHTTPAndByText() throws {
        try NetworkNamespace.with {
            let demo = try start()
            var stories: [String] = []
            for _ in 0..<2 {
                let client = try Connection(to: .loopback(8080))
                try client.send("GET / HTTP/1.0\r\n\r\n")
                let answer = try client.receiveAll().text
                #expect(answer.hasPrefix("HTTP/1.1 200"))
                #expect(answer.contains("\(client.local)"))
                stories.append(answer)
            }
            for _ in 0..<2 {
                let client = try Connection(to: .loopback(8080))
                try client.send("hello\n")
                let answer = try client.receiveAll().text
                #expect(answer.contains("\(client.local)"))
                #expect(!answer.contains("HTTP/1.1"))
                stories.append(answer)
            }
            for pair in [stories.prefix(2), stories.suffix(2)] {
                #expect(pair.count { $0.contains("version 1") } == 1)
                #expect(pair.count { $0.contains("version 2") } == 1)
            }
            #expect(demo.output.contains("curl http://127.0.0.1:8080"))
            #expect(demo.output.contains("curl --haproxy-protocol"))
        }
    }

    @Test func aHeaderOfTheClientsChoiceIsTakenForTheTruth() throws {
        try NetworkNamespace.with {
            _ = try start()
            for header in [ProxyHeader.v1, { ProxyHeader.v2($0, $1) }] {
                let client = try Connection(to: .loopback(8081))
                try client.send(header("203.0.113.7:56324", "198.51.100.1:443") + Array("hello\n".utf8))
                #expect(try client.receiveAll().text.contains("203.0.113.7:56324"))
            }
        }
    }

    @Test func aHeaderAtThePortForPlainClientsIsAnsweredWithAHint() throws {
        try NetworkNamespace.with {
            _ = try start()
            let client = try Connection(to: .loopback(8080))
            let header = ProxyHeader.v1("203.0.113.7:56324", "198.51.100.1:443")
            try client.send(header + Array("GET / HTTP/1.0\r\n\r\n".utf8))
            let answer = try client.receiveAll().text
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.contains("\(client.local)"))
            #expect(answer.contains("port 8081 expects one"))
        }
    }

    @Test func itPrintsALineForEachSessionAndEndsOnInterrupt() throws {
        try NetworkNamespace.with {
            let demo = try start()
            let client = try Connection(to: .loopback(8080))
            _ = try client.get()
            client.close()
            #expect(becomesTrue { (demo.output + demo.errors).contains("\(client.local)") })
            demo.signal(SIGINT)
            #expect(demo.wait() == .code(0))
            #expect(demo.output.contains("1 session"))
        }
    }

    @Test func aBusyPortIsNamed() throws {
        try NetworkNamespace.with {
            let other = try Listener(on: .loopback(8080))
            let demo = try Herald.command("demo")
            #expect(demo.poll() == .code(1))
            #expect(demo.errors.contains("\(other.address)"))
            #expect(demo.errors.contains("another process listens there already"))
        }
    }

    private func start() throws -> ChildProcess {
        let demo = try ChildProcess([Herald.binary, "demo"])
        try demo.waitUntilListening(on: [8080, 8081])
        return demo
    }
}
