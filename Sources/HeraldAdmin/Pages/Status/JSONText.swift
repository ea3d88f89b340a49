import HeraldCore

/// JSON that is written as it comes, so that a long list need not be held as values before.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var isFirst = true

    init(reserving capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    mutating func member(_ key: String, _ value: JSONValue) {
        begin(key)
        value.append(to: &bytes)
    }

    mutating func element(_ value: JSONValue) {
        separate()
        value.append(to: &bytes)
    }

    /// - Parameter key: where it is a member of an object.
    mutating func openObject(_ key: String? = nil) {
        open(key, UInt8(ascii: "{"))
    }

    mutating func closeObject() {
        close(UInt8(ascii: "}"))
    }

    /// - Parameter key: where it is a member of an object.
    mutating func openArray(_ key: String? = nil) {
        open(key, UInt8(ascii: "["))
    }

    mutating func closeArray() {
        close(UInt8(ascii: "]"))
    }

    private mutating func open(_ key: String?, _ bracket: UInt8) {
        if let key { begin(key) } else { separate() }
        bytes.append(bracket)
        isFirst = true
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        isFirst = false
    }

    private mutating func begin(_ key: String) {
        separate()
        JSONValue.string(key).append(to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
    }
}
