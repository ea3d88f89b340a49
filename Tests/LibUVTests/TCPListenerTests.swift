import Glibc
import LibUV
import NetworkAddress
import Testing

@Suite struct TCPListenerTests {
    @Test(arguments: [SocketAddress.anyPort, .anyPortIPv6])
    func aClientIsTakenInWithItsAddress(address: SocketAddress) async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop, address)
            #expect(try acceptor.address.ip == address.ip)
            #expect(try acceptor.address.port != 0)
            let client = TCPStream(loop: loop)
            try await client.connect(to: acceptor.address)
            let server = try await acceptor.accepted()
            let peer = acceptor.accepted[0].peer
            #expect(peer == client.localAddress)
            #expect(peer == server.peerAddress)
            #expect(try server.localAddress == acceptor.address)
            #expect(try client.peerAddress == acceptor.address)
            client.close()
            acceptor.close()
        }
    }

    /// More than are accepted in one turn.
    @Test func aBurstIsTakenInWhole() async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop)
            try acceptor.listener.pause()
            let clients = (0..<300).map { _ in TCPStream(loop: loop) }
            for client in clients { try await client.connect(to: acceptor.address) }
            #expect(acceptor.accepted.isEmpty)
            try acceptor.listener.resume()
            await loop.until { acceptor.accepted.count == clients.count }
            #expect(Set(acceptor.accepted.map(\.peer)) == Set(clients.compactMap(\.localAddress)))
            for client in clients { client.close() }
            acceptor.close()
        }
    }

    @Test func clientsWaitInTheBacklogWhileItPauses() async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop)
            let clients = (0..<3).map { _ in TCPStream(loop: loop) }
            try await clients[0].connect(to: acceptor.address)
            _ = try await acceptor.accepted()
            try acceptor.listener.pause()
            try acceptor.listener.pause()
            for client in clients.dropFirst() {
                try await client.connect(to: acceptor.address)
                #expect(try client.tryWrite("hello") == 5)
            }
            await loop.sleep(for: .milliseconds(20))
            #expect(acceptor.accepted.count == 1)
            try acceptor.listener.resume()
            try acceptor.listener.resume()
            let last = try await acceptor.accepted(count: 3)
            // What was sent meanwhile is there.
            #expect(last.readAvailable { _ in } == .bytes(5))
            for client in clients { client.close() }
            acceptor.close()
        }
    }

    @Test(arguments: [false, true])
    func aListenerThatPausesOrClosesInItsCallbackTakesNobodyElse(closes: Bool) async throws {
        try await withLoop { loop in
            var listener: TCPListener?
            var accepted: [TCPStream] = []
            listener = try TCPListener(loop: loop, address: .anyPort, options: TCPListener.Options()) { stream, _ in
                accepted.append(stream)
                if closes { listener?.close() } else { listener?.pause() }
            } onError: { error in
                Issue.record("\(error)")
            }
            let address = try #require(listener?.localAddress)
            let clients = (0..<5).map { _ in TCPStream(loop: loop) }
            for client in clients { try await client.connect(to: address) }
            listener?.resume()
            await loop.until { !accepted.isEmpty }
            await loop.sleep(for: .milliseconds(10))
            #expect(accepted.count == 1)
            listener?.close()
            listener = nil
            for stream in clients + accepted { stream.close() }
        }
    }

    @Test func aClosedListenerRefusesAndResetsWhoWaits() async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop)
            let address = try acceptor.address
            try acceptor.listener.pause()
            let waiting = TCPStream(loop: loop)
            try await waiting.connect(to: address)
            let reader = Collector(loop)
            waiting.startReading(reader)
            acceptor.close()
            acceptor.close()
            try acceptor.listener.resume()
            await reader.untilOver()
            #expect(reader.error == .connectionReset)
            let late = TCPStream(loop: loop)
            await #expect(throws: UVError.connectionRefused) { try await late.connect(to: address) }
            for stream in [waiting, late] { stream.close() }
        }
    }

    @Test func aClientWhoIsGoneBeforeItIsAcceptedHarmsNobody() async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop)
            try acceptor.listener.pause()
            for reset in [true, false, true] {
                let client = TCPStream(loop: loop)
                try await client.connect(to: acceptor.address)
                if reset { client.reset() } else { client.close() }
            }
            let client = TCPStream(loop: loop)
            try await client.connect(to: acceptor.address)
            try acceptor.listener.resume()
            await loop.until { acceptor.accepted.contains { $0.peer == client.localAddress } }
            #expect(acceptor.errors.isEmpty)
            client.close()
            acceptor.close()
        }
    }

    /// Out of descriptors: who connects waits in the backlog, nothing spins, and all is well once there are some again.
    @Test func withoutDescriptorsClientsWaitInTheBacklog() async {
        await #expect(processExitsWith: .success) {
            try await withLoop { loop in
                let acceptor = try Acceptor(loop)
                let client = TCPStream(loop: loop)
                let spare = (0..<100).map { _ in dup(0) }
                try await client.connect(to: acceptor.address)
                let first = try await acceptor.accepted()
                let second = TCPStream(loop: loop)
                second.connect(to: try acceptor.address) { precondition($0 == nil) }
                // From here on there is nothing left for the accepted end of it.
                Process.allowDescriptors(more: 0)
                await loop.until { !acceptor.errors.isEmpty }
                await loop.sleep(for: .milliseconds(20))
                precondition(acceptor.errors == [.tooManyOpenFiles])
                precondition(acceptor.errors.allSatisfy { $0.isLocalShortage })
                precondition(acceptor.accepted.count == 1)
                for descriptor in spare { Glibc.close(descriptor) }
                try acceptor.listener.resume()
                _ = try await acceptor.accepted(count: 2)
                for stream in [client, first, second] { stream.close() }
                acceptor.close()
            }
        }
    }
}

@Suite struct BindTests {
    @Test func anAddressInUseIsTold() async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop)
            let address = try acceptor.address
            #expect(throws: UVError.addressInUse) { try Acceptor(loop, address) }
            var shared = TCPListener.Options()
            shared.isShared = true
            // The other one does not share.
            #expect(throws: UVError.addressInUse) { try Acceptor(loop, address, options: shared) }
            acceptor.close()
        }
    }

    @Test func anAddressThatIsNotOfThisMachineIsTold() async throws {
        // Documentation addresses (RFC 5737, RFC 3849).
        for text in ["192.0.2.1:0", "[2001:db8::1]:0"] {
            let address = try #require(SocketAddress(text))
            try await withLoop { loop in
                #expect(throws: UVError.addressNotAvailable) { _ = try Acceptor(loop, address) }
            }
        }
    }

    private static var hasPrivilegedPorts: Bool {
        let text = SystemInformation.smallFile("/proc/sys/net/ipv4/ip_unprivileged_port_start") ?? ""
        return (Int(text.split(separator: "\n").first ?? "") ?? 0) > 1
    }

    @Test(.enabled(if: hasPrivilegedPorts))
    func aPrivilegedPortIsNotForEverybody() async {
        await #expect(processExitsWith: .success) {
            // Nobody's number, where this is root.
            if getuid() == 0 { precondition(setuid(65534) == 0) }
            try await withLoop { loop in
                do throws(UVError) {
                    _ = try Acceptor(loop, SocketAddress(.v4(IPv4Address(127, 0, 0, 1)), port: 1))
                    preconditionFailure("it was bound")
                } catch {
                    precondition(error == .permissionDenied)
                }
            }
        }
    }

    @Test func ipv6AloneLeavesTheIPv4PortFree() async throws {
        try await withLoop { loop in
            let ipv6 = try Acceptor(loop, SocketAddress(.v6(IPv6Address(high: 0, low: 0)), port: 0))
            let port = try ipv6.address.port
            let ipv4 = try Acceptor(loop, SocketAddress(.v4(IPv4Address(0, 0, 0, 0)), port: port))
            for (acceptor, address) in [(ipv4, SocketAddress.anyPort.ip), (ipv6, SocketAddress.anyPortIPv6.ip)] {
                let client = TCPStream(loop: loop)
                try await client.connect(to: SocketAddress(address, port: port))
                _ = try await acceptor.accepted()
                #expect(acceptor.accepted[0].peer.ip == address)
                client.close()
            }
            #expect(ipv4.accepted.count == 1)
            #expect(ipv6.accepted.count == 1)
            ipv4.close()
            ipv6.close()
        }
    }

    @Test func aDualStackSocketTakesBothFamilies() async throws {
        try await withLoop { loop in
            var options = TCPListener.Options()
            options.isDualStack = true
            let acceptor = try Acceptor(
                loop,
                SocketAddress(.v6(IPv6Address(high: 0, low: 0)), port: 0),
                options: options
            )
            let port = try acceptor.address.port
            for (index, address) in [SocketAddress.anyPort.ip, SocketAddress.anyPortIPv6.ip].enumerated() {
                let client = TCPStream(loop: loop)
                try await client.connect(to: SocketAddress(address, port: port))
                let server = try await acceptor.accepted(count: index + 1)
                let peer = acceptor.accepted[index].peer
                #expect(!peer.ip.isIPv4)
                #expect(peer.unmapped == client.localAddress)
                #expect(server.localAddress?.unmapped == client.peerAddress)
                client.close()
            }
            acceptor.close()
        }
    }

    @Test func socketsThatShareAnAddressShareTheClients() async throws {
        try await withLoop { loop in
            var options = TCPListener.Options()
            options.isShared = true
            let first = try Acceptor(loop, options: options)
            let second = try Acceptor(loop, first.address, options: options)
            let clients = (0..<200).map { _ in TCPStream(loop: loop) }
            for client in clients { try await client.connect(to: first.address) }
            await loop.until { first.accepted.count + second.accepted.count == clients.count }
            #expect(!first.accepted.isEmpty)
            #expect(!second.accepted.isEmpty)
            for client in clients { client.close() }
            first.close()
            second.close()
        }
    }

    @Test func aProbeTellsWhetherAnAddressIsFreeAndKeepsNothing() async throws {
        try await withLoop { loop in
            var options = TCPListener.Options()
            options.isShared = true
            let acceptor = try Acceptor(loop, options: options)
            let address = try acceptor.address
            // It could be shared, but is not free.
            #expect(throws: UVError.addressInUse) { try TCPListener.probe(address, options: options) }
            acceptor.close()
            for _ in 0..<3 { #expect(throws: Never.self) { try TCPListener.probe(address, options: options) } }
            let again = try Acceptor(loop, address, options: options)
            again.close()
        }
    }

    /// Connections of before a restart are in TIME_WAIT, and nobody's business.
    @Test func anAddressIsFreeAgainAtOnce() async throws {
        try await withLoop { loop in
            let acceptor = try Acceptor(loop)
            let address = try acceptor.address
            let client = TCPStream(loop: loop)
            try await client.connect(to: address)
            let server = try await acceptor.accepted()
            let reader = Collector(loop)
            client.startReading(reader)
            server.close()
            await reader.untilOver()
            acceptor.close()
            client.close()
            await loop.sleep(for: .milliseconds(5))
            let again = try Acceptor(loop, address)
            again.close()
        }
    }
}
