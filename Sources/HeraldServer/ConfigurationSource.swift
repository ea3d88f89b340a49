package import HeraldCore
import LibUV

/// The file that the settings come from, for who has to read it again.
package struct ConfigurationSource: Sendable {
    package let path: String
    /// Whether it is to be read again by itself when it has changed.
    package let isWatched: Bool
    /// Of the file before it was read for the start.
    let firstMark: SystemInformation.FileMark?
    private let read: @Sendable () throws(StartFailure) -> ProxySettings

    /// To be made before the file is read for the start.
    ///
    /// - Parameter read: reads and checks the whole file, with what the command line says in place of it; called on a thread
    ///   of its own.
    package init(
        path: String,
        isWatched: Bool,
        read: @escaping @Sendable () throws(StartFailure) -> ProxySettings
    ) {
        self.path = path
        self.isWatched = isWatched
        firstMark = SystemInformation.fileMark(path)
        self.read = read
    }

    /// Reads the file without holding the loop up.
    func settings(_ loop: EventLoop) async throws(StartFailure) -> ProxySettings {
        var thread: Thread?
        let result: Result<ProxySettings, StartFailure> = await withCheckedContinuation { continuation in
            let work: @Sendable () -> Void = { [read] in
                let result = Result { () throws(StartFailure) in try read() }
                loop.execute { continuation.resume(returning: result) }
            }
            // Where no thread can be had, the loop has to wait.
            do throws(UVError) { thread = try Thread(work) } catch { work() }
        }
        thread?.join()
        return try result.get()
    }

    /// Changes when the file does: when it is written, replaced, or reached by a link that leads elsewhere now.
    func mark() -> SystemInformation.FileMark? {
        SystemInformation.fileMark(path)
    }
}
