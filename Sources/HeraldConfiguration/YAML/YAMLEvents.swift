internal import CYAML

/// One step of libyaml's way through a document.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case streamEnd
        case alias(String)
        case scalar(String, isPlain: Bool)
        case listStart
        case mappingStart
        /// Of a list or a mapping.
        case collectionEnd
    }

    var kind: Kind
    var position: SourcePosition
    var anchor: String?
    var tag: String?
}

/// What libyaml said of text that is not YAML.
struct YAMLSyntaxError: Error {
    /// libyaml's own words.
    var problem: String
    /// What it was doing, and since where.
    var context: String?
    var contextPosition: SourcePosition?
    var position: SourcePosition
}

/// libyaml's event parser over bytes in memory: the only user of CYAML, and the only unsafe code of the module.
enum YAMLEvents {
    /// Hands each event to `body` until it answers false or the stream ends.
    static func read(_ bytes: [UInt8], _ body: (YAMLEvent) -> Bool) throws(YAMLSyntaxError) {
        // The parser is a C structure that must not move: it lives here, on the heap, until this function is left.
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { unsafe parser.deallocate() }
        // Initialization writes the whole structure and fails only without memory; then there is nothing to delete.
        guard unsafe yaml_parser_initialize(parser) == 1 else { throw .outOfMemory }
        defer { unsafe yaml_parser_delete(parser) }

        let error: YAMLSyntaxError? = unsafe bytes.withUnsafeBufferPointer { input in
            // Only an array without bytes has no address, and that is an empty stream.
            guard let base = input.baseAddress else { return nil }
            // libyaml keeps the pointer; all parsing happens inside this closure, where it is valid.
            unsafe yaml_parser_set_input_string(parser, base, input.count)
            return unsafe drain(parser, bytes, body)
        }
        if let error { throw error }
    }

    /// The caller's `parser` is initialized and has its input.
    private static func drain(
        _ parser: UnsafeMutablePointer<yaml_parser_t>,
        _ bytes: [UInt8],
        _ body: (YAMLEvent) -> Bool
    ) -> YAMLSyntaxError? {
        // All zeros is an event of no kind, which is what libyaml itself starts from.
        var event = unsafe yaml_event_t()
        while true {
            // A parsed event owns its strings: they are copied below before it is deleted, once.
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { return unsafe syntaxError(of: parser, bytes) }
            defer { unsafe yaml_event_delete(&event) }
            guard let copied = unsafe copy(event) else { continue }
            guard body(copied) else { return nil }
            if case .streamEnd = copied.kind { return nil }
        }
    }

    /// The event in Swift's memory; nil for the stream's start, which says nothing.
    private static func copy(_ event: yaml_event_t) -> YAMLEvent? {
        let start = unsafe position(event.start_mark)
        // `type` tells which member of the union was written.
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT:
            return YAMLEvent(kind: .documentStart, position: start)
        case YAML_DOCUMENT_END_EVENT:
            return YAMLEvent(kind: .documentEnd, position: start)
        case YAML_STREAM_END_EVENT:
            return YAMLEvent(kind: .streamEnd, position: start)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias(unsafe string(event.data.alias.anchor) ?? ""), position: start)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            // `value` has `length` bytes of UTF-8, NULs included.
            let value = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
            return YAMLEvent(
                kind: .scalar(unsafe String(decoding: value, as: UTF8.self), isPlain: isPlain),
                position: start,
                anchor: unsafe string(scalar.anchor),
                tag: unsafe string(scalar.tag)
            )
        case YAML_SEQUENCE_START_EVENT:
            let list = unsafe event.data.sequence_start
            return YAMLEvent(
                kind: .listStart,
                position: start,
                anchor: unsafe string(list.anchor),
                tag: unsafe string(list.tag)
            )
        case YAML_MAPPING_START_EVENT:
            let mapping = unsafe event.data.mapping_start
            return YAMLEvent(
                kind: .mappingStart,
                position: start,
                anchor: unsafe string(mapping.anchor),
                tag: unsafe string(mapping.tag)
            )
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
            return YAMLEvent(kind: .collectionEnd, position: start)
        default:
            return nil
        }
    }

    private static func position(_ mark: yaml_mark_t) -> SourcePosition {
        SourcePosition(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    /// libyaml's strings end in a NUL.
    private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let text = unsafe text else { return nil }
        return unsafe String(cString: text)
    }

    /// After a failed parse, `problem` and `context` are string literals of libyaml or nil.
    private static func syntaxError(of parser: UnsafeMutablePointer<yaml_parser_t>, _ bytes: [UInt8]) -> YAMLSyntaxError
    {
        let kind = unsafe parser.pointee.error
        guard kind != YAML_MEMORY_ERROR else { return .outOfMemory }
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "the text is not YAML"
        if kind == YAML_READER_ERROR {
            // The reader knows only the byte.
            return YAMLSyntaxError(
                problem: problem,
                position: SourcePosition.ofByte(unsafe parser.pointee.problem_offset, in: bytes)
            )
        }
        let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) }
        return YAMLSyntaxError(
            problem: problem,
            context: context,
            contextPosition: context == nil ? nil : unsafe position(parser.pointee.context_mark),
            position: unsafe position(parser.pointee.problem_mark)
        )
    }
}

extension YAMLSyntaxError {
    fileprivate static let outOfMemory = YAMLSyntaxError(
        problem: "not enough memory",
        position: SourcePosition(line: 1, column: 1)
    )
}

extension SourcePosition {
    /// The place of a byte, of UTF-8 text where it is text at all.
    static func ofByte(_ offset: Int, in bytes: [UInt8]) -> SourcePosition {
        var position = SourcePosition(line: 1, column: 1)
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                position = SourcePosition(line: position.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {
                position.column += 1
            }
        }
        return position
    }
}
