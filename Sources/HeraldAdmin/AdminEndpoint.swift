import HeraldCore
package import LibUV
package import NetworkAddress

/// The admin address could not be opened.
package struct AdminBindFailure: Error, Sendable, CustomStringConvertible {
    package let address: SocketAddress
    package let error: UVError

    package var description: String { "admin: can't listen on \(address): \(error.listeningReason)" }
}

/// How long the endpoint's clients may take.
package struct AdminTimeouts: Hashable, Sendable {
    package var head = Limits.adminHeadTimeout
    package var reply = Limits.adminReplyTimeout
    package var farewell = Limits.adminFarewellTimeout

    package init() {}
}

/// Where orchestrators and people ask how the process is: HTTP/1.x, GET and HEAD, one request a connection.
///
/// Lives on the control loop, beside its sessions, and is bounded so that no client of it can hurt them.
package actor AdminEndpoint: LoopActor {
    package nonisolated let loop: EventLoop
    private let pages: [any AdminPage]
    private let timeouts: AdminTimeouts
    private var listener: TCPListener?
    /// Runs while the listener rests.
    private var acceptPause: Timer?
    /// The oldest first.
    private var connections: [LoopBound<AdminConnection>] = []
    /// Of clients that are gone, too.
    private var answersUnderWay = 0

    /// - Parameters:
    ///   - loop: the control loop.
    ///   - pages: each with a path of its own.
    package init(loop: EventLoop, pages: [any AdminPage], timeouts: AdminTimeouts = AdminTimeouts()) {
        self.loop = loop
        self.pages = pages
        self.timeouts = timeouts
    }

    /// Connections that are open now.
    package var connectionCount: Int { connections.count }

    /// Listens and answers from now on.
    ///
    /// - Returns: the address, with the port that the kernel chose where 0 was asked for.
    package func open(_ address: SocketAddress) throws(AdminBindFailure) -> SocketAddress {
        var options = TCPListener.Options()
        options.backlog = Int32(Limits.listenBacklog)
        options.acceptsPerTurn = Limits.adminAcceptsPerTurn
        do throws(UVError) {
            let listener = try TCPListener(
                loop: loop,
                address: address,
                options: options,
                onAccept: { [unowned self] stream, _ in assumeIsolated { $0.accepted(stream) } },
                onError: { [unowned self] _ in assumeIsolated { $0.rest() } }
            )
            self.listener = listener
            listener.resume()
            return listener.localAddress ?? address
        } catch {
            throw AdminBindFailure(address: address, error: error)
        }
    }

    /// Closes everything; answers that are under way are not sent any more.
    package func close() async {
        listener?.close()
        listener = nil
        acceptPause?.close()
        for connection in connections { connection.value.close() }
        for page in pages { await page.close() }
    }

    private func accepted(_ stream: TCPStream) {
        if connections.count >= Limits.maximumAdminConnections && !makeRoom() { return stream.reset() }
        let connection = AdminConnection(stream, endpoint: self, timeouts: timeouts)
        connections.append(LoopBound(connection, loop: loop))
        connection.start()
    }

    /// Closes the oldest connection that can be closed.
    private func makeRoom() -> Bool {
        connections.contains { $0.value.yieldPlace() }
    }

    /// Out of descriptors or memory: the pending client would wake the loop again at once.
    private func rest() {
        let timer = acceptPause ?? Timer(loop: loop)
        acceptPause = timer
        timer.start(after: Limits.acceptPause) { [unowned self] in assumeIsolated { $0.listener?.resume() } }
    }

    // MARK: Called by connections

    func received(_ request: HTTPRequest, on connection: LoopBound<AdminConnection>) {
        guard let page = pages.first(where: { $0.path == request.path }) else {
            return connection.value.answer(.refusal(.notFound))
        }
        guard answersUnderWay < Limits.maximumAdminConnections else {
            return connection.value.answer(.refusal(.serviceUnavailable))
        }
        answersUnderWay += 1
        loop.spawn { [self] in await finish(page.answer(), on: connection) }
    }

    private func finish(_ answer: AdminAnswer, on connection: LoopBound<AdminConnection>) {
        answersUnderWay -= 1
        connection.value.answer(answer)
    }

    /// What slow readers keep in memory is bounded. Those who asked at about the same time share a body; others make room
    /// for the newest one, the oldest first.
    func holdsBody(_ newest: LoopBound<AdminConnection>) {
        while heldBytes > Limits.maximumAdminHeldBytes,
            let oldest = connections.first(where: { $0.value.holds(otherThan: newest.value.heldBody) })
        {
            oldest.value.close()
        }
    }

    /// Each body counts once.
    private var heldBytes: Int {
        let bodies = connections.compactMap(\.value.heldBody)
        return Dictionary(bodies.map { (ObjectIdentifier($0), $0.bytes.count) }) { size, _ in size }.values.reduce(0, +)
    }

    func closed(_ connection: LoopBound<AdminConnection>) {
        connections.removeAll { $0.value === connection.value }
    }
}
