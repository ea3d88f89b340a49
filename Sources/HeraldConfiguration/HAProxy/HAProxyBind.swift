internal import HeraldCore
internal import NetworkAddress

/// One address of a `bind` line.
struct HAProxyBind {
    var address: Located<BindAddress>
    /// Where `accept-proxy` stands.
    var acceptProxy: SourcePosition?
    var defersAccept: Bool
}

/// The options of a `bind` line.
private struct BindOptions {
    var acceptProxy: SourcePosition?
    var defersAccept = false
    var v4v6: HAProxyWord?
    var v6only: HAProxyWord?

    typealias Option = HAProxyOption<BindOptions>

    static let words = HAProxyWords<Option>(
        acts: [
            "accept-proxy": Option { options, word, _, _ in options.acceptProxy = word.position },
            "defer-accept": Option { options, _, _, _ in options.defersAccept = true },
            "v4v6": Option { options, word, _, _ in options.v4v6 = word },
            "v6only": Option { options, word, _, _ in options.v6only = word },
        ],
        ignored: [
            "Herald's log names the address": "name id label guid-prefix",
            "the kernel's own setting counts": "backlog tfo mss tcp-ut tcp-ss cc",
            "Herald listens on every thread": "thread process shards nice",
            "it is for UNIX and command sockets": "user group uid gid mode level severity-output expose-fd",
        ],
        unsupported: [
            "a bind without TLS; Herald passes it through to the servers": tlsWords,
            "'maxconn' of the frontend": "maxconn",
            "": """
            accept-netscaler-cip interface namespace transparent proto quic-cc-algo quic-force-retry
            quic-socket idle-ping tcp-md5sig nbconn
            """,
        ]
    )

    private static let tlsWords = """
        ssl crt crt-list default-crt allow-0rtt alpn npn ca-file ca-ignore-err ca-sign-file ca-sign-pass ca-verify-file
        ciphers ciphersuites client-sigalgs sigalgs crl-file crt-ignore-err curves ecdhe ech force-sslv3 force-tlsv10
        force-tlsv11 force-tlsv12 force-tlsv13 generate-certificates ktls no-alpn no-ca-names no-sslv3 no-strict-sni
        no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 prefer-client-ciphers ssl-max-ver ssl-min-ver strict-sni
        tls-tickets tls-ticket-keys verify
        """

    /// Ignored and unsupported options that stand alone; the others are followed by one argument.
    static let flags = Set(
        """
        ssl allow-0rtt force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13
        generate-certificates no-alpn no-ca-names no-sslv3 no-strict-sni no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12
        no-tlsv13 prefer-client-ciphers quic-force-retry strict-sni tfo tls-tickets transparent
        """.split(whereSeparator: \.isWhitespace).map(String.init)
    )
}

extension HAProxyProxy {
    /// `bind ADDRESS[,ADDRESS...] [OPTION...]`
    @Sendable static func readBind(_ proxy: inout HAProxyProxy, _ line: HAProxyLine, _ arguments: HAProxyArguments) {
        proxy.mentionsBind = true
        guard let word = line.arguments.first else {
            _ = arguments.single(line, "ADDRESS:PORT, such as :80")
            return
        }
        var options = BindOptions()
        BindOptions.Option.read(
            line.arguments.dropFirst(),
            into: &options,
            BindOptions.words,
            flags: BindOptions.flags,
            of: "bind",
            arguments
        )
        var column = word.position.column
        for part in word.text.split(separator: ",", omittingEmptySubsequences: false) {
            let position = SourcePosition(line: word.position.line, column: column)
            column += part.unicodeScalars.count + 1
            let socketAddress = arguments.problems.at(position) { () throws(Fault) in
                let address = try AddressText.bind(String(part))
                if address.port == 0 {
                    throw Fault("\(Quotation.quote(String(part))) has port 0", expected: "a port from 1 to 65535")
                }
                return address
            }
            guard let socketAddress else { continue }
            let address = BindAddress(
                socketAddress,
                family: family(of: socketAddress, options, position, arguments.problems)
            )
            proxy.binds.append(
                HAProxyBind(
                    address: Located(value: address, position: position),
                    acceptProxy: options.acceptProxy,
                    defersAccept: options.defersAccept
                )
            )
        }
    }

    /// `[::]` without a word on it is what the kernel's `net.ipv6.bindv6only` says, which is off nearly everywhere.
    private static func family(
        of address: SocketAddress,
        _ options: BindOptions,
        _ position: SourcePosition,
        _ problems: Problems
    ) -> BindAddress.Family {
        if address.ip.isIPv4 || !address.ip.isUnspecified {
            if let word = options.v4v6 ?? (address.ip.isIPv4 ? options.v6only : nil) {
                problems.warning(
                    word.position,
                    "\(word.quoted) has no effect on \(address)",
                    expected: "it after [::] only"
                )
            }
            return address.ip.isIPv4 ? .ipv4 : .ipv6
        }
        // As in HAProxy, the stronger of both.
        if options.v6only != nil { return .ipv6 }
        if options.v4v6 == nil {
            problems.warning(position, "\(address) is taken for both families", expected: "'v4v6' or 'v6only' after it")
        }
        return .dualStack
    }
}
