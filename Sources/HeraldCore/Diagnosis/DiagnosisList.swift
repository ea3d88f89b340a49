/// What was diagnosed by now: each cause once, and no more than `Limits.maximumDiagnoses`.
package struct DiagnosisList: Sendable {
    /// In the order in which they were found.
    package private(set) var all: [Diagnosis] = []
    private var causes: Set<Diagnosis.Cause> = []

    package init() {}

    /// - Returns: whether it is one to tell of, because it is new.
    package mutating func add(_ diagnosis: Diagnosis) -> Bool {
        guard all.count < Limits.maximumDiagnoses, causes.insert(diagnosis.cause).inserted else { return false }
        all.append(diagnosis)
        return true
    }
}
