extension [UInt8] {
    /// A copy of `bytes`.
    package init(copying bytes: RawSpan) {
        self = []
        append(contentsOf: bytes)
    }

    package mutating func append(contentsOf bytes: RawSpan) {
        let bytes = Span<UInt8>(_bytes: bytes)
        reserveCapacity(count + bytes.count)
        for index in bytes.indices { append(bytes[index]) }
    }
}
