/// Debian's haproxy in the foreground, with nothing but what a test configures.
struct HAProxy {
    let process: ChildProcess

    init(_ sections: String, ports: UInt16...) throws {
        let file = try Stage.current.directory.write(
            """
            defaults
                timeout connect 5s
                timeout client 30s
                timeout server 30s
            \(sections)

            """,
            to: "haproxy-\(ports.first ?? 0).cfg"
        )
        process = try ChildProcess(["/usr/sbin/haproxy", "-db", "-f", file])
        try process.waitUntilListening(on: ports)
    }

    /// A web server that requires a PROXY header, and answers with the two endpoints that it announced.
    static func webServer(_ name: String, on port: UInt16) throws -> HAProxy {
        let answer = "\(name) %[src]:%[src_port] %[dst]:%[dst_port]\\n"
        return try HAProxy(
            """
            frontend web
                mode http
                bind 127.0.0.1:\(port) accept-proxy
                http-request return status 200 content-type text/plain lf-string "\(answer)"
            """,
            ports: port
        )
    }

    /// A proxy that announces its clients to `server` in the way that `options` say.
    static func proxy(on port: UInt16, bind: String = "", to server: UInt16, _ options: String) throws -> HAProxy {
        try HAProxy(
            """
            listen front
                mode tcp
                bind 127.0.0.1:\(port) \(bind)
                server next 127.0.0.1:\(server) \(options)
            """,
            ports: port
        )
    }
}
