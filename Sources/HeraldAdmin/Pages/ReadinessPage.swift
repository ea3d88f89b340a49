package import HeraldCore

/// `/readyz`: whether a new client would be served.
package struct ReadinessPage: AdminPage {
    package let path = "/readyz"
    private let source: any ReadinessSource

    package init(_ source: any ReadinessSource) {
        self.source = source
    }

    package func answer() async -> AdminAnswer {
        let report = await source.readiness
        return report.isReady ? .text(.ok, "ready") : .json(.serviceUnavailable, report.json)
    }

    /// It holds nothing.
    package func close() {}
}
