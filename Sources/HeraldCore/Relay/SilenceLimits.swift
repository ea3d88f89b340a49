/// How long a relay may be silent, both ways, before it is ended.
///
/// As HAProxy in TCP mode: any byte either way counts as activity of both sides, so that the shorter of both sides'
/// timeouts is in force; `tunnel` takes the place of both; a side that has sent its FIN gets its `fin` timeout.
package struct SilenceLimits: Hashable, Sendable {
    /// Nobody has sent a FIN; nil waits for ever.
    package let open: Duration?
    /// The client has.
    package let clientEnded: Duration?
    /// The server has.
    package let serverEnded: Duration?
    /// The shortest of all: how often a relay must be looked at, as its state may change in between; nil for never.
    package let shortest: Duration?

    package init(frontend: FrontendSettings, backend: BackendSettings) {
        let timeouts = backend.timeouts
        let both = [frontend.clientTimeout, timeouts.server].compactMap(\.self).min()
        open = timeouts.tunnel ?? both
        clientEnded = frontend.clientFinTimeout ?? open
        serverEnded = timeouts.serverFin ?? open
        shortest = [open, clientEnded, serverEnded].compactMap(\.self).min()
    }

    /// What is in force for a relay in `state`, and how a session ends that runs into it.
    package func current(_ state: RelayState) -> (limit: Duration, ending: SessionEnding)? {
        if state.isEnded(.client) { return clientEnded.map { ($0, .clientFinTimeout) } }
        if state.isEnded(.server) { return serverEnded.map { ($0, .serverFinTimeout) } }
        return open.map { ($0, .idleTimeout) }
    }
}
