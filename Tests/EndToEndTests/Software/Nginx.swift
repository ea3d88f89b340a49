import NetworkAddress

/// Debian's nginx in the foreground, with nothing but what a test configures.
struct Nginx {
    let process: ChildProcess

    /// `blocks` stand at the top level: `http { ... }` or `stream { ... }`.
    init(_ blocks: String, ports: UInt16...) throws {
        let directory = try Stage.current.directory.makeDirectory("nginx-\(ports.first ?? 0)")
        let file = try Stage.current.directory.write(
            """
            daemon off;
            worker_processes 1;
            pid \(directory)/pid;
            error_log stderr notice;
            load_module /usr/lib/nginx/modules/ngx_stream_module.so;
            events { worker_connections 512; }
            \(blocks)
            """,
            to: "nginx-\(ports.first ?? 0).conf"
        )
        process = try ChildProcess(["/usr/sbin/nginx", "-e", "stderr", "-p", directory, "-c", file])
        try process.waitUntilListening(on: ports)
    }

    /// A web server that requires a PROXY header, and answers with the two endpoints that it announced.
    static func webServer(_ name: String, on port: UInt16) throws -> Nginx {
        let source = "$proxy_protocol_addr:$proxy_protocol_port"
        let destination = "$proxy_protocol_server_addr:$proxy_protocol_server_port"
        return try Nginx(
            """
            http {
                access_log off;
                server {
                    listen 127.0.0.1:\(port) proxy_protocol;
                    location / { return 200 "\(name) \(source) \(destination)\\n"; }
                }
            }
            """,
            ports: port
        )
    }

    /// A stream proxy that announces its clients to `server` by version 1, the only one that it can send.
    static func streamProxy(on port: UInt16, to server: UInt16) throws -> Nginx {
        try Nginx(
            "stream { server { listen 127.0.0.1:\(port); proxy_pass 127.0.0.1:\(server); proxy_protocol on; } }",
            ports: port
        )
    }
}
