/// TLVs one behind another, as they stand in a header, read where they lie.
///
/// Whole by construction: each TLV's length ends inside the bytes, and the last one ends with them. Empty, it holds no
/// memory of its own. Going to the next TLV is O(1), so counting is O(n).
public struct TLVSequence: Hashable, Sendable {
    /// The bytes of all TLVs, types and lengths included.
    public private(set) var bytes: ArraySlice<UInt8>

    public init() {
        bytes = []
    }

    /// Wraps bytes that are known to be whole TLVs.
    init(wellFormed bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// nil where the bytes are not TLVs from the first to the last.
    public init?(bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard TLVSequence.isWellFormed(bytes.span, from: 0, maximumCount: .max) else { return nil }
        self.bytes = bytes[...]
    }

    public init(_ tlvs: some Sequence<TLV>) {
        self.init()
        for tlv in tlvs { append(tlv) }
    }

    public mutating func append(_ tlv: TLV) {
        bytes.append(tlv.type.rawValue)
        bytes.append(UInt8(tlv.value.count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: tlv.value.count))
        bytes.append(contentsOf: tlv.value)
    }

    public mutating func append(contentsOf tlvs: TLVSequence) {
        bytes.append(contentsOf: tlvs.bytes)
    }

    /// The first TLV of a type.
    public func first(of type: TLVType) -> TLV? {
        first { $0.type == type }
    }

    /// Whether `bytes` are whole TLVs, `maximumCount` at most, from `start` to the end.
    static func isWellFormed(_ bytes: Span<UInt8>, from start: Int, maximumCount: Int) -> Bool {
        var index = start
        var count = 0
        while bytes.count - index >= TLV.headBytes {
            index += TLV.headBytes + (Int(bytes[index + 1]) << 8 | Int(bytes[index + 2]))
            count += 1
            if count > maximumCount { return false }
        }
        return index == bytes.count
    }
}

extension TLVSequence: Collection {
    /// Where a TLV begins.
    public struct Index: Comparable, Hashable, Sendable {
        let offset: Int

        public static func < (left: Index, right: Index) -> Bool { left.offset < right.offset }
    }

    public var startIndex: Index { Index(offset: bytes.startIndex) }
    public var endIndex: Index { Index(offset: bytes.endIndex) }

    public func index(after index: Index) -> Index {
        Index(offset: index.offset + TLV.headBytes + valueLength(at: index))
    }

    public subscript(index: Index) -> TLV {
        let start = index.offset + TLV.headBytes
        return TLV(
            type: TLVType(rawValue: bytes[index.offset]),
            slice: bytes[start..<start + valueLength(at: index)]
        )
    }

    private func valueLength(at index: Index) -> Int {
        Int(bytes[index.offset + 1]) << 8 | Int(bytes[index.offset + 2])
    }
}

extension TLVSequence: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: TLV...) {
        self.init(elements)
    }
}
