/// Puts variables of the environment into the values of a YAML file: `${NAME}` and `${NAME:-default}`, also amid other text;
/// `$$` is a dollar sign, and so is a `$` before anything else.
///
/// What stands in a key is left alone. Text that comes of it is never read as YAML again, but where it stands without
/// quotes it is a number or a truth value as if it had been written there.
struct YAMLEnvironment {
    private let problems: Problems
    private let variable: (String) -> String?
    private let source: SourceText
    /// Bytes of variables that may still be put in.
    private var bytesLeft = ConfigurationLimits.maximumFileBytes

    /// - Parameter variable: the value of a variable; nil for one that is not set.
    init(_ bytes: [UInt8], problems: Problems, variable: @escaping (String) -> String?) {
        self.problems = problems
        self.variable = variable
        source = SourceText(bytes)
    }

    /// A value whose variables can't be had gets its message here, and no other.
    mutating func fill(_ node: inout YAMLNode) {
        switch node.content {
        case .unreadable: break
        case .scalar(let text, let isPlain):
            guard text.utf8.contains(UInt8(ascii: "$")) else { return }
            node.source = text
            node.content = fill(text, at: node.position).map { .scalar($0, isPlain: isPlain) } ?? .unreadable
        case .list(var items):
            for index in items.indices { fill(&items[index]) }
            node.content = .list(items)
        case .mapping(var entries):
            for index in entries.indices { fill(&entries[index].value) }
            node.content = .mapping(entries)
        }
    }

    private mutating func fill(_ text: String, at position: SourcePosition) -> String? {
        var filled = ""
        var faults: [(dollar: Int, fault: Fault)] = []
        var dollars = 0
        for part in EnvironmentText.parts(of: text) {
            switch part {
            case .text(let text):
                filled += text
                dollars += text.utf8.count { $0 == UInt8(ascii: "$") }
                continue
            case .dollar:
                filled += "$"
                dollars += 1
            case .variable(let name, let fallback, let written):
                do throws(Fault) {
                    filled += try value(of: name, fallback)
                } catch {
                    faults.append((dollars, error))
                }
                dollars += written.utf8.count { $0 == UInt8(ascii: "$") } - 1
            case .malformed(let written):
                let fault = Fault(
                    "\(Quotation.quote(written)) is no variable of the environment",
                    expected: "${NAME} or ${NAME:-default}, or '$$' for a dollar sign"
                )
                faults.append((dollars, fault))
                dollars += written.utf8.count { $0 == UInt8(ascii: "$") } - 1
            }
            dollars += 1
        }
        guard !faults.isEmpty else { return filled }
        let places = source.dollars(faults.map(\.dollar), behind: position)
        for (place, fault) in zip(places, faults.map(\.fault)) { problems.error(place, fault) }
        return nil
    }

    /// As shells have it, a default takes the place of a variable without text, too.
    private mutating func value(of name: String, _ fallback: String?) throws(Fault) -> String {
        let known = variable(name)
        guard let value = known?.isEmpty ?? true ? fallback ?? known : known else {
            throw Fault(
                "the environment has no variable \(Quotation.quote(name))",
                expected: "it to be set, or '${\(name):-default}'"
            )
        }
        bytesLeft -= value.utf8.count
        guard bytesLeft >= 0 else {
            throw Fault(
                "the variables up to here have too much text",
                expected: "at most \(ConfigurationLimits.maximumFileBytes) bytes, all in all"
            )
        }
        return value
    }
}

/// A file's text, for finding places in it.
private final class SourceText {
    private let bytes: [UInt8]
    /// Of all dollar signs, ascending.
    private lazy var places = SourceText.dollars(in: bytes)

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The places of dollar signs, by how many others stand before them behind `start`. `start` itself for one that is not
    /// there, as where it was written as an escape.
    func dollars(_ wanted: [Int], behind start: SourcePosition) -> [SourcePosition] {
        var (first, end) = (0, places.count)
        while first < end {
            let middle = (first + end) / 2
            if places[middle] < start { first = middle + 1 } else { end = middle }
        }
        return wanted.map { places.count - first > $0 ? places[first + $0] : start }
    }

    private static func dollars(in bytes: [UInt8]) -> [SourcePosition] {
        var places: [SourcePosition] = []
        var place = SourcePosition(line: 1, column: 0)
        for byte in bytes {
            if byte & 0xC0 != 0x80 { place.column += 1 }
            if byte == UInt8(ascii: "$") { places.append(place) }
            if byte == UInt8(ascii: "\n") { place = SourcePosition(line: place.line + 1, column: 0) }
        }
        return places
    }
}
