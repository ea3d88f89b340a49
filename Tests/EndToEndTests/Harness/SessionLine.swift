import Foundation
import NetworkAddress

/// The log's line at a session's end, as `--log-format json` writes it.
struct SessionLine: Decodable {
    /// How it ended: `completed`, `client-reset`, `header-malformed` and so on.
    var end: String
    /// Who connected, by the socket.
    var peer: String?
    /// Who the client is, by the header where one was believed.
    var client: String?
    var destination: String?
    /// The header that came in: `v1`, `v2`, `v2-local` and so on.
    var header: String?
    var server: String?
    var retries: Int
    var bytesFromClient: Int
    var bytesFromServer: Int
    /// In line for a server with room; nil for a session that found one at once.
    var queueMilliseconds: Double?
    var totalMilliseconds: Double

    private enum CodingKeys: String, CodingKey {
        case end, peer, client, destination, header, server, retries
        case bytesFromClient = "bytes_from_client"
        case bytesFromServer = "bytes_from_server"
        case queueMilliseconds = "queue_ms"
        case totalMilliseconds = "total_ms"
    }
}

extension Herald {
    /// Lines of sessions that have ended so far.
    var sessionLines: [SessionLine] {
        (process.output + process.errors).split(separator: "\n").compactMap { line in
            try? JSONDecoder().decode(SessionLine.self, from: Data(line.utf8))
        }
    }

    /// The first line so far, or soon, that fits.
    func sessionLine(within limit: Duration = patience, where fits: (SessionLine) -> Bool) -> SessionLine? {
        eventually(within: limit) { sessionLines.first(where: fits) }
    }

    /// How the session of this client ended, by the log.
    func ending(of client: Connection, within limit: Duration = patience) -> String? {
        sessionLine(within: limit) { $0.peer == client.local.description }?.end
    }
}
