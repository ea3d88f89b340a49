package import NetworkAddress

/// Asks name servers, on a loop and without a thread of its own.
///
/// Must be closed. It reads resolv.conf when it is made and the hosts file at each look-up, so one that lives for one
/// look-up follows every change of both. Called on the loop, by tasks of the loop; traps elsewhere.
// Unchecked: all is immutable but what `channel` guards.
package final class NameClient: @unchecked Sendable {
    /// What is usual for name resolution (resolv.conf(5)).
    package static let usualTimeout = Duration.seconds(5)
    /// What is usual for name resolution (resolv.conf(5)).
    package static let usualAttempts = 2

    /// Of the families that were asked for: addresses, at least one, or why there are none.
    package typealias Addresses = [AddressFamily: Result<[IPAddress], NameFailure>]

    private let loop: EventLoop
    private let channel: NameChannel
    private let search: NameSearch
    private let usesHostsFile: Bool
    private let attempts: Int
    private let maximumRecords: Int

    /// - Parameters:
    ///   - nameservers: asked in this order; empty for those of resolv.conf, with the hosts file before them.
    ///   - timeout: for one question to one name server.
    ///   - attempts: questions to each name server before a look-up has failed, at least one.
    ///   - maximumRecords: of one answer; the rest is left out.
    package init(
        loop: EventLoop,
        nameservers: [SocketAddress] = [],
        timeout: Duration = usualTimeout,
        attempts: Int = usualAttempts,
        maximumRecords: Int
    ) throws(NameFailure) {
        precondition(attempts > 0 && maximumRecords > 0)
        self.loop = loop
        self.attempts = attempts
        self.maximumRecords = maximumRecords
        usesHostsFile = nameservers.isEmpty
        channel = try NameChannel(loop: loop, nameservers: nameservers, timeout: timeout)
        if nameservers.isEmpty {
            let (domains, dots) = channel.search
            search = NameSearch(domains: domains, dots: dots)
        } else {
            search = NameSearch()
        }
    }

    /// Ends all look-ups under way with `NameFailure.canceled`. Further calls do nothing.
    package func close() {
        channel.close()
    }

    /// The A and AAAA records of `name`, or what the hosts file has in their place.
    ///
    /// With several families the answer is all of one name: where a short name may stand for several, of the first that has
    /// any. Ends early when the task is cancelled.
    package func addresses(of name: String, families: Set<AddressFamily>) async -> Addresses {
        loop.checkThread()
        if usesHostsFile, let addresses = hostsFileAddresses(of: name, families) { return addresses }
        return await firstAnswer(about: name) { name in
            await withTaskGroup(of: FamilyAnswer.self) { [self] group in
                for family in families {
                    group.addTask(executorPreference: loop) { [self] in
                        FamilyAnswer(family: family, result: await addresses(of: name, family))
                    }
                }
                return await group.reduce(into: Addresses()) { $0[$1.family] = $1.result }
            }
        } failures: { answers in
            let failures = answers.values.compactMap { if case .failure(let failure) = $0 { failure } else { nil } }
            return failures.count == answers.count ? failures : []
        }
    }

    /// The SRV records of `name`, at least one. Ends early when the task is cancelled.
    package func services(of name: String) async throws(NameFailure) -> [ServiceRecord] {
        loop.checkThread()
        let answer = await firstAnswer(about: name) { [self] name in
            await ask(name, type: RecordType.service) { [maximumRecords] message throws(NameFailure) in
                try NameMessage.services(in: message, maximum: maximumRecords)
            }
        } failures: { answer in
            if case .failure(let failure) = answer { [failure] } else { [] }
        }
        return try answer.get()
    }

    /// Not a tuple: from a group's task, Swift 6.3.1 hands on a broken one at -O.
    private struct FamilyAnswer: Sendable {
        let family: AddressFamily
        let result: Result<[IPAddress], NameFailure>
    }

    private func hostsFileAddresses(of name: String, _ families: Set<AddressFamily>) -> Addresses? {
        let all = NameChannel.hostsFileAddresses(of: name).prefix(maximumRecords)
        guard !all.isEmpty else { return nil }
        return families.reduce(into: Addresses()) { addresses, family in
            let own = all.filter { $0.isIPv4 == (family == .ipv4) }
            addresses[family] = own.isEmpty ? .failure(.noRecords) : .success(own)
        }
    }

    private func addresses(of name: String, _ family: AddressFamily) async -> Result<[IPAddress], NameFailure> {
        let maximum = maximumRecords
        return switch family {
        case .ipv4:
            await ask(name, type: RecordType.version4) { message throws(NameFailure) in
                try NameMessage.version4(in: message, maximum: maximum)
            }
        case .ipv6:
            await ask(name, type: RecordType.version6) { message throws(NameFailure) in
                try NameMessage.version6(in: message, maximum: maximum)
            }
        }
    }

    /// The answer about the first name that `name` may stand for and that has one; where none has, about the first that a
    /// name server could not tell of, or else about the last.
    private func firstAnswer<Answer>(
        about name: String,
        ask: (String) async -> Answer,
        failures: (Answer) -> [NameFailure]
    ) async -> Answer {
        let candidates = search.candidates(for: name)
        var unclear: Answer?
        for candidate in candidates.dropLast() where !Task.isCancelled {
            let answer = await ask(candidate)
            let reasons = failures(answer)
            if reasons.isEmpty { return answer }
            if unclear == nil && !reasons.allSatisfy(\.isAnswer) { unclear = answer }
        }
        let answer = await ask(candidates[candidates.count - 1])
        return failures(answer).isEmpty ? answer : unclear ?? answer
    }

    /// Asks again where that may help.
    private func ask<Record: Sendable>(
        _ name: String,
        type: Int32,
        read: @escaping (RawSpan) throws(NameFailure) -> [Record]
    ) async -> Result<[Record], NameFailure> {
        var answer = await NameQuery(channel, read: read).answer(about: name, type: type)
        for _ in 1..<attempts {
            guard case .failure(let failure) = answer, failure.mayPass else { break }
            answer = await NameQuery(channel, read: read).answer(about: name, type: type)
        }
        return answer
    }
}

/// RFC 1035, RFC 3596 and RFC 2782.
private enum RecordType {
    static let version4: Int32 = 1
    static let version6: Int32 = 28
    static let service: Int32 = 33
}
