/// How a server is told who the client is.
package enum Announcement: Hashable, Sendable {
    case none
    case version1
    case version2(Version2Options)
}

/// What a version 2 header carries besides the addresses.
package struct Version2Options: Hashable, Sendable {
    /// Adds the CRC32C TLV, computed anew.
    package var hasChecksum = false
    /// Types of received TLVs that are passed on, byte for byte. Never CRC32C (0x03).
    package var passedTypes: Set<UInt8> = []
    /// TLVs of our own, in the order of the file.
    package var addedTLVs: [AddedTLV] = []

    package struct AddedTLV: Hashable, Sendable {
        package var type: UInt8
        package var value: [UInt8]

        package init(type: UInt8, value: [UInt8]) {
            self.type = type
            self.value = value
        }
    }

    package init() {}
}
