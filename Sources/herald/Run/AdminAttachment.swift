import HeraldAdmin
import HeraldCore
import HeraldServer
import NetworkAddress

/// Puts the admin endpoint beside a proxy.
enum AdminAttachment {
    static func at(_ address: SocketAddress, journal: Journal) -> ProxyAttachment {
        { proxy, loops throws(StartFailure) in
            let endpoint = AdminEndpoint(
                loop: loops[0],
                pages: [LivenessPage(loops: loops), ReadinessPage(proxy)]
            )
            do throws(AdminBindFailure) {
                let bound = try await endpoint.open(address)
                journal.event(.notice, "admin endpoint listening", ["address": .address(bound)])
            } catch {
                throw StartFailure(problems: [error.description])
            }
            return { await endpoint.close() }
        }
    }
}
