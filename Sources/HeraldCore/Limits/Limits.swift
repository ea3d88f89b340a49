/// Every bound of Herald that is not a setting of its own, by name.
///
/// Sizes are in bytes. What a user can set has its default and its range beside the setting.
package enum Limits {
    // MARK: PROXY header

    /// The longest version 1 line with its CRLF (proxy-protocol.txt, section 2.1): a smaller limit refuses good peers.
    package static let minimumHeaderBytes = 107
    /// The longest header that there is: 16 bytes and a length field of 16 bits (section 2.2).
    package static let maximumHeaderBytes = 16 + 65_535
    /// TLVs in one header. Known senders use fewer than ten; a header of 64 KiB could hold 21,845 empty ones.
    package static let maximumTLVs = 64
    /// Sessions of one bind that still wait for their header, on one loop. Those are the cheapest for an attacker to hold
    /// open, as no server needs to be reached, so they are bounded apart from `maximumSessions`. The default timeout of
    /// 5 s lets 800 new ones in a second even when all before them keep silent.
    package static let maximumSessionsWaitingForHeader = 4096

    // MARK: Sessions

    /// Attempts to connect after the first one.
    package static let maximumRetries = 100
    /// Between two attempts at the same server: at once, a restarting server would refuse all of them.
    package static let retryPause = Duration.seconds(1)
    /// Sessions at one time, however many open files are allowed: some container engines allow a thousand million.
    package static let maximumSessions = 1_000_000
    /// Sessions of a loop whose memory is worth the trouble of giving it back once they have ended.
    package static let sessionsWorthGivingBack = 512
    /// From one time that a loop gives memory back to the next: it looks through all that the process has allocated.
    package static let givingBackInterval = Duration.seconds(10)
    /// Descriptors that a session needs: the client's and the server's.
    package static let descriptorsPerSession = 2
    /// Descriptors kept back from sessions: standard streams, libuv's own, listeners, checks, the admin endpoint.
    package static let reservedDescriptors = 128

    // MARK: Relay

    /// The read buffer that all sessions of a loop share: large, because it saves calls in bulk and is there only once.
    /// One read is also the most that is held for a direction whose other side takes nothing.
    package static let readBufferBytes = 128 * 1024

    /// What one read takes of a side at first, and again once the other side did not take all of it. It doubles up to
    /// `readBufferBytes` with each read that was filled and taken, so that only who keeps up costs more.
    package static let smallestReadBytes = 16 * 1024
    /// How often a long flow is spliced before others have their turn.
    package static let splicesPerTurn = 16
    /// How often a session is looked at for what nobody is told of: a side that was reset while it was not read.
    package static let relayLookInterval = Duration.seconds(5)
    /// After one side was reset, how long the other one may take none of its last bytes before it is reset, too.
    package static let farewellTimeout = Duration.seconds(5)

    // MARK: Start, reload and stop

    /// How often a watched configuration file is looked at; it is read once it has stayed the same for as long.
    package static let fileWatchInterval = Duration.seconds(1)
    /// How often a drain looks whether sessions are left.
    package static let drainLookInterval = Duration.milliseconds(20)

    // MARK: Loops and listeners

    /// Worker threads, one loop each.
    package static let maximumThreads = 256
    /// Connections that the kernel keeps for a listener until they are accepted; it cuts this to `net.core.somaxconn`.
    package static let listenBacklog = 4096
    /// How long a listener rests when no descriptor or memory is left: the pending connection would wake it at once.
    package static let acceptPause = Duration.milliseconds(100)
    /// The tick of a loop's deadlines. A timeout strikes up to two of these late.
    package static let deadlineTick = Duration.milliseconds(100)

    // MARK: Servers

    /// Servers of all backends together.
    package static let maximumServers = 100_000
    /// How often a session chooses anew because another loop took the last place at the server of its choice, before it
    /// waits in line.
    package static let chooseAttempts = 8
    /// How often a session that waits in line is looked at: whether its client is still there, and whether there is room
    /// after all.
    package static let queueLookInterval = Duration.milliseconds(500)
    /// Checks under way at one time, for each costs a descriptor and a port.
    package static let maximumConcurrentChecks = 512
    /// What is read of a checked server's reply, whatever it sends.
    package static let maximumCheckReplyBytes = 64 * 1024
    /// One `send` or `expect` of a check, and the body text that an HTTP check looks for.
    package static let maximumCheckStepBytes = 4096
    /// Steps of one check's dialogue.
    package static let maximumCheckSteps = 32
    /// Fields that an HTTP check adds.
    package static let maximumCheckFields = 32
    /// After a PROXY header and a FIN, how long a check that only connects waits for what the server makes of the header.
    package static let checkHeaderReplyTimeout = Duration.seconds(1)
    /// How long a server may take to answer a check's FIN with its own: a close with unread bytes would be a reset.
    package static let checkFarewellTimeout = Duration.seconds(1)
    /// Checks that are over, and whose server's FIN is still waited for. Beyond that, connections are closed at once.
    package static let maximumCheckFarewells = 64
    /// First checks are spread over this at most, however long the interval.
    package static let maximumFirstCheckDelay = Duration.seconds(10)

    /// How often changes in a backend's servers become a new snapshot, at most. A server that takes no more sessions is
    /// passed over from the first moment on; only its share is still to be spread.
    package static let snapshotInterval = Duration.milliseconds(50)
    /// Steps in which a slow start's weight grows.
    package static let slowStartSteps = 16

    // MARK: Discovery

    /// How often servers that the name service knows no more are looked at: whether their last session is over.
    package static let vanishedServerLook = Duration.seconds(1)

    /// Records that are read of one answer of the name service; the rest is left out.
    package static let maximumDNSRecords = 4096
    /// SRV targets whose addresses are looked up for one answer.
    package static let maximumServiceTargets = 256
    /// Look-ups of names under way at one time, for each costs descriptors.
    package static let maximumConcurrentLookUps = 128
    /// Sockets that a look-up has open: one for datagrams, one for an answer that is too long for them.
    package static let descriptorsPerLookUp = 2
    /// SRV targets of one look-up that are asked about at one time: more datagrams may not fit into a name server's buffer.
    package static let maximumConcurrentTargets = 16
    /// How soon a look-up that failed is repeated, however long the refresh.
    package static let failedLookUpPause = Duration.seconds(5)
    /// How long the start waits for first answers of names that need not resolve.
    package static let firstLookUpTimeout = Duration.seconds(5)

    // MARK: Admin endpoint

    /// Of a frontend and loop: the last sessions that ended because of their header, for the status.
    package static let headerErrorsKept = 8

    /// Connections to the admin endpoint at one time. One more takes the place of the oldest: whoever opens many and says
    /// nothing keeps nobody else out.
    package static let maximumAdminConnections = 64
    /// Connections to it that are taken in before sessions have their turn again.
    package static let adminAcceptsPerTurn = 4
    /// From a connection's accept to the end of its request's head.
    package static let adminHeadTimeout = Duration.seconds(5)
    /// From the request's head until the client has taken the reply. Longer than `loopStallTimeout`, which a reply may
    /// wait for.
    package static let adminReplyTimeout = Duration.seconds(10)
    /// How long a client may take to answer the FIN behind the reply with its own.
    package static let adminFarewellTimeout = Duration.seconds(1)
    /// What a client may send behind its request's head: it is read and thrown away, since a close with unread bytes would
    /// be a reset.
    package static let maximumAdminExcessBytes = 64 * 1024
    /// Of a reply, what is with one connection's writer at one time; the rest stays in the body, which readers share.
    package static let adminWriteBytes = 64 * 1024
    /// Bodies that slow readers keep in memory, each counted once, the newest beside. Beyond, the oldest reader of another
    /// one is let go.
    package static let maximumAdminHeldBytes = 32 * 1024 * 1024
    /// Answers that take work are given again, so that polls in a row cost the control loop one part in so many of its
    /// time,
    package static let adminWorkShare = 10
    /// but never for longer than this.
    package static let maximumAdminAnswerAge = Duration.seconds(1)
    /// How long such work may keep the loop from its sessions before it lets them have a turn.
    package static let adminWorkTurn = Duration.milliseconds(1)
    /// A loop that has not turned for this long is reported.
    package static let loopStallTimeout = Duration.seconds(5)
    /// How often loops are asked for a sign of life while somebody wants to know.
    package static let loopWatchInterval = Duration.seconds(1)
    /// How long after the last poll they are still asked. Longer than the intervals of most orchestrators.
    package static let loopWatchDuration = Duration.seconds(60)

    // MARK: HTTP

    /// Start line and fields of a request or a reply.
    package static let maximumHTTPHeadBytes = 8 * 1024
    /// What is read of a reply's body.
    package static let maximumHTTPReplyBytes = 64 * 1024
    /// For `herald health`, from the look-up of a name to the end of the reply.
    package static let healthPollTimeout = Duration.seconds(3)

    // MARK: Diagnosis

    /// Causes of trouble that are told and kept, until a reload.
    package static let maximumDiagnoses = 100
    /// First clients of a frontend that must all have the gateway's address before that is told.
    package static let sessionsUntilGateway = 50

    // MARK: Log

    /// Lines that wait for a slow reader of the log. What comes beyond is dropped and counted: the log never blocks a
    /// session.
    package static let maximumLogBufferBytes = 1024 * 1024
    /// One text in a log line, before escaping; what is longer is cut, and marked so.
    package static let maximumLogValueBytes = 1024
}
