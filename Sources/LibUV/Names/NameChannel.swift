import CAres
import Glibc
internal import NetworkAddress

/// A channel of c-ares: its questions under way, its sockets on libuv's poll handles, and one timer.
///
/// Retained once for c-ares when it is made and released once by `close`, which must be called. c-ares calls back only
/// from within `put`, `process` and `close`; no task runs meanwhile, as those only make jobs ready.
// Unchecked: all state is touched on the loop's thread alone, which every method checks.
@safe final class NameChannel: @unchecked Sendable {
    /// What a datagram may have, so that it is never cut into fragments; longer answers come by TCP.
    private static let maximumDatagramBytes: Int32 = 1232
    /// Once in the process, before anything else.
    private static let libraryStatus = ares_library_init(ARES_LIB_INIT_ALL)

    let loop: EventLoop
    private let timer: Timer
    private var sockets: [Int32: NameSocket] = [:]
    /// nil once closed.
    private var raw: ares_channel?

    /// - Parameters:
    ///   - nameservers: empty for those of resolv.conf.
    ///   - timeout: for one question to one name server; each name server is asked once.
    init(loop: EventLoop, nameservers: [SocketAddress], timeout: Duration) throws(NameFailure) {
        loop.checkThread()
        self.loop = loop
        timer = Timer(loop: loop)
        var options = unsafe ares_options()
        unsafe options.flags = ARES_FLAG_EDNS
        unsafe options.ednspsz = NameChannel.maximumDatagramBytes
        unsafe options.timeout = Int32(clamping: max(1, timeout.wholeMilliseconds))
        unsafe options.tries = 1
        unsafe options.sock_state_cb = { data, descriptor, reads, writes in
            guard let data = unsafe data else { return }
            // Safe: retained until `close` has destroyed the channel.
            let channel = unsafe Unmanaged<NameChannel>.fromOpaque(data).takeUnretainedValue()
            channel.watch(descriptor, reads: reads != 0, writes: writes != 0)
        }
        let mask =
            ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB
            | (nameservers.isEmpty ? 0 : ARES_OPT_NOROTATE)
        let owner = unsafe Unmanaged.passRetained(self)
        unsafe options.sock_state_cb_data = owner.toOpaque()
        do throws(NameFailure) {
            unsafe raw = try NameChannel.open(&options, mask)
            let list = nameservers.map(\.description).joined(separator: ",")
            if !list.isEmpty { try NameChannel.check(unsafe ares_set_servers_ports_csv(raw, list)) }
        } catch {
            unsafe ares_destroy(raw)
            unsafe raw = nil
            timer.close()
            unsafe owner.release()
            throw error
        }
    }

    /// Ends every question with `NameFailure.canceled`. Further calls do nothing.
    func close() {
        loop.checkThread()
        guard let raw = unsafe raw else { return }
        unsafe self.raw = nil
        timer.close()
        unsafe ares_destroy(raw)
        // Safe: balances the retain of `init`; c-ares has forgotten the object.
        unsafe Unmanaged.passUnretained(self).release()
    }

    /// Asks for the records of one type. `receiver` is called once, perhaps before this returns.
    func put(_ name: String, type: Int32, receiver: NameAnswerReceiver) {
        loop.checkThread()
        guard let raw = unsafe raw else { return receiver.fail(.canceled) }
        let data = unsafe Unmanaged.passRetained(receiver).toOpaque()
        unsafe ares_query(raw, name, NameChannel.internetClass, type, NameAnswerReceiver.callback, data)
        setTimer()
    }

    private func process(reading: Int32, writing: Int32) {
        guard let raw = unsafe raw else { return }
        unsafe ares_process_fd(raw, reading, writing)
        setTimer()
    }

    private func setTimer() {
        guard let raw = unsafe raw else { return }
        var wait = timeval()
        guard unsafe ares_timeout(raw, nil, &wait) != nil else { return timer.stop() }
        let delay = Duration.seconds(wait.tv_sec) + .microseconds(wait.tv_usec)
        timer.start(after: max(delay, .milliseconds(1))) { [unowned self] in
            process(reading: NameChannel.noSocket, writing: NameChannel.noSocket)
        }
    }

    /// c-ares closes a socket right after saying that it neither reads nor writes it.
    private func watch(_ descriptor: Int32, reads: Bool, writes: Bool) {
        guard reads || writes else {
            sockets.removeValue(forKey: descriptor)?.close()
            return
        }
        if sockets[descriptor] == nil {
            // Where it fails, the question runs into its timeout.
            sockets[descriptor] = try? NameSocket(loop: loop, descriptor: descriptor) { [unowned self] in
                process(
                    reading: $1 ? $0 : NameChannel.noSocket,
                    writing: $2 ? $0 : NameChannel.noSocket
                )
            }
        }
        sockets[descriptor]?.watch(reads: reads, writes: writes)
    }

    private static func open(_ options: inout ares_options, _ mask: Int32) throws(NameFailure) -> ares_channel? {
        try check(libraryStatus)
        var raw: ares_channel?
        try check(unsafe ares_init_options(&raw, &options, mask))
        return unsafe raw
    }

    private static func check(_ status: Int32) throws(NameFailure) {
        if status != ARES_SUCCESS { throw NameFailure(status: status) }
    }

    /// RFC 1035, section 3.2.4.
    private static let internetClass: Int32 = 1
    /// A macro in C (`ARES_SOCKET_BAD`).
    private static let noSocket: Int32 = -1
}

// MARK: - The system's settings

extension NameChannel {
    /// resolv.conf's domains for short names, and how many dots make a name a long one.
    var search: (domains: [String], dots: Int) {
        loop.checkThread()
        guard let raw = unsafe raw else { return ([], 1) }
        var options = unsafe ares_options()
        var mask: Int32 = 0
        guard unsafe ares_save_options(raw, &options, &mask) == ARES_SUCCESS else { return ([], 1) }
        defer { unsafe ares_destroy_options(&options) }
        // Safe: as many texts as the count says, each of which ends with a zero.
        let domains = unsafe (0..<max(0, Int(options.ndomains))).compactMap { index in
            unsafe options.domains?[index].map { unsafe String(cString: $0) }
        }
        return (domains, Int(unsafe options.ndots))
    }

    /// What the hosts file says of `name`; empty where it says nothing.
    static func hostsFileAddresses(of name: String) -> [IPAddress] {
        unsafe "f".withCString { lookups in
            var options = unsafe ares_options()
            // c-ares copies it, whatever its type says.
            unsafe options.lookups = UnsafeMutablePointer(mutating: lookups)
            guard let raw = try? unsafe open(&options, ARES_OPT_LOOKUPS) else { return [] }
            defer { unsafe ares_destroy(raw) }
            var hints = ares_addrinfo_hints()
            hints.ai_flags = ARES_AI_NOSORT
            var addresses: [IPAddress] = []
            // Safe: with the file as the only source, c-ares has called back when this returns.
            unsafe withUnsafeMutablePointer(to: &addresses) { addresses in
                unsafe ares_getaddrinfo(raw, name, nil, &hints, collectAddresses, addresses)
            }
            return addresses
        }
    }

    private static let collectAddresses: ares_addrinfo_callback = { data, _, _, answer in
        guard let answer = unsafe answer else { return }
        defer { unsafe ares_freeaddrinfo(answer) }
        // Safe: what `hostsFileAddresses` has passed in, which waits for this.
        guard let addresses = unsafe data?.assumingMemoryBound(to: [IPAddress].self) else { return }
        var next = unsafe answer.pointee.nodes
        // Safe: a list that is linked until nil, and each entry's address has the family's size.
        while let entry = unsafe next?.pointee {
            if let raw = unsafe entry.ai_addr, let address = unsafe SocketAddress(raw)?.ip {
                unsafe addresses.pointee.append(address)
            }
            unsafe next = entry.ai_next
        }
    }
}

/// What c-ares gives an answer to: retained when a question is put, released by its one callback.
class NameAnswerReceiver {
    func receive(_ message: RawSpan) {}
    func fail(_ failure: NameFailure) {}

    /// c-ares calls back exactly once for each question, at the latest when its channel is destroyed.
    fileprivate static let callback: ares_callback = { data, status, _, bytes, count in
        guard let data = unsafe data else { return }
        // Safe: balances the retain of `NameChannel.put`.
        let receiver = unsafe Unmanaged<NameAnswerReceiver>.fromOpaque(data).takeRetainedValue()
        if status == ARES_SUCCESS, let bytes = unsafe bytes {
            receiver.receive(unsafe RawSpan(_unsafeStart: bytes, byteCount: Int(count)))
        } else {
            receiver.fail(NameFailure(status: status))
        }
    }
}
