package import NetworkAddress
package import ProxyProtocol

/// A well-known cause of trouble that shows in what peers do: told in plain words, and only once, since it is the
/// configuration that is at fault and not one session.
package enum Diagnosis: Hashable, Sendable {
    /// A bind, as the log names it.
    package struct Place: Hashable, Sendable {
        package var frontend: String
        package var bind: String

        package init(frontend: String, bind: String) {
            self.frontend = frontend
            self.bind = bind
        }
    }

    /// How a server shows that it took a header for something else.
    package enum Refusal: Hashable, Sendable {
        /// By HTTP's status 400.
        case badRequest
        /// By a reset, without a byte.
        case reset
    }

    /// A client of another protocol came where a header must come first.
    case headerMissing(Place, found: MalformedHeader.Stranger)
    /// A header came where none is read.
    case headerUnexpected(Place)
    /// A peer that may announce clients connected, and said nothing in time.
    case headerLate(Place, peer: IPAddress, limit: Duration)
    /// All clients have the address of this machine's or container's default gateway.
    case clientsBehindGateway(frontend: String, gateway: IPAddress)
    /// A server that is sent a header has refused it, and has never answered otherwise.
    case headerRefused(backend: String, server: String, Refusal)
}

extension Diagnosis {
    /// What was seen, and what it means.
    package var finding: String {
        switch self {
        case .headerMissing(let place, let found):
            """
            \(found.rawValue) came to \(place.bind), where a PROXY header must come first: clients, or a load balancer that \
            sends no header, connect straight to a bind with accept-proxy
            """
        case .headerUnexpected(let place):
            """
            a PROXY header came to \(place.bind), which has no accept-proxy: it was passed on to the server as it is, and \
            the log shows the sender's address in place of the client's
            """
        case .headerLate(let place, let peer, let limit):
            """
            \(peer) connected to \(place.bind), which has accept-proxy, and sent nothing for \(limit.plainText): a load \
            balancer that holds its header back until the client speaks, or one whose health check sends none
            """
        case .clientsBehindGateway(_, let gateway):
            """
            the first \(Limits.sessionsUntilGateway) clients all came from \(gateway), the default gateway of this \
            container or machine: something there, such as Docker's userland proxy, connects in their name, and their \
            own addresses never get here
            """
        case .headerRefused(_, let server, .badRequest):
            """
            server \(server) answered 400 to the first bytes that followed its PROXY header, and has never answered \
            otherwise: it does not expect the header, and takes it for the request
            """
        case .headerRefused(_, let server, .reset):
            """
            server \(server) reset the connection behind its PROXY header without a byte, and has never answered \
            otherwise: it may not expect the header
            """
        }
    }

    /// What to do about it.
    package var advice: String {
        switch self {
        case .headerMissing:
            """
            switch the PROXY protocol on in whatever connects here; or, where clients connect themselves, remove \
            accept-proxy, or let 'accept-proxy: { from: [...], otherwise: pass }' tell the two apart
            """
        case .headerUnexpected:
            "where Herald is to believe it, add 'accept-proxy: { from: [...] }' with the sender's network to the bind"
        case .headerLate:
            """
            have the load balancer send its header at once (AWS NLB waits for the client's first bytes unless told \
            otherwise), or give a service whose server speaks first a bind without accept-proxy; for a health check \
            without a header this is harmless
            """
        case .clientsBehindGateway:
            """
            run the container with the host's network, or switch the userland proxy off ("userland-proxy": false in \
            Docker's daemon.json); harmless where all clients are on this host
            """
        case .headerRefused:
            "make it expect the header (nginx: 'listen ... proxy_protocol'), or remove send-proxy from the server"
        }
    }

    /// Both, for people.
    package var text: String { "\(subject): \(finding). Advice: \(advice)." }

    private var subject: String {
        switch self {
        case .headerMissing(let place, _), .headerUnexpected(let place), .headerLate(let place, _, _):
            "frontend \(place.frontend)"
        case .clientsBehindGateway(let frontend, _): "frontend \(frontend)"
        case .headerRefused(let backend, _, _): "backend \(backend)"
        }
    }

    /// Two of the same cause are one, whatever their details.
    package var cause: Cause {
        switch self {
        case .headerMissing(let place, _): Cause(name: "header-missing", subject: place.frontend, part: place.bind)
        case .headerUnexpected(let place): Cause(name: "header-unexpected", subject: place.frontend, part: place.bind)
        case .headerLate(let place, _, _): Cause(name: "header-late", subject: place.frontend, part: place.bind)
        case .clientsBehindGateway(let frontend, _):
            Cause(name: "clients-behind-gateway", subject: frontend, part: nil)
        case .headerRefused(let backend, let server, _):
            Cause(name: "header-refused", subject: backend, part: server)
        }
    }

    package struct Cause: Hashable, Sendable {
        /// A stable word.
        package let name: String
        /// A frontend or a backend.
        package let subject: String
        /// A bind or a server.
        package let part: String?
    }

    package func line(at time: Timestamp) -> LogLine {
        let found = LogLine.Value.text(finding)
        let advice = LogLine.Value.text(advice)
        let fields: KeyValuePairs<String, LogLine.Value> =
            switch self {
            case .headerMissing(let place, _), .headerUnexpected(let place), .headerLate(let place, _, _):
                [
                    "cause": .text(cause.name), "frontend": .text(place.frontend), "bind": .text(place.bind),
                    "found": found, "advice": advice,
                ]
            case .clientsBehindGateway(let frontend, _):
                ["cause": .text(cause.name), "frontend": .text(frontend), "found": found, "advice": advice]
            case .headerRefused(let backend, let server, _):
                [
                    "cause": .text(cause.name), "backend": .text(backend), "server": .text(server), "found": found,
                    "advice": advice,
                ]
            }
        return LogLine(time: time, level: .warning, message: "diagnosis", fields: fields)
    }
}
