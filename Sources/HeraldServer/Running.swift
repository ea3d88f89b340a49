import HeraldCore
import LibUV
import NetworkAddress

/// A backend that runs.
struct RunningBackend {
    let pool: BackendPool
    /// What each loop has of it.
    let locals: [LoopBound<LocalPool>]
    /// Counts its sessions, without a limit.
    let gate = SessionGate(limit: .max)
    /// One for each of the settings' discoveries.
    var discoveries: [Discovery]
    /// Follow the name service.
    var followers: [Task<Void, Never>] = []

    /// Nothing is checked or looked up any more; sessions go on.
    func stop() async {
        for follower in followers { follower.cancel() }
        await pool.stopChecks()
    }
}

/// A frontend that runs.
struct RunningFrontend {
    /// What the log tells of a bind.
    struct Listening: Hashable {
        let frontend: String
        let backend: String
        let acceptsProxy: Bool
        let address: SocketAddress
    }

    let settings: FrontendSettings
    /// Its backend's name.
    let backend: String
    let gate: SessionGate
    /// One for each loop.
    let actors: [Frontend]
    /// One for each bind.
    let keys: [BindTable.Key]
    /// What is listened on, one for each bind.
    var addresses: [SocketAddress]

    /// Each bind, once it is open.
    var listening: [(BindTable.Key, Listening)] {
        zip(keys, zip(settings.binds, addresses)).map { key, bind in
            let acceptsProxy = bind.0.acceptProxy != nil
            return (
                key,
                Listening(frontend: settings.name, backend: backend, acceptsProxy: acceptsProxy, address: bind.1)
            )
        }
    }
}
