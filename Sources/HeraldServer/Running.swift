import HeraldCore
import LibUV
import NetworkAddress

/// A backend that runs.
struct RunningBackend {
    let pool: BackendPool
    /// What each loop has of it.
    let locals: [LoopBound<LocalPool>]
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
