/// One frontend and one backend in HAProxy's syntax; servers are named s1, s2 and so on.
func configuration(
    bind: String,
    defaults: [String] = [],
    backend: [String] = [],
    servers: String...
) -> String {
    configuration(bind: bind, defaults: defaults, backend: backend, servers: servers)
}

func configuration(
    bind: String,
    defaults: [String] = [],
    backend: [String] = [],
    servers: [String]
) -> String {
    let numbered = servers.enumerated().map { "server s\($0 + 1) \($1)" }
    let lines =
        ["defaults", "timeout connect 2s", "timeout client 60s", "timeout server 60s"] + defaults
        + ["frontend front", "bind \(bind)", "default_backend back", "backend back"] + backend + numbered
    return lines.joined(separator: "\n") + "\n"
}
