/// Finds the body of an HTTP reply, and its end (RFC 9112, section 6.3), without keeping it.
package struct HTTPBodyReader: Hashable, Sendable {
    package enum Progress: Hashable, Sendable {
        case needMore
        /// The reply is whole.
        case complete
        /// The framing is broken.
        case malformed
    }

    private enum State: Hashable, Sendable {
        /// So many bytes are left.
        case length(Int)
        /// Everything until the connection's end.
        case untilEnd
        /// In the line of a chunk's size (section 7.1), of which so much is read; nil before its first digit.
        case size(Int?)
        /// In that line, behind the size.
        case sizeExtension(Int)
        /// So many bytes of the chunk are left; its line end counts, too.
        case chunk(Int)
        /// In the lines behind the last chunk; whether this one is empty so far.
        case trailer(isEmpty: Bool)
        case complete
        case malformed
    }

    /// More than any reply has, and so much less than `Int.max` that a digit more can't overflow.
    private static let maximumChunkBytes = 1 << 48

    private var state: State

    /// - Parameter requestMethod: of the request, as a reply to HEAD has no body.
    package init(_ head: HTTPHead, status: Int, requestMethod: String) {
        if requestMethod == "HEAD" || status == 204 || status == 304 {
            state = .complete
        } else if let coding = head.values(of: "transfer-encoding").last {
            // Other codings change the body's bytes, and not where it ends.
            state = coding.lowercased().hasSuffix("chunked") ? .size(nil) : .untilEnd
        } else {
            state = HTTPBodyReader.state(contentLengths: head.values(of: "content-length"))
        }
    }

    private static func state(contentLengths: [String]) -> State {
        guard let text = contentLengths.first else { return .untilEnd }
        guard contentLengths.allSatisfy({ $0 == text }), !text.isEmpty,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let length = Int(text)
        else { return .malformed }
        return length == 0 ? .complete : .length(length)
    }

    package var progress: Progress {
        switch state {
        case .complete: .complete
        case .malformed: .malformed
        case .length, .untilEnd, .size, .sizeExtension, .chunk, .trailer: .needMore
        }
    }

    /// Whether the connection's end is the reply's, too.
    package var endsWithConnection: Bool { state == .untilEnd }

    /// More bytes came behind the head: those of the body are handed to `body`, and what is behind the reply is left out.
    package mutating func received(_ bytes: RawSpan, _ body: (RawSpan) -> Void) -> Progress {
        let all = Span<UInt8>(_bytes: bytes)
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.byteCount - offset
            switch state {
            case .complete, .malformed:
                return progress
            case .untilEnd:
                body(bytes.extracting(offset...))
                offset += rest
            case .length(let left):
                body(bytes.extracting(offset..<offset + min(left, rest)))
                offset += min(left, rest)
                state = left <= rest ? .complete : .length(left - rest)
            case .chunk(let left) where left > 2:
                let count = min(left - 2, rest)
                body(bytes.extracting(offset..<offset + count))
                offset += count
                state = .chunk(left - count)
            case .chunk, .size, .sizeExtension, .trailer:
                state = HTTPBodyReader.next(state, all[offset])
                offset += 1
            }
        }
        return progress
    }

    /// One byte of what stands between the body's bytes.
    private static func next(_ state: State, _ byte: UInt8) -> State {
        let isLineEnd = byte == UInt8(ascii: "\n")
        let isCarriageReturn = byte == UInt8(ascii: "\r")
        switch state {
        case .chunk(let left):
            // CR LF, or LF alone.
            if isLineEnd { return .size(nil) }
            return isCarriageReturn && left == 2 ? .chunk(1) : .malformed
        case .size(let size):
            if let digit = Character(UnicodeScalar(byte)).hexDigitValue {
                let size = (size ?? 0) * 16 + digit
                return size < maximumChunkBytes ? .size(size) : .malformed
            }
            guard let size else { return .malformed }
            return isLineEnd ? begin(size) : .sizeExtension(size)
        case .sizeExtension(let size):
            return isLineEnd ? begin(size) : state
        case .trailer(let isEmpty):
            if isLineEnd { return isEmpty ? .complete : .trailer(isEmpty: true) }
            return isCarriageReturn ? state : .trailer(isEmpty: false)
        case .length, .untilEnd, .complete, .malformed:
            return state
        }
    }

    private static func begin(_ size: Int) -> State {
        size == 0 ? .trailer(isEmpty: true) : .chunk(size + 2)
    }
}
