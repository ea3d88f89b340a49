/// A server's first bytes behind a header.
package enum FirstAnswer {
    /// Whether they are HTTP's `400 Bad Request`: what a web server says that takes the header for the request.
    package static func isBadRequest(_ bytes: RawSpan) -> Bool {
        let pattern: InlineArray<12, UInt8> = [
            0x48, 0x54, 0x54, 0x50, 0x2F, 0x31, 0x2E, 0x78, 0x20, 0x34, 0x30, 0x30,  // HTTP/1.x 400
        ]
        guard bytes.byteCount >= pattern.count else { return false }
        let bytes = Span<UInt8>(_bytes: bytes)
        for index in pattern.indices where index != 7 && bytes[index] != pattern[index] { return false }
        return bytes[7] == UInt8(ascii: "0") || bytes[7] == UInt8(ascii: "1")
    }
}
