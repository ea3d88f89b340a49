import HeraldCore

/// A text of metrics in Prometheus' text format, version 0.0.4: family by family, as bytes.
struct Exposition {
    private(set) var bytes: [UInt8] = []
    /// Of the family that is being written.
    private var name = ""

    init(reserving capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Writes a family with the samples of all its subjects; nothing where there are none.
    mutating func write<Subject>(_ family: MetricFamily<Subject>, of subjects: [LabelledSubject<Subject>]) {
        let start = bytes.count
        name = family.name
        bytes.append(contentsOf: "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.type.rawValue)\n".utf8)
        let head = bytes.count
        for subject in subjects { family.write(&self, subject.labels, subject.value) }
        if bytes.count == head { bytes.removeSubrange(start...) }
    }

    // MARK: Samples

    /// - Parameter more: labels behind those of the subject.
    mutating func sample(_ labels: MetricLabels, with more: MetricLabels = .none, _ value: some MetricValue) {
        begin(labels, more)
        value.append(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Cumulative buckets, sum and count.
    mutating func sample(_ labels: MetricLabels, ofAll histogram: Histogram) {
        var count: UInt64 = 0
        for (index, countInRange) in histogram.counts.enumerated() {
            count += countInRange
            begin(labels, suffix: "_bucket", MetricLabels.bound(of: histogram, index))
            bytes.appendDecimal(count)
            bytes.append(UInt8(ascii: "\n"))
        }
        begin(labels, suffix: "_sum", .none)
        histogram.sum.append(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        begin(labels, suffix: "_count", .none)
        bytes.appendDecimal(count)
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func begin(_ labels: MetricLabels, suffix: String = "", _ more: MetricLabels) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: suffix.utf8)
        if !labels.bytes.isEmpty || !more.bytes.isEmpty {
            bytes.append(UInt8(ascii: "{"))
            bytes.append(contentsOf: labels.bytes)
            if !labels.bytes.isEmpty && !more.bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: more.bytes)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: " "))
    }
}

/// A metric with one meaning and any number of subjects, such as frontends.
struct MetricFamily<Subject>: Sendable {
    enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    let name: String
    let type: Kind
    /// One line, without backslashes.
    let help: String
    /// Writes the samples of one subject.
    let write: @Sendable (inout Exposition, MetricLabels, Subject) -> Void

    init(
        _ name: String,
        _ type: Kind,
        _ help: String,
        write: @escaping @Sendable (inout Exposition, MetricLabels, Subject) -> Void
    ) {
        self.name = name
        self.type = type
        self.help = help
        self.write = write
    }
}

struct LabelledSubject<Subject> {
    let labels: MetricLabels
    let value: Subject
}

/// Labels as they stand between the braces: `frontend="web",version="v1"`.
struct MetricLabels: Sendable {
    fileprivate private(set) var bytes: [UInt8] = []

    static let none = MetricLabels([:])

    init(_ labels: KeyValuePairs<String, String>) {
        for (name, value) in labels {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: name.utf8)
            bytes.append(contentsOf: "=\"".utf8)
            for byte in value.utf8 {
                switch byte {
                case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
                case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
                case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
                default: bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
    }

    fileprivate static func bound(of histogram: Histogram, _ index: Int) -> MetricLabels {
        guard let bound = histogram.bound(ofRange: index) else { return infinity }
        var text: [UInt8] = []
        bound.append(to: &text)
        return MetricLabels(["le": String(decoding: text, as: UTF8.self)])
    }

    private static let infinity = MetricLabels(["le": "+Inf"])
}

/// What a sample can have for its value.
protocol MetricValue {
    func append(to output: inout [UInt8])
}

extension UInt64: MetricValue {
    func append(to output: inout [UInt8]) {
        output.appendDecimal(self)
    }
}

extension Int: MetricValue {
    /// Of what is never negative.
    func append(to output: inout [UInt8]) {
        output.appendDecimal(UInt64(clamping: self))
    }
}

extension Bool: MetricValue {
    func append(to output: inout [UInt8]) {
        output.append(UInt8(ascii: self ? "1" : "0"))
    }
}

extension Duration: MetricValue {
    /// In seconds, with as few decimals as tell the microseconds: `0.0005`, `12`.
    func append(to output: inout [UInt8]) {
        if wholeMicroseconds < 0 { output.append(UInt8(ascii: "-")) }
        let (whole, fraction) = wholeMicroseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        output.appendDecimal(whole)
        guard fraction > 0 else { return }
        output.append(UInt8(ascii: "."))
        output.appendDecimal(fraction, minimumDigits: 6)
        while output.last == UInt8(ascii: "0") { output.removeLast() }
    }
}

extension Timestamp: MetricValue {
    /// In seconds since 1970.
    func append(to output: inout [UInt8]) {
        Duration.microseconds(microsecondsSince1970).append(to: &output)
    }
}
