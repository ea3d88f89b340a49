import NetworkAddress

/// Says hello through Herald, and returns the name of the server that answered.
func visit(_ port: UInt16) throws -> String? {
    let client = try Connection(to: .loopback(port))
    try client.send("hello")
    return try client.receiveLine()
}

/// The servers that answered so many clients, one after the other.
func visitors(_ port: UInt16, _ count: Int = 8) throws -> Set<String?> {
    try Set((0..<count).map { _ in try visit(port) })
}
