package import NetworkAddress

/// What is said in one check once the connection stands, and what to make of the answer: no bytes move here.
///
/// Ask `begin` once, and then tell what comes; each answer is what to do next. After `passed` or `failed` nothing more is
/// to be told.
package struct CheckExchange: Sendable {
    package enum Move: Hashable, Sendable {
        /// Send this, which may be nothing, and wait for the server.
        case goOn(send: [UInt8])
        /// Nothing more will be said: send a FIN, and wait for the server's for `Limits.checkHeaderReplyTimeout` at most.
        case hearOut
        /// Send this, which may be nothing: whatever comes of it, the server has passed.
        case passed(send: [UInt8])
        case failed(ServerFailure)
    }

    /// What one kind of check has yet to see. Each is told of the same events.
    private enum Kind: Sendable {
        case connection
        case header
        case http(HTTPExchange)
        case dialogue(DialogueExchange)
    }

    private var kind: Kind
    private let hasHeader: Bool
    private var opening = AnswerOpening()

    /// - Parameters:
    ///   - hasHeader: whether a PROXY header is sent first.
    ///   - server: where the check goes, for HTTP's Host field.
    package init(_ kind: HealthCheckSettings.Kind, hasHeader: Bool, server: SocketAddress) {
        self.hasHeader = hasHeader
        self.kind =
            switch kind {
            case .tcp: hasHeader ? .header : .connection
            case .http(let settings): .http(HTTPExchange(settings, server: server))
            case .dialogue(let steps): .dialogue(DialogueExchange(steps))
            }
    }

    /// Whether the server has said all that it had to say, so that no byte of it is on its way.
    package var isAnswerComplete: Bool {
        switch kind {
        case .http(let exchange): exchange.isComplete
        case .connection, .header, .dialogue: false
        }
    }

    /// The connection stands, and what `begin` says is to be sent right behind the header.
    package mutating func begin() -> Move {
        switch kind {
        case .connection:
            return .passed(send: [])
        case .header:
            return .hearOut
        case .http(let exchange):
            return .goOn(send: exchange.request)
        case .dialogue(var exchange):
            let move = exchange.begin()
            kind = .dialogue(exchange)
            return move
        }
    }

    package mutating func received(_ bytes: RawSpan) -> Move {
        opening.append(bytes)
        switch kind {
        case .connection:
            return .passed(send: [])
        case .header:
            // Whoever answers otherwise may have understood the header or not: its protocol isn't known here.
            return switch opening.isBadRequest {
            case true?: .failed(.headerNotUnderstood(.badRequest))
            case false?: .passed(send: [])
            case nil: .goOn(send: [])
            }
        case .http(var exchange):
            let move = exchange.received(bytes, opening)
            kind = .http(exchange)
            if hasHeader, case .failed(.status(400, _)) = move { return .failed(.headerNotUnderstood(.badRequest)) }
            return move
        case .dialogue(var exchange):
            let move = exchange.received(bytes)
            kind = .dialogue(exchange)
            return orHeaderFault(move)
        }
    }

    /// The server has sent its FIN.
    package func ended() -> Move {
        switch kind {
        case .connection, .header:
            return .passed(send: [])
        case .http, .dialogue:
            if opening.byteCount == 0 {
                return .failed(hasHeader ? .headerNotUnderstood(.closed) : .closedEarly)
            }
            return orHeaderFault(.failed(failure(atEnd: .closedEarly)))
        }
    }

    /// The server has cut the connection off.
    package func reset() -> Move {
        switch kind {
        case .connection: .passed(send: [])
        case .header: .failed(.headerNotUnderstood(.reset))
        case .http, .dialogue:
            hasHeader && opening.byteCount == 0 ? .failed(.headerNotUnderstood(.reset)) : .failed(.reset)
        }
    }

    /// The time is over that `begin` or the check's timeout has set.
    package func timedOut(after limit: Duration) -> Move {
        switch kind {
        case .connection, .header:
            return .passed(send: [])
        case .http(let exchange):
            guard let expected = exchange.awaitedText else { return .failed(.timedOut(after: limit, .answering)) }
            return .failed(.timedOutWithout(expected, answer: exchange.body.quoted, after: limit))
        case .dialogue(let exchange):
            guard opening.byteCount > 0, let expected = exchange.awaitedText else {
                return .failed(.timedOut(after: limit, .answering))
            }
            return orHeaderFault(.failed(.timedOutWithout(expected, answer: opening.quoted, after: limit)))
        }
    }

    private func failure(atEnd other: ServerFailure) -> ServerFailure {
        switch kind {
        case .http(let exchange): exchange.failureAtEnd ?? other
        case .dialogue(let exchange):
            exchange.awaitedText.map { .unexpectedAnswer(opening.quoted, expected: $0) } ?? other
        case .connection, .header: other
        }
    }

    /// A dialogue that failed with the answer of a web server, to which the header was the broken request.
    private func orHeaderFault(_ move: Move) -> Move {
        guard case .failed = move, case .dialogue = kind, hasHeader, opening.isBadRequest == true else { return move }
        return .failed(.headerNotUnderstood(.badRequest))
    }
}
