package import NetworkAddress
package import ProxyProtocol

/// The header that one connection to a server begins with: which one, and its bytes.
package struct HeaderAnnouncement: Sendable {
    package typealias Endpoints = (source: SocketAddress, destination: SocketAddress)

    private enum Form: Sendable {
        case none
        case local
        case version1(Endpoints)
        case version2(Endpoints, TLVSequence, checksum: Bool)
    }

    private let form: Form
    /// Bytes that `write` writes; 0 for a server that is sent no header.
    package let length: Int

    private init(_ form: Form) {
        self.form = form
        length =
            switch form {
            case .none: 0
            case .local: HeaderWriter.localLength
            case .version1(let (source, destination)):
                HeaderWriter.lengthV1(source: source, destination: destination)
            case .version2(let (source, destination), let tlvs, let checksum):
                HeaderWriter.lengthV2(source: source, destination: destination, tlvs: tlvs, checksum: checksum)
            }
    }

    /// For a session: announces the client.
    ///
    /// - Parameters:
    ///   - endpoints: the client and the address that it dialled.
    ///   - received: the header that came in and was believed, whose TLVs may be passed on.
    package init(_ announcement: Announcement, endpoints: @autoclosure () -> Endpoints, received: ProxyHeader?) {
        switch announcement {
        case .none: self.init(.none)
        case .version1: self.init(.version1(endpoints()))
        case .version2(let options):
            self.init(endpoints(), options.tlvs(received: received), options)
            // What came in may leave no room for what is added, which counts for more; and the client's address counts
            // for more than either.
            if !fits { self.init(endpoints(), options.tlvs(received: nil), options) }
            if !fits { self.init(endpoints(), [], options) }
        }
    }

    private init(_ endpoints: Endpoints, _ tlvs: TLVSequence, _ options: Version2Options) {
        self.init(.version2(endpoints, tlvs, checksum: options.hasChecksum))
    }

    private var fits: Bool { length <= HeaderParser.Limits.largestHeaderBytes }

    /// For a health check, whose own endpoints are the only ones: LOCAL in version 2, and in version 1, which has no such
    /// thing, the connection's addresses, since many servers refuse `UNKNOWN` (section 2.1).
    package static func check(_ announcement: Announcement, endpoints: Endpoints) -> HeaderAnnouncement {
        switch announcement {
        case .none: HeaderAnnouncement(.none)
        case .version1: HeaderAnnouncement(.version1(endpoints))
        case .version2: HeaderAnnouncement(.local)
        }
    }

    /// Precondition: there is room for `length` bytes.
    package func write(to output: inout OutputRawSpan) {
        switch form {
        case .none: break
        case .local: HeaderWriter.writeLocal(to: &output)
        case .version1(let (source, destination)):
            HeaderWriter.writeV1(source: source, destination: destination, to: &output)
        case .version2(let (source, destination), let tlvs, let checksum):
            do throws(HeaderWriteError) {
                try HeaderWriter.writeV2(
                    source: source,
                    destination: destination,
                    tlvs: tlvs,
                    checksum: checksum,
                    to: &output
                )
            } catch {
                preconditionFailure("a header was not given the room that it asked for: \(error)")
            }
        }
    }
}

extension Version2Options {
    /// What is passed on of a received header, and what is added, which takes the place of a received one of its type.
    /// Nothing of it allocates where neither is asked for.
    fileprivate func tlvs(received: ProxyHeader?) -> TLVSequence {
        var tlvs = TLVSequence()
        if let received, !passedTypes.isEmpty {
            let replaced = Set(addedTLVs.map(\.type))
            for tlv in received.tlvs
            where passedTypes.contains(tlv.type.rawValue) && !replaced.contains(tlv.type.rawValue) {
                tlvs.append(tlv)
            }
        }
        for added in addedTLVs { tlvs.append(TLV(type: TLVType(rawValue: added.type), value: added.value)) }
        return tlvs
    }
}
