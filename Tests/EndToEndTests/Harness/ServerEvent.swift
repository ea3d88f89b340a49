import Foundation

/// The log's line at a server's change of state, as `--log-format json` writes it.
struct ServerEvent: Decodable {
    /// `server up`, `server down` and so on.
    var message: String
    var level: String
    var backend: String
    var server: String
    var address: String
    var reason: String
    /// How long the state before had held, in plain words.
    var held: String
    /// Checks in a row that brought it about; nil where none did.
    var checks: Int?

    private enum CodingKeys: CodingKey {
        case message, level, backend, server, address, reason, held, checks
    }

    init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: CodingKeys.self)
        message = try line.decode(String.self, forKey: .message)
        level = try line.decode(String.self, forKey: .level)
        backend = try line.decode(String.self, forKey: .backend)
        server = try line.decode(String.self, forKey: .server)
        address = try line.decode(String.self, forKey: .address)
        reason = try line.decode(String.self, forKey: .reason)
        held = try line.decode(String.self, forKey: .held)
        checks = try? line.decode(Int.self, forKey: .checks)
    }
}

extension Herald {
    /// Changes of servers' states so far, in their order.
    var serverEvents: [ServerEvent] {
        process.output.split(separator: "\n").compactMap { line in
            line.contains("\"held\"") ? try? JSONDecoder().decode(ServerEvent.self, from: Data(line.utf8)) : nil
        }
    }

    /// The changes of one server so far, in their order: `down`, `up` and so on.
    func states(of server: String) -> [String] {
        serverEvents.filter { $0.server == server }.map { String($0.message.dropFirst("server ".count)) }
    }

    /// The first change so far, or soon, of a server to a state.
    func event(_ state: String, of server: String, within limit: Duration = patience) -> ServerEvent? {
        eventually(within: limit) { serverEvents.first { $0.server == server && $0.message == "server \(state)" } }
    }
}
