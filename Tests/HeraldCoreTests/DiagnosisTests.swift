import HeraldCore
import NetworkAddress
import ProxyProtocol
import Testing

@Suite struct DiagnosisTests {
    private static let place = Diagnosis.Place(frontend: "web", bind: "0.0.0.0:80")
    private static let gateway = IPAddress.v4(IPv4Address(172, 17, 0, 1))

    static let all: [(Diagnosis, String)] =
        MalformedHeader.Stranger.allCases.map { (.headerMissing(place, found: $0), "header-missing") } + [
            (.headerUnexpected(place), "header-unexpected"),
            (.headerLate(place, peer: gateway, limit: .seconds(5)), "header-late"),
            (.clientsBehindGateway(frontend: "web", gateway: gateway), "clients-behind-gateway"),
            (.headerRefused(backend: "pool", server: "s1", .badRequest), "header-refused"),
            (.headerRefused(backend: "pool", server: "s1", .reset), "header-refused"),
        ]

    @Test(arguments: all)
    func eachIsOneWarningInPlainWords(diagnosis: Diagnosis, cause: String) {
        #expect(diagnosis.cause.name == cause)
        #expect(diagnosis.line(at: Timestamp(microsecondsSince1970: 0)).level == .warning)
        for text in [diagnosis.finding, diagnosis.advice, diagnosis.text] {
            #expect(text.utf8.count <= Limits.maximumLogValueBytes, "nothing of it is cut")
            #expect(text.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        }
        #expect(diagnosis.text.contains(diagnosis.finding))
        #expect(diagnosis.text.contains(diagnosis.advice))
        var bytes: [UInt8] = []
        diagnosis.line(at: Timestamp(microsecondsSince1970: 0)).append(to: &bytes, as: .text)
        #expect(String(decoding: bytes, as: UTF8.self).contains(" warning diagnosis cause=\(cause) "))
    }

    /// Whether it is new.
    private func add(_ diagnosis: Diagnosis, to list: inout DiagnosisList) -> Bool {
        list.add(diagnosis)
    }

    @Test func eachCauseIsToldOnce() {
        var list = DiagnosisList()
        #expect(add(.headerMissing(DiagnosisTests.place, found: .http), to: &list))
        #expect(!add(.headerMissing(DiagnosisTests.place, found: .tls), to: &list), "the cause is the same")
        #expect(add(.headerUnexpected(DiagnosisTests.place), to: &list))
        #expect(add(.headerMissing(Diagnosis.Place(frontend: "web", bind: "[::]:80"), found: .tls), to: &list))
        #expect(add(.headerRefused(backend: "pool", server: "s1", .reset), to: &list))
        #expect(!add(.headerRefused(backend: "pool", server: "s1", .badRequest), to: &list))
        #expect(add(.headerRefused(backend: "pool", server: "s2", .badRequest), to: &list))
        #expect(list.all.count == 5)
    }

    @Test func noMoreAreKeptThanTheLimit() {
        var list = DiagnosisList()
        for number in 0..<(Limits.maximumDiagnoses * 2) {
            let isNew = list.add(.headerRefused(backend: "pool", server: "s\(number)", .reset))
            #expect(isNew == (number < Limits.maximumDiagnoses))
        }
        #expect(list.all.count == Limits.maximumDiagnoses)
    }

    // MARK: Gateway

    @Test func onlyIfAllFirstClientsComeFromTheGatewayIsItToBlame() {
        var watch = GatewayWatch(gateway: DiagnosisTests.gateway)
        for _ in 1..<Limits.sessionsUntilGateway {
            #expect(watch.accepted(DiagnosisTests.gateway) == .open)
        }
        #expect(watch.accepted(DiagnosisTests.gateway) == .allBehindGateway)
        #expect(watch.accepted(.v4(IPv4Address(10, 0, 0, 1))) == .allBehindGateway)
    }

    @Test(arguments: [1, 2, Limits.sessionsUntilGateway])
    func oneClientFromElsewhereIsEnoughForTheContrary(number: Int) {
        var watch = GatewayWatch(gateway: DiagnosisTests.gateway)
        for _ in 1..<number { #expect(watch.accepted(DiagnosisTests.gateway) == .open) }
        #expect(watch.accepted(.v4(IPv4Address(172, 17, 0, 2))) == .innocent)
        for _ in 0..<100 { #expect(watch.accepted(DiagnosisTests.gateway) == .innocent) }
    }

    private static let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

    @Test(
        arguments: [
            ("eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", gateway),
            (
                "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\neth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0  \n",
                gateway
            ),
            ("eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n", nil),
            ("eth0\t00000000\t010011AC\t0002\t0\t0\t0\t00000000\t0\t0\t0\n", nil),
            ("eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000080\t0\t0\t0\n", nil),
            ("eth0\t00000000\t010011ZZ\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", nil), ("eth0\t00000000\t0100", nil),
            ("", nil),
        ] as [(String, IPAddress?)]
    )
    func theDefaultGatewayIsReadFromTheKernelsTable(lines: String, gateway: IPAddress?) {
        #expect(RouteTable.defaultGateway(in: DiagnosisTests.head + lines) == gateway)
    }

    // MARK: First bytes

    @Test(arguments: [
        ("HTTP/1.1 400 Bad Request\r\n", true), ("HTTP/1.0 400", true), ("HTTP/1.1 200 OK\r\n", false),
        ("HTTP/1.1 404 Not", false), ("HTTP/2.0 400 Bad", false), ("HTTP/1.1 40", false), ("", false),
        ("SSH-2.0-OpenSSH_9.2", false), ("<html><center>400", false),
    ])
    func aRefusalByHTTPIsKnownByItsFirstBytes(text: String, isRefusal: Bool) {
        let bytes = Array(text.utf8)
        // Safe: the bytes outlive the call.
        let answer = unsafe bytes.span.bytes
        #expect(FirstAnswer.isBadRequest(answer) == isRefusal)
    }
}
