extension [UInt8] {
    /// A copy of `bytes`.
    package init(copying bytes: RawSpan) {
        self.init(copying: Span(_bytes: bytes))
    }

    /// A copy of `bytes`.
    package init(copying bytes: Span<UInt8>) {
        // Byte by byte in the source alone: the compiler makes vectors of it, which it does not of `append`.
        self.init(capacity: bytes.count) { copy in
            for index in bytes.indices { copy.append(bytes[index]) }
        }
    }

    package mutating func append(contentsOf bytes: RawSpan) {
        append(contentsOf: [UInt8](copying: bytes))
    }

    package mutating func append(contentsOf bytes: Span<UInt8>) {
        append(contentsOf: [UInt8](copying: bytes))
    }
}
