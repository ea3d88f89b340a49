import CAres
import Glibc
internal import NetworkAddress

/// Reads name servers' answers; what lies beyond `maximum` records is left out.
enum NameMessage {
    /// A records (RFC 1035, section 3.4.1).
    static func version4(in message: RawSpan, maximum: Int) throws(NameFailure) -> [IPAddress] {
        let none = ares_addrttl()
        let (records, count) = try unsafe read(message, none, maximum) {
            unsafe ares_parse_a_reply($0, $1, nil, $2, &$3)
        }
        return records.prefix(count).map { record in
            .v4(IPv4Address(bits: UInt32(bigEndian: record.ipaddr.s_addr)))
        }
    }

    /// AAAA records (RFC 3596, section 2.1).
    static func version6(in message: RawSpan, maximum: Int) throws(NameFailure) -> [IPAddress] {
        let none = ares_addr6ttl()
        let (records, count) = try unsafe read(message, none, maximum) {
            unsafe ares_parse_aaaa_reply($0, $1, nil, $2, &$3)
        }
        return records.prefix(count).map { record in
            // Safe: ares_in6_addr is 16 plain bytes.
            unsafe withUnsafeBytes(of: record.ip6addr) { bytes in
                unsafe .v6(
                    IPv6Address(
                        high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                    )
                )
            }
        }
    }

    /// SRV records (RFC 2782).
    static func services(in message: RawSpan, maximum: Int) throws(NameFailure) -> [ServiceRecord] {
        var first: UnsafeMutablePointer<ares_srv_reply>?
        // Safe: c-ares reads within the message.
        let status = unsafe message.withUnsafeBytes { bytes in
            unsafe ares_parse_srv_reply(
                bytes.bindMemory(to: UInt8.self).baseAddress,
                Int32(clamping: bytes.count),
                &first
            )
        }
        guard status == ARES_SUCCESS else { throw NameFailure(status: status) }
        defer { unsafe ares_free_data(first) }
        var services: [ServiceRecord] = []
        var next = unsafe first
        // Safe: a list that is linked until nil, each record with a host that ends with a zero.
        while let record = unsafe next?.pointee, services.count < maximum {
            services.append(
                ServiceRecord(
                    priority: unsafe record.priority,
                    weight: unsafe record.weight,
                    port: unsafe record.port,
                    target: unsafe record.host.map { unsafe String(cString: $0) } ?? ""
                )
            )
            unsafe next = record.next
        }
        return services
    }

    /// Room for `maximum` records, as many of which count as `parse` has filled in.
    private static func read<Record>(
        _ message: RawSpan,
        _ none: Record,
        _ maximum: Int,
        _ parse: (UnsafePointer<UInt8>?, Int32, UnsafeMutablePointer<Record>?, inout Int32) -> Int32
    ) throws(NameFailure) -> ([Record], Int) {
        var records = [Record](repeating: none, count: maximum)
        var count = Int32(clamping: maximum)
        // Safe: c-ares reads within the message, and writes as many records as `count` says there is room for.
        let status = unsafe message.withUnsafeBytes { bytes in
            unsafe records.withUnsafeMutableBufferPointer { records in
                unsafe parse(
                    bytes.bindMemory(to: UInt8.self).baseAddress,
                    Int32(clamping: bytes.count),
                    records.baseAddress,
                    &count
                )
            }
        }
        guard status == ARES_SUCCESS else { throw NameFailure(status: status) }
        return (records, Int(count))
    }
}
