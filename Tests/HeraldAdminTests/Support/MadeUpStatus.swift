import HeraldAdmin
import HeraldCore
import NetworkAddress

/// A process that is said to be so.
struct MadeUpSource: StatusSource {
    let status: ProxyStatus

    var readiness: ReadinessReport { status.readiness }
}

enum MadeUp: CaseIterable {
    case empty
    case full
    case large

    var status: ProxyStatus {
        switch self {
        case .empty: .empty
        case .full: .full()
        case .large: .full(serverCount: 500)
        }
    }
}

extension ProxyStatus {
    /// Nothing is there yet.
    static let empty = ProxyStatus(
        version: "1.2.3",
        takenAt: Timestamp(microsecondsSince1970: 1_795_427_123_456_789),
        startedAt: Timestamp(microsecondsSince1970: 1_795_427_000_000_000),
        uptime: .microseconds(123_456_789),
        phase: .starting,
        readiness: ReadinessReport(reasons: [.starting]),
        configuration: Configuration(loadedAt: Timestamp(microsecondsSince1970: 1_795_427_000_500_000))
    )

    /// Something of everything; names as hard to write as they could be.
    static func full(serverCount: Int = 12) -> ProxyStatus {
        var status = empty
        status.phase = .running
        status.readiness = ReadinessReport(reasons: [.noServer(frontend: "web", backend: "b\"1\\\n")])
        status.configuration.file = "/etc/herald/ü \"x\".yaml"
        status.configuration.generation = 3
        status.configuration.failedReloads = 2
        status.configuration.problems = ["herald.yaml:3:1: error: a\tb"]
        status.sessionCount = 7
        status.sessionLimit = 20_000
        status.sessionTotal = .max
        status.residentBytes = 12_345_678
        status.cpuTime = .milliseconds(1500)
        status.openFiles = 40
        status.openFileLimit = 1024
        status.droppedLogLines = 5
        status.diagnoses = ["a PROXY header came to 0.0.0.0:25, which has no accept-proxy"]
        status.loops = (0..<2).map { LoopStatus(sessionCount: $0, lag: .some) }
        status.frontends = [.full("web"), .full("a \"b\"\\c\nd"), .quiet("quiet")]
        status.backends = [
            BackendStatus(
                name: "b\"1\\\n",
                balance: .leastconn,
                queueLength: 3,
                queueLimit: 100,
                servers: (0..<serverCount).map { .numbered($0) }
            ),
            BackendStatus(name: "none", balance: .first, queueLength: 0, queueLimit: nil, servers: []),
        ]
        return status
    }
}

extension FrontendStatus {
    static let peer = SocketAddress(.v4(IPv4Address(203, 0, 113, 77)), port: 40_001)

    static func full(_ name: String) -> FrontendStatus {
        var counts = FrontendCounts()
        counts.sessions = 1000
        counts.bytesFromClients = 123
        counts.bytesFromServers = 456_789
        for (kind, count) in zip(SessionRecord.Header.allCases, 3...) { counts.headers[kind] += UInt64(count) }
        counts.endings = [
            FrontendCounts.Ending(.completed): 900,
            FrontendCounts.Ending(.headerMalformed(label: "http", description: "an HTTP request")): 12,
            FrontendCounts.Ending(.headerMalformed(label: "tls", description: "a TLS hello")): 13,
            FrontendCounts.Ending(.connectFailed(.refused)): 14,
            FrontendCounts.Ending(.headerTimeout): 15,
        ]
        counts.acceptErrors = 1
        counts.headerLatency = .some
        counts.connectLatency = .some
        counts.retries = 2
        counts.queued = 6
        return FrontendStatus(
            name: name,
            binds: [Bind(address: "0.0.0.0:80", acceptsProxy: true), Bind(address: "[::]:81", acceptsProxy: false)],
            backend: "b\"1\\\n",
            sessionCount: 4,
            sessionLimit: 1000,
            counts: counts,
            headerErrors: [
                HeaderError(
                    time: ProxyStatus.empty.takenAt,
                    peer: peer,
                    bind: "0.0.0.0:80",
                    ending: "header-malformed/http",
                    detail: "found \"GET\", expected \u{1b}[31ma header"
                ),
                HeaderError(
                    time: ProxyStatus.empty.startedAt,
                    peer: peer,
                    bind: "0.0.0.0:80",
                    ending: "header-timeout",
                    detail: nil
                ),
            ]
        )
    }

    static func quiet(_ name: String) -> FrontendStatus {
        FrontendStatus(
            name: name,
            binds: [Bind(address: "0.0.0.0:25", acceptsProxy: false)],
            backend: "none",
            sessionCount: 0,
            sessionLimit: nil,
            counts: FrontendCounts(),
            headerErrors: []
        )
    }
}

extension ServerStatus {
    /// All states, checks and announcements take their turns.
    static func numbered(_ number: Int) -> ServerStatus {
        var counts = ServerCounts()
        counts.sessions = UInt64(number) * 1000
        counts.bytesFromClients = UInt64(number) * 1_000_000
        counts.bytesFromServer = UInt64(number) * 1_000_000_000
        counts.failedConnects = UInt64(number)
        counts.passedChecks = 10
        if number % 3 == 1 { counts.failedChecks = ["refused": 3, "timeout": 4] }
        let outcomes: [CheckOutcome?] = [.passed(latency: .microseconds(312)), .failed(.refused), nil]
        let announcements: [Announcement] = [.none, .version1, .version2(Version2Options())]
        return ServerStatus(
            name: "s\(number)",
            address: SocketAddress(.v4(IPv4Address(10, 0, UInt8(number >> 8 & 255), UInt8(number & 255))), port: 3000),
            state: ServerState.allCases[number % ServerState.allCases.count],
            heldFor: .milliseconds(number * 1001),
            reason: number % 2 == 0 ? nil : "connection refused",
            weight: number % 4,
            isBackup: number % 7 == 1,
            isDiscovered: number % 5 == 1,
            announcement: announcements[number % 3],
            sessionCount: number,
            sessionLimit: number % 2 == 0 ? nil : 500,
            counts: counts,
            isChecked: number % 6 != 5,
            lastCheck: outcomes[number % 3]
        )
    }
}

extension Histogram {
    /// One of 200 µs, two of 3 ms, one of a minute.
    static let some: Histogram = {
        var histogram = Histogram()
        for nanoseconds: UInt64 in [200_000, 3_000_000, 3_000_000, 60_000_000_000] {
            histogram.record(nanoseconds: nanoseconds)
        }
        return histogram
    }()
}

extension AdminAnswer {
    var text: String { String(decoding: body.bytes, as: UTF8.self) }
}
