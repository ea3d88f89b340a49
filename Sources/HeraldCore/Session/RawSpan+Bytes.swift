extension [UInt8] {
    /// A copy of `bytes`.
    package init(copying bytes: RawSpan) {
        self.init(copying: Span(_bytes: bytes))
    }

    /// A copy of `bytes`.
    package init(copying bytes: Span<UInt8>) {
        self = []
        append(contentsOf: bytes)
    }

    package mutating func append(contentsOf bytes: RawSpan) {
        append(contentsOf: Span(_bytes: bytes))
    }

    package mutating func append(contentsOf bytes: Span<UInt8>) {
        reserveCapacity(count + bytes.count)
        for index in bytes.indices { append(bytes[index]) }
    }
}
