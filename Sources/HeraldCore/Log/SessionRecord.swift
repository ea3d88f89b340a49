package import NetworkAddress
package import ProxyProtocol

/// What the log tells of one session, at its end.
package struct SessionRecord: Sendable {
    /// The PROXY header that came in; the raw value is what the log says.
    package enum Header: String, Hashable, Sendable, CaseIterable {
        case version1 = "v1"
        /// UNKNOWN: no client is announced.
        case version1Unknown = "v1-unknown"
        case version2 = "v2"
        /// LOCAL: the sender speaks for itself.
        case version2Local = "v2-local"
        /// PROXY of a family without an IP address: no client is announced.
        case version2Unknown = "v2-unknown"
    }

    /// The server of the last attempt.
    package struct Server: Hashable, Sendable {
        package var name: String
        package var address: SocketAddress

        package init(name: String, address: SocketAddress) {
            self.name = name
            self.address = address
        }
    }

    /// Sessions at the end, this one included, as HAProxy's log has them.
    package struct Load: Hashable, Sendable {
        package var process = 0
        package var frontend = 0
        package var backend = 0
        /// nil for a session that got no server.
        package var server: Int?

        package init() {}
    }

    /// Of the end.
    package var time: Timestamp
    package var frontend: String
    package var bind: String
    /// The socket's own, whatever was announced. Written as IPv4 where it is IPv4-mapped.
    package var peer: SocketAddress
    package var header: Header?
    /// What the header said and was believed.
    package var announcedSource: SocketAddress?
    package var announcedDestination: SocketAddress?
    package var backend: String
    package var server: Server?
    /// Attempts after the first.
    package var retries = 0
    /// Those of them that went to another server than the attempt before.
    package var redispatches = 0
    /// Payload, without the header.
    package var bytesFromClient: UInt64 = 0
    /// Payload.
    package var bytesFromServer: UInt64 = 0
    /// From accept to the header's last byte.
    package var headerDuration: Duration?
    /// In line for a server with room.
    package var queueDuration: Duration?
    /// Sessions that were ahead in that line when this one came to it.
    package var queuedBehind: Int?
    /// From the start of the first attempt to the connection, over all attempts.
    package var connectDuration: Duration?
    /// From accept to the end.
    package var totalDuration: Duration
    package var load = Load()
    package var ending: SessionEnding
    /// In place of the ending's own detail.
    package var detail: String?
    /// More of what the header told, such as a cloud's endpoint; keys unlike those of the other fields.
    package var announcedDetails: KeyValuePairs<String, LogLine.Value> = [:]

    package init(
        time: Timestamp,
        frontend: String,
        bind: String,
        peer: SocketAddress,
        backend: String,
        totalDuration: Duration,
        ending: SessionEnding
    ) {
        self.time = time
        self.frontend = frontend
        self.bind = bind
        self.peer = peer
        self.backend = backend
        self.totalDuration = totalDuration
        self.ending = ending
    }

    /// Appends one line with its line feed: `session` as the message, then a field for each fact that there is.
    package func append(to output: inout [UInt8], as format: LogSettings.Format) {
        LineWriter.append(to: &output, as: format, time: time, level: .info, message: "session") { line in
            line.field("frontend", frontend)
            line.field("bind", bind)
            line.field("peer", peer.unmapped)
            if let announcedSource { line.field("client", announcedSource) }
            if let announcedDestination { line.field("destination", announcedDestination) }
            if let header { line.field("header", header.rawValue) }
            for (key, value) in announcedDetails { line.field(key, value) }
            line.field("backend", backend)
            if let server {
                line.field("server", server.name)
                line.field("to", server.address)
            }
            line.field("retries", retries)
            if redispatches > 0 { line.field("redispatches", redispatches) }
            line.field("bytes_from_client", bytesFromClient)
            line.field("bytes_from_server", bytesFromServer)
            if let headerDuration { line.field("header_ms", milliseconds: headerDuration) }
            if let queueDuration { line.field("queue_ms", milliseconds: queueDuration) }
            if let queuedBehind { line.field("queued_behind", queuedBehind) }
            if let connectDuration { line.field("connect_ms", milliseconds: connectDuration) }
            line.field("total_ms", milliseconds: totalDuration)
            line.field("process_sessions", load.process)
            line.field("frontend_sessions", load.frontend)
            line.field("backend_sessions", load.backend)
            if let server = load.server { line.field("server_sessions", server) }
            line.field("end", ending.label)
            if let reason = ending.reason { line.field("reason", reason) }
            if let detail = detail ?? ending.detail { line.field("detail", detail) }
        }
    }
}

extension SessionRecord {
    /// What a header tells of the cloud that the client came through: the first of its TLVs that a cloud has written.
    ///
    /// A header without TLVs costs nothing.
    package static func details(of header: ProxyHeader) -> KeyValuePairs<String, LogLine.Value> {
        for tlv in header.tlvs {
            switch tlv.decoded {
            case .aws(let endpoint): return ["aws_vpc_endpoint": .text(endpoint.id)]
            case .azure(let link): return ["azure_link_id": .integer(Int(link.linkID))]
            case .gcp(let connection): return ["gcp_psc_connection_id": .text(String(connection.pscConnectionID))]
            default: break
            }
        }
        return [:]
    }
}
