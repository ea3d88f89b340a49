internal import ProxyProtocol

/// Looks at the first bytes of a client that may not announce itself: what could pass for a PROXY header at a server
/// behind is refused; what can't is passed on.
package struct SignatureGuard: Sendable {
    package enum Action: Equatable, Sendable {
        case needMore
        /// All that was held, and what came now.
        case forward([UInt8])
        case refuse
    }

    private var held: [UInt8] = []

    package init() {}

    /// More bytes came. Not to be called again once it has answered otherwise than `needMore`.
    package mutating func received(_ bytes: RawSpan) -> Action {
        held.append(contentsOf: bytes)
        return switch HeaderPrefix.of(held.span) {
        case .possible: .needMore
        case .certain: .refuse
        case .none: .forward(held)
        }
    }

    /// The client has sent its FIN: what was held can't become a signature any more.
    package func ended() -> [UInt8] { held }
}
