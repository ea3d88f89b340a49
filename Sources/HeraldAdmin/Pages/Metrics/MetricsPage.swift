package import HeraldCore
package import LibUV

/// `/metrics`: what Prometheus collects.
package struct MetricsPage: AdminPage {
    package let path = "/metrics"
    private let shared: SharedAnswer

    /// - Parameter loop: the control loop.
    package init(_ source: any StatusSource, loop: EventLoop) {
        shared = SharedAnswer(loop: loop) {
            let bytes = await Exposition.bytes(of: source.status, on: loop)
            return AdminAnswer(.ok, type: "text/plain; version=0.0.4; charset=utf-8", body: bytes)
        }
    }

    package func answer() async -> AdminAnswer {
        await shared.answer()
    }

    package func close() async {
        await shared.close()
    }
}

extension Exposition {
    /// What a server's samples take, about.
    private static let bytesPerServer = 2048

    /// All families, with turns for the loop's sessions in between.
    static func bytes(of status: ProxyStatus, on loop: EventLoop) async -> [UInt8] {
        var turns = WorkTurns(on: loop)
        let serverCount = status.backends.reduce(0) { $0 + $1.servers.count }
        var text = Exposition(reserving: (serverCount + 16) * bytesPerServer)
        await text.write(ProcessMetrics.all, of: [LabelledSubject(labels: .none, value: status)], &turns)
        await text.write(
            LoopMetrics.all,
            of: status.loops.enumerated().map { index, loop in
                LabelledSubject(labels: MetricLabels(["loop": "\(index)"]), value: loop)
            },
            &turns
        )
        await text.write(
            FrontendMetrics.all,
            of: status.frontends.map { LabelledSubject(labels: MetricLabels(["frontend": $0.name]), value: $0) },
            &turns
        )
        await text.write(
            BackendMetrics.all,
            of: status.backends.map { LabelledSubject(labels: MetricLabels(["backend": $0.name]), value: $0) },
            &turns
        )
        var servers: [LabelledSubject<ServerStatus>] = []
        servers.reserveCapacity(serverCount)
        for backend in status.backends {
            servers += backend.servers.map { server in
                LabelledSubject(labels: MetricLabels(["backend": backend.name, "server": server.name]), value: server)
            }
            await turns.next()
        }
        await text.write(ServerMetrics.all, of: servers, &turns)
        return text.bytes
    }

    private mutating func write<Subject>(
        _ families: [MetricFamily<Subject>],
        of subjects: [LabelledSubject<Subject>],
        _ turns: inout WorkTurns
    ) async {
        for family in families {
            write(family, of: subjects)
            await turns.next()
        }
    }
}
