package import HeraldCore
package import LibUV

/// `/status`: all of the status as JSON, for programs and for the page at `/`; `status.schema.json` describes it.
package struct StatusPage: AdminPage {
    package let path = "/status"
    private let shared: SharedAnswer

    /// - Parameter loop: the control loop.
    package init(_ source: any StatusSource, loop: EventLoop) {
        shared = SharedAnswer(loop: loop) {
            let bytes = await StatusDocument.bytes(of: source.status, on: loop)
            return AdminAnswer(.ok, type: "application/json", body: bytes)
        }
    }

    package func answer() async -> AdminAnswer {
        await shared.answer()
    }

    package func close() async {
        await shared.close()
    }
}

/// `/status.schema.json`: what `/status` has in it.
package struct StatusSchemaPage: AdminPage {
    package let path = "/status.schema.json"
    private let schema = AdminAnswer(
        .ok,
        type: "application/schema+json",
        body: PackageResources.status_schema_json
    )

    package init() {}

    package func answer() -> AdminAnswer { schema }

    /// It holds nothing.
    package func close() {}
}
