import HeraldCore
import NetworkAddress

/// A check's talk with a server that answers in pieces, and in the end does one thing more.
struct CheckTalk {
    enum Ending {
        /// Says nothing more, and leaves the connection open.
        case silence
        case fin
        case reset
        /// Says nothing until the time is over, which is 2 s.
        case timeout
    }

    static let server = SocketAddress(.v4(IPv4Address(10, 0, 0, 1)), port: 3000)

    /// All that the check has sent.
    private(set) var sent: [UInt8] = []
    /// `passed`, `hears out`, `goes on`, or why it failed.
    private(set) var verdict = "goes on"
    private(set) var exchange: CheckExchange
    private var isOver = false

    init(
        _ kind: HealthCheckSettings.Kind,
        hasHeader: Bool = false,
        answer pieces: [[UInt8]] = [],
        then ending: Ending = .silence
    ) {
        exchange = CheckExchange(kind, hasHeader: hasHeader, server: Self.server)
        follow(exchange.begin())
        for piece in pieces where !isOver && !piece.isEmpty { follow(exchange.received(piece)) }
        if isOver { return }
        switch ending {
        case .silence: break
        case .fin: follow(exchange.ended())
        case .reset: follow(exchange.reset())
        case .timeout: follow(exchange.timedOut(after: .seconds(2)))
        }
    }

    /// The same for an answer in one piece.
    init(_ kind: HealthCheckSettings.Kind, hasHeader: Bool = false, answer: String, then ending: Ending = .silence) {
        self.init(kind, hasHeader: hasHeader, answer: [Array(answer.utf8)], then: ending)
    }

    var sentText: String { String(decoding: sent, as: UTF8.self) }

    private mutating func follow(_ move: CheckExchange.Move) {
        switch move {
        case .goOn(let bytes):
            sent += bytes
        case .hearOut:
            verdict = "hears out"
        case .passed(let bytes):
            sent += bytes
            verdict = "passed"
            isOver = true
        case .failed(let failure):
            verdict = failure.description
            isOver = true
        }
    }

    /// What comes of the answer in one piece, in every two, and byte by byte: one verdict, where pieces don't matter.
    static func verdicts(
        _ kind: HealthCheckSettings.Kind,
        hasHeader: Bool = false,
        answer: String,
        then ending: Ending = .silence
    ) -> Set<String> {
        let bytes = Array(answer.utf8)
        var ways = bytes.indices.map { [Array(bytes[..<$0]), Array(bytes[$0...])] }
        ways.append(bytes.map { [$0] })
        return Set(ways.map { CheckTalk(kind, hasHeader: hasHeader, answer: $0, then: ending).verdict })
    }
}

extension CheckExchange {
    fileprivate mutating func received(_ bytes: [UInt8]) -> Move {
        unsafe received(bytes.span.bytes)
    }
}
