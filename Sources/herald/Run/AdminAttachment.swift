import HeraldAdmin
import HeraldCore
import HeraldServer
import LibUV
import NetworkAddress
import Synchronization

/// Puts the admin endpoint beside a proxy, and moves it when the settings name another address.
final class AdminAttachment: ProxyAttachment {
    private struct Open {
        let endpoint: AdminEndpoint
        let address: SocketAddress
    }

    private struct State {
        var proxy: (any StatusSource)?
        var loops: [EventLoop] = []
        var current: Open?
        /// What a reload is about to put in the place of `current`.
        var next: Open?
        /// Whether the reload leaves no endpoint.
        var removesCurrent = false
        /// Where `current` was, where it had to give its port up before `next` could have it.
        var gaveWay: SocketAddress?
    }

    private let journal: Journal
    private let state = Mutex(State())

    init(journal: Journal) {
        self.journal = journal
    }

    func start(
        beside proxy: any StatusSource,
        loops: [EventLoop],
        settings: ProxySettings
    ) async throws(StartFailure) {
        state.withLock { state in
            state.proxy = proxy
            state.loops = loops
        }
        guard let address = settings.process.admin else { return }
        let open = try await self.open(address)
        state.withLock { $0.current = open }
    }

    func prepare(_ settings: ProxySettings) async throws(StartFailure) {
        let current = state.withLock { $0.current?.address }
        guard settings.process.admin != current else { return }
        guard let address = settings.process.admin else { return state.withLock { $0.removesCurrent = true } }
        // The same port at another address can mostly be had only once it is free.
        if let current, current.port == address.port && current.port > 0 {
            let old = state.withLock { state in
                state.gaveWay = current
                defer { state.current = nil }
                return state.current
            }
            await old?.endpoint.close()
        }
        do throws(StartFailure) {
            let next = try await open(address)
            state.withLock { $0.next = next }
        } catch {
            await abandon()
            throw error
        }
    }

    func adopt() async {
        let old: Open? = state.withLock { state in
            guard state.next != nil || state.removesCurrent else { return nil }
            let old = state.current
            state.current = state.next
            state.next = nil
            state.removesCurrent = false
            state.gaveWay = nil
            return old
        }
        await old?.endpoint.close()
    }

    func abandon() async {
        let (next, gaveWay) = state.withLock { state in
            defer {
                state.next = nil
                state.removesCurrent = false
                state.gaveWay = nil
            }
            return (state.next, state.gaveWay)
        }
        await next?.endpoint.close()
        guard let gaveWay else { return }
        do throws(StartFailure) {
            let back = try await open(gaveWay)
            state.withLock { $0.current = back }
        } catch {
            for problem in error.problems {
                journal.event(.error, "the admin endpoint is gone", ["problem": .text(problem)])
            }
        }
    }

    func close() async {
        let (current, next) = state.withLock { ($0.current, $0.next) }
        await next?.endpoint.close()
        await current?.endpoint.close()
    }

    private func open(_ address: SocketAddress) async throws(StartFailure) -> Open {
        let (proxy, loops) = state.withLock { ($0.proxy, $0.loops) }
        guard let proxy else { preconditionFailure("the attachment was started") }
        let endpoint = AdminEndpoint(
            loop: loops[0],
            pages: [
                LivenessPage(loops: loops), ReadinessPage(proxy), MetricsPage(proxy, loop: loops[0]),
                StatusPage(proxy, loop: loops[0]), StatusSchemaPage(), DashboardPage(),
            ]
        )
        do throws(AdminBindFailure) {
            let bound = try await endpoint.open(address)
            journal.event(.notice, "admin endpoint listening", ["address": .address(bound)])
        } catch {
            throw StartFailure(problems: [error.description])
        }
        return Open(endpoint: endpoint, address: address)
    }
}
