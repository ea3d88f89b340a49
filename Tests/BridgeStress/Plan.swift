/// How one connection goes, and which way it ends. Its number is the client's first byte.
enum Plan: UInt8, CaseIterable {
    /// The server sends everything back; the client is done first.
    case echo
    /// The server answers, and is done first.
    case serverEnds
    /// The client is done with its first byte; only then the server answers.
    case halfClosed
    /// The client resets in the middle of the answer.
    case clientResets
    /// The server resets in the middle of the question.
    case serverResets
    /// The client reads nothing for a while, so that the server has to hold bytes.
    case stall
    /// The client closes while it connects.
    case canceled
    /// Nobody listens there.
    case refused

    /// Bytes of the question, its first byte included.
    func questionBytes(_ random: inout SplitMix) -> Int {
        switch self {
        case .echo: 1 + random.next(below: 40_000)
        case .halfClosed, .canceled, .refused: 1
        case .serverEnds, .clientResets, .serverResets, .stall: 1 + random.next(below: 2000)
        }
    }

    /// Bytes of the answer that is no echo.
    var answerBytes: Int {
        switch self {
        case .echo, .canceled, .refused: 0
        case .serverEnds: 1000
        case .halfClosed: 100_000
        case .clientResets: 30_000
        case .serverResets: 5000
        // More than the buffers of both ends take.
        case .stall: 6_000_000
        }
    }

    /// Stalls move as many bytes as hundreds of others, and half-closed ones end in TIME_WAIT, so both are few.
    static func next(_ random: inout SplitMix) -> Plan {
        let choice = random.next(below: 1000)
        switch choice {
        case 0..<3: return .stall
        case 3..<250: return .echo
        case 250..<430: return .serverEnds
        case 430..<470: return .halfClosed
        case 470..<620: return .clientResets
        case 620..<760: return .serverResets
        case 760..<900: return .canceled
        default: return .refused
        }
    }
}

/// Random numbers that a run can repeat: SplitMix64.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
