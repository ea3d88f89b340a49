extension [UInt8] {
    /// The bytes as a raw span, which is what streams read and write.
    package var rawSpan: RawSpan {
        @_lifetime(borrow self)
        get {
            // Safe: bytes have neither padding nor invalid patterns.
            unsafe span.bytes
        }
    }
}
