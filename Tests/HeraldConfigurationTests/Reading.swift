import Foundation
import HeraldConfiguration
import HeraldCore
import NetworkAddress
import Testing

/// An environment without variables.
@Sendable func noVariables(_ name: String) -> String? { nil }

/// Reads text as if it were a file of that name.
func read(
    _ text: String,
    _ name: String,
    environment: @escaping (String) -> String? = noVariables
) throws(ConfigurationError) -> Configuration {
    try Configuration.read(Array(text.utf8), fileName: name, environment: environment)
}

func settings(yaml text: String) throws -> ProxySettings {
    try read(text, "f.yaml").settings
}

func settings(haproxy text: String) throws -> ProxySettings {
    try read(text, "f.cfg").settings
}

/// Every line that reading `text` gives, warnings too, without the file's name.
func lines(
    _ text: String,
    _ name: String,
    environment: @escaping (String) -> String? = noVariables
) -> [String] {
    do throws(ConfigurationError) {
        return try read(text, name, environment: environment).report.lines.map { withoutName($0, name) }
    } catch {
        return error.lines.map { withoutName($0, name) }
    }
}

func errors(_ text: String, _ name: String) -> [String] {
    lines(text, name).filter { $0.contains(" error: ") }
}

private func withoutName(_ line: String, _ name: String) -> String {
    line.hasPrefix("\(name):") ? String(line.dropFirst(name.count + 1)) : line
}

/// A YAML file around one frontend's and one backend's lines, which begin at line 3 and 6 with four blanks.
func yamlFile(frontend: String = "bind: \":80\"", backend: String = "servers: { s: 10.0.0.1:80 }") -> String {
    """
    frontends:
      web:
        default-backend: pool
        \(frontend)
    backends:
      pool:
        \(backend)
    """
}

/// A HAProxy file around lines of the frontend, which begin at line 4, and of the backend.
func haproxyFile(_ frontend: String = "", backend: String = "server s 10.0.0.1:80") -> String {
    """
    frontend web
    bind :80
    default_backend pool
    \(frontend)
    backend pool
    \(backend)

    """
}

func address(_ text: String) throws -> SocketAddress {
    try #require(SocketAddress(text))
}

/// The repository's root.
let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

let exampleFiles = ["herald.yaml", "haproxy.cfg", "aws-nlb.yaml", "sidecar.yaml"]

func exampleBytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: root.appending(path: "Config/\(name)")))
}

/// Splitmix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
