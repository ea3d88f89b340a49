internal import HeraldCore

/// Reads the arguments of keywords; what can't be read is reported and nil.
struct HAProxyArguments {
    let problems: Problems

    /// The only argument.
    func single(_ line: HAProxyLine, _ expectation: String) -> HAProxyWord? {
        guard let word = line.arguments.first else {
            problems.error(line.keyword.position, "\(line.keyword.quoted) without a value", expected: expectation)
            return nil
        }
        nothing(after: line, 1)
        return word
    }

    /// Nothing may follow the keyword and its first `count` arguments.
    func nothing(after line: HAProxyLine, _ count: Int = 0) {
        guard let extra = line.arguments.dropFirst(count).first else { return }
        problems.error(extra.position, "\(extra.quoted) after \(line.keyword.quoted)", expected: "the end of the line")
    }

    func integer(_ word: HAProxyWord, _ what: String, in range: ClosedRange<Int>) -> Int? {
        problems.at(word.position) { () throws(Fault) in try NumberText.parse(word.text, what, in: range) }
    }

    func integer(_ line: HAProxyLine, in range: ClosedRange<Int>) -> Int? {
        guard let word = single(line, "a whole number") else { return nil }
        return integer(word, line.keyword.text, in: range)
    }

    /// Zero included.
    func duration(_ line: HAProxyLine) -> Duration? {
        guard let word = single(line, "a duration, such as 5s") else { return nil }
        return duration(word)
    }

    func duration(_ word: HAProxyWord) -> Duration? {
        problems.at(word.position) { () throws(Fault) in try DurationText.parse(word.text) }
    }

    func positiveDuration(_ word: HAProxyWord) -> Duration? {
        guard let duration = duration(word) else { return nil }
        guard duration > .zero else {
            problems.error(word.position, "\(word.quoted) is no time at all", expected: "a duration of 1ms or more")
            return nil
        }
        return duration
    }

    /// 0 waits for ever, as in HAProxy.
    func timeout(_ line: HAProxyLine, into timeout: inout Duration?) {
        guard let duration = duration(line) else { return }
        timeout = duration > .zero ? duration : nil
    }
}
