package import HeraldCore
import NetworkAddress
import Synchronization

/// What was diagnosed since the last reload, over all loops; the log is told of each.
package final class Diagnoses: Sendable {
    private let journal: Journal
    private let list = Mutex(DiagnosisList())

    package init(_ journal: Journal) {
        self.journal = journal
    }

    package var all: [Diagnosis] { list.withLock { $0.all } }

    /// From any loop; a cause that is known already is not told again.
    func add(_ diagnosis: Diagnosis) {
        guard list.withLock({ $0.add(diagnosis) }) else { return }
        journal.event(diagnosis.line(at: .now))
    }

    /// Other settings hold from now on: what is still wrong is told again.
    func forget() {
        list.withLock { $0 = DiagnosisList() }
    }
}

/// One frontend's first clients, over all loops.
final class SharedGatewayWatch: Sendable {
    let gateway: IPAddress
    private let watch: Mutex<GatewayWatch>

    init(gateway: IPAddress) {
        self.gateway = gateway
        watch = Mutex(GatewayWatch(gateway: gateway))
    }

    func accepted(_ peer: IPAddress) -> GatewayWatch.Verdict {
        watch.withLock { $0.accepted(peer) }
    }
}
