import Glibc
import NetworkAddress
import Testing

/// An address that can't be had is named, and the reason with it.
@Suite("Bind errors", .onStage)
struct BindErrorTests {
    @Test func anAddressInUseIsNamed() throws {
        let other = try Listener()
        try refuses("\(other.address)", because: "another process listens there already")
    }

    @Test func anAddressOfAnotherMachineIsNamed() throws {
        try refuses("192.0.2.1:8080", because: "no such address on this machine")
    }

    @Test(.enabled(if: NetworkNamespace.isPossible, "network namespaces need root"))
    func aPortThatIsNotPermittedIsNamed() throws {
        try NetworkNamespace.with {
            let launcher = ["setpriv", "--inh-caps=-net_bind_service", "--bounding-set=-net_bind_service"]
            try refuses("127.0.0.1:80", because: "not permitted", launcher: launcher)
        }
    }

    @Test func everyBindThatFailsIsNamedAndNothingKeepsListening() throws {
        let (first, second) = (try Listener(), try Listener())
        let text = """
            frontend front
            bind \(first.address)
            bind \(second.address)
            default_backend back
            backend back
            server s1 127.0.0.1:9

            """
        let herald = try Herald(starting: text)
        #expect(herald.process.wait() == .code(1))
        #expect(herald.process.errors.contains("\(first.address)"))
    }

    @Test func aServersNameThatDoesNotResolveIsNamed() throws {
        let port = try FreePorts.next()
        let herald = try Herald(
            starting: configuration(bind: "127.0.0.1:\(port)", servers: "no-such-host.invalid:80")
        )
        #expect(herald.process.wait(within: .seconds(30)) == .code(1))
        #expect(herald.process.errors.contains("no-such-host.invalid"))
    }

    private func refuses(_ address: String, because reason: String, launcher: [String] = []) throws {
        let herald = try Herald(starting: configuration(bind: address, servers: "127.0.0.1:9"), launcher: launcher)
        #expect(herald.process.wait() == .code(1))
        #expect(herald.process.errors.contains(address))
        #expect(herald.process.errors.contains(reason))
    }
}
