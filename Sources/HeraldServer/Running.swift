import HeraldCore
import LibUV
import NetworkAddress

/// A backend that runs.
struct RunningBackend {
    let pool: BackendPool
    /// What each loop has of it.
    let locals: [LoopBound<LocalPool>]
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
    let settings: FrontendSettings
    let gate: SessionGate
    /// One for each loop.
    let actors: [Frontend]
    /// One for each bind.
    let keys: [BindTable.Key]
    /// What is listened on, one for each bind.
    var addresses: [SocketAddress]
}
