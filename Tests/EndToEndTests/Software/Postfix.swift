import Foundation

/// Debian's Postfix as an SMTP server that takes PROXY headers; it speaks first. It needs root.
struct Postfix {
    static let isPossible = NetworkNamespace.isPossible

    let process: ChildProcess
    private let logFile: String

    /// What its smtpd logged.
    var log: String { contents(ofFile: logFile) }

    init(on port: UInt16) throws {
        let stage = Stage.current.directory
        let settings = try stage.makeDirectory("postfix")
        for name in ["data", "spool", "spool/pid", "spool/private", "spool/public"] {
            let path = try stage.makeDirectory("postfix/\(name)")
            if name == "spool/pid" || name == "spool" { continue }
            let owner: [FileAttributeKey: Any] = [.ownerAccountName: "postfix"]
            try FileManager.default.setAttributes(owner, ofItemAtPath: path)
        }
        logFile = "\(settings)/log"
        try stage.write(
            """
            compatibility_level = 3.6
            queue_directory = \(settings)/spool
            data_directory = \(settings)/data
            maillog_file = \(logFile)
            maillog_file_prefixes = \(stage.path)
            inet_interfaces = loopback-only
            inet_protocols = ipv4
            myhostname = mail.test
            mydestination =
            alias_maps =
            local_recipient_maps =
            smtpd_peername_lookup = no
            smtpd_upstream_proxy_protocol = haproxy

            """,
            to: "postfix/main.cf"
        )
        try stage.write(
            """
            127.0.0.1:\(port) inet n - n - - smtpd
            rewrite unix - - n - - trivial-rewrite
            cleanup unix n - n - 0 cleanup
            anvil unix - - n - 1 anvil
            postlog unix-dgram n - n - 1 postlogd

            """,
            to: "postfix/master.cf"
        )
        process = try ChildProcess(["/usr/lib/postfix/sbin/master", "-c", settings, "-d"])
        try process.waitUntilListening(on: [port])
    }
}
