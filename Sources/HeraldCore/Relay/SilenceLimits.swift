/// How long a relay may be silent, both ways, before it is ended.
///
/// As HAProxy in TCP mode: any byte either way counts as activity of both sides, so that the shorter of both sides'
/// timeouts is in force; `tunnel` takes the place of both; and once one side has sent its FIN, which the other one was told
/// of, the other one's `fin` timeout: it is the one that is waited for.
package struct SilenceLimits: Hashable, Sendable {
    /// Nobody has sent a FIN; nil waits for ever.
    package let open: Duration?
    /// The server has, and the client is waited for.
    package let clientFin: Duration?
    /// The client has, and the server is waited for.
    package let serverFin: Duration?
    /// The shortest of all: how often a relay must be looked at, as its state may change in between; nil for never.
    package let shortest: Duration?

    package init(frontend: FrontendSettings, backend: BackendSettings) {
        let timeouts = backend.timeouts
        let both = [frontend.clientTimeout, timeouts.server].compactMap(\.self).min()
        open = timeouts.tunnel ?? both
        clientFin = frontend.clientFinTimeout ?? open
        serverFin = timeouts.serverFin ?? open
        shortest = [open, clientFin, serverFin].compactMap(\.self).min()
    }

    /// What is in force for a relay in `state`, and how a session ends that runs into it.
    package func current(_ state: RelayState) -> (limit: Duration, ending: SessionEnding)? {
        switch (state.isEnded(.client), state.isEnded(.server)) {
        case (false, false): open.map { ($0, .idleTimeout) }
        case (false, true): clientFin.map { ($0, .clientFinTimeout) }
        case (true, false): serverFin.map { ($0, .serverFinTimeout) }
        // What is left goes to a side that does not take it.
        case (true, true) where state.isHeld(.server): clientFin.map { ($0, .clientFinTimeout) }
        case (true, true): serverFin.map { ($0, .serverFinTimeout) }
        }
    }
}
