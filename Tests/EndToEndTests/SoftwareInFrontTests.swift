import Foundation
import NetworkAddress
import Testing

/// Debian's own clients and proxies, telling Herald who the client is.
@Suite("Software in front", .onStage)
struct SoftwareInFrontTests {
    @Test func curlIsUnderstood() throws {
        let port = try heraldBeforeNginx()
        let curl = try run(
            ["curl", "-sS", "--haproxy-protocol", "-w", "%{local_port}", "http://127.0.0.1:\(port)/"]
        )
        let lines = curl.output.split(separator: "\n")
        let localPort = try #require(lines.last)
        #expect(lines.first == "nginx 127.0.0.1:\(localPort) 127.0.0.1:\(port)")
    }

    static let curlCanClaim: Bool = {
        let curl = Process()
        curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        curl.arguments = ["curl", "--haproxy-clientip", "203.0.113.5", "--version"]
        curl.standardOutput = FileHandle.nullDevice
        curl.standardError = FileHandle.nullDevice
        try? curl.run()
        curl.waitUntilExit()
        return curl.terminationStatus == 0
    }()

    @Test(.enabled(if: curlCanClaim, "this curl is older than 8.2 and has no --haproxy-clientip"))
    func curlWithAClientOfItsChoiceIsUnderstood() throws {
        let port = try heraldBeforeNginx()
        let curl = try run(["curl", "-sS", "--haproxy-clientip", "203.0.113.5", "http://127.0.0.1:\(port)/"])
        #expect(curl.output.hasPrefix("nginx 203.0.113.5:"))
    }

    @Test func nginxStreamIsUnderstood() throws {
        let (front, port) = (try FreePorts.next(), try heraldBeforeNginx())
        _ = try Nginx.streamProxy(on: front, to: port)
        try keepsTheClient(through: front)
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority"])
    func haproxyIsUnderstood(options: String) throws {
        let (front, port) = (try FreePorts.next(), try heraldBeforeNginx())
        _ = try HAProxy.proxy(on: front, to: port, "check \(options)")
        try keepsTheClient(through: front)
    }

    @Test func haproxyThatTellsOfTLSIsUnderstood() throws {
        let (front, port) = (try FreePorts.next(), try heraldBeforeNginx())
        let pem = "\(Stage.current.directory.path)/front.pem"
        let request = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=herald.test -days 2 -keyout - -out -"
        let key = try run(request.split(separator: " ").map(String.init), within: .seconds(60))
        try #require(key.wait() == .code(0), "\(key.story)")
        try Stage.current.directory.write(key.output, to: "front.pem")
        let options = "send-proxy-v2-ssl proxy-v2-options ssl,cert-cn,ssl-cipher,cert-key,cert-sig,authority"
        _ = try HAProxy.proxy(on: front, bind: "ssl crt \(pem)", to: port, options)
        let resolve = "front.test:\(front):127.0.0.1"
        let curl = try run(
            ["curl", "-sSk", "--resolve", resolve, "-w", "%{local_port}", "https://front.test:\(front)/"]
        )
        let lines = curl.output.split(separator: "\n")
        let localPort = try #require(lines.last)
        #expect(lines.first == "nginx 127.0.0.1:\(localPort) 127.0.0.1:\(front)")
    }

    private func keepsTheClient(through front: UInt16) throws {
        for _ in 0..<2 {
            let client = try Connection(to: .loopback(front))
            #expect(try client.get() == "nginx \(client.local) \(client.remote)")
        }
    }

    /// Herald's port, with a web server behind it that tells what it was told.
    private func heraldBeforeNginx() throws -> UInt16 {
        let (port, web) = (try FreePorts.next(), try FreePorts.next())
        _ = try Nginx.webServer("nginx", on: web)
        _ = try Herald(
            configuration(bind: "127.0.0.1:\(port) accept-proxy", servers: "127.0.0.1:\(web) send-proxy-v2"),
            ports: port
        )
        return port
    }
}
