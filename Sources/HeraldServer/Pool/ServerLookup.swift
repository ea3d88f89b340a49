import HeraldCore
import LibUV
import NetworkAddress

/// Finds the addresses of servers that are named rather than numbered.
enum ServerLookup {
    /// Every backend's servers with their addresses. All names are looked up at one time, each once.
    static func members(
        of backends: [BackendSettings],
        loop: EventLoop
    ) async throws(StartFailure) -> [[BackendPool.Member]] {
        let answers = await lookUp(names(in: backends), loop: loop)
        var problems: [String] = []
        let members = backends.map { backend in
            backend.servers.compactMap { server -> BackendPool.Member? in
                switch server.address {
                case .ip(let address):
                    return BackendPool.Member(settings: server, address: address)
                case .name(let name, let port):
                    switch answers[name] {
                    case .success(let ip)?:
                        return BackendPool.Member(settings: server, address: SocketAddress(ip, port: port))
                    case .failure(let reason)?:
                        problems.append(
                            "backend '\(backend.name)', server '\(server.name)': can't resolve '\(name)': \(reason)"
                        )
                        return nil
                    case nil:
                        preconditionFailure("every name was looked up")
                    }
                }
            }
        }
        guard problems.isEmpty else { throw StartFailure(problems: problems) }
        return members
    }

    private static func names(in backends: [BackendSettings]) -> Set<String> {
        Set(
            backends.flatMap(\.servers).compactMap { server in
                if case .name(let name, _) = server.address { name } else { nil }
            }
        )
    }

    /// Not a tuple: from a group's task, Swift 6.3.1 hands on a broken one at -O.
    private struct Answer: Sendable {
        let name: String
        let result: Result<IPAddress, Resolver.Failure>
    }

    private static func lookUp(
        _ names: Set<String>,
        loop: EventLoop
    ) async -> [String: Result<IPAddress, Resolver.Failure>] {
        await withTaskGroup(of: Answer.self) { group in
            for name in names {
                group.addTask(executorPreference: loop) {
                    do throws(Resolver.Failure) {
                        let addresses = try await Resolver.addresses(of: name, loop: loop)
                        return Answer(name: name, result: .success(addresses[0]))
                    } catch {
                        return Answer(name: name, result: .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.name] = $1.result }
        }
    }
}
