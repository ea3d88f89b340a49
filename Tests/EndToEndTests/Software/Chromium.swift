import Foundation
import NetworkAddress

/// Debian's Chromium without a screen, asked and told by its driver (WebDriver, www.w3.org/TR/webdriver2).
final class Chromium: Sendable {
    private let port: UInt16
    private let session: String

    /// Its window shows nothing yet.
    init() throws {
        port = try FreePorts.next()
        let driver = try ChildProcess(["chromedriver", "--port=\(port)"])
        try driver.waitUntilListening(on: [port])
        let directory = try Stage.current.directory.makeDirectory("chromium-\(port)")
        let arguments = [
            "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
            "--no-first-run", "--user-data-dir=\(directory)", "--window-size=1240,900",
            // As root, and within containers, its own sandbox can't be had; all that it opens here is ours.
            "--no-sandbox",
        ]
        let capabilities: [String: Any] = [
            "goog:loggingPrefs": ["browser": "ALL", "performance": "ALL"],
            "goog:chromeOptions": ["args": arguments],
        ]
        let reply = try Chromium.ask(port, "POST", "/session", ["capabilities": ["alwaysMatch": capabilities]])
        guard let session = (reply as? [String: Any])?["sessionId"] as? String else {
            throw HarnessError("chromium does not start: \(reply)")
        }
        self.session = "/session/\(session)"
        // The driver alone knows the browser's processes.
        Stage.current.atEnd { [self] in _ = try? ask("DELETE", "") }
    }

    func open(_ url: String) throws {
        try ask("POST", "/url", ["url": url])
    }

    /// What a script's `return` gives.
    @discardableResult
    func run(_ script: String) throws -> Any {
        try ask("POST", "/execute/sync", ["script": script, "args": []])
    }

    /// As text, without what is not shown.
    func text(_ selector: String) throws -> String {
        try run("return document.querySelector('\(selector)')?.innerText ?? ''") as? String ?? ""
    }

    /// Whether a script soon gives true.
    func becomesTrue(within limit: Duration = .seconds(20), _ script: String) throws -> Bool {
        try EndToEndTests.becomesTrue(within: limit) { try run("return \(script)") as? Bool == true }
    }

    /// A key, such as `\u{E004}` for the tabulator.
    func press(_ key: String) throws {
        let strokes = ["keyDown", "keyUp"].map { ["type": $0, "value": key] }
        try ask("POST", "/actions", ["actions": [["type": "key", "id": "keyboard", "actions": strokes]]])
    }

    /// A command of the browser's own protocol.
    func command(_ name: String, _ parameters: [String: Any]) throws {
        try ask("POST", "/goog/cdp/execute", ["cmd": name, "params": parameters])
    }

    func minimize() throws {
        try ask("POST", "/window/minimize", [:])
    }

    func restore() throws {
        try ask("POST", "/window/rect", ["width": 1240, "height": 900])
    }

    /// Writes what the window shows.
    func screenshot(to path: String) throws {
        guard let text = try ask("GET", "/screenshot") as? String, let image = Data(base64Encoded: text) else {
            throw HarnessError("chromium shows no picture")
        }
        let file = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try image.write(to: file)
    }

    /// Complaints on its console since the last call.
    func complaints() throws -> [String] {
        try entries("browser").compactMap { $0["message"] as? String }
    }

    /// Where the page sent requests since the last call; not those of the page that Chromium begins with.
    func requests() throws -> [String] {
        try entries("performance").compactMap { entry in
            guard let text = entry["message"] as? String,
                let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
                let message = object["message"] as? [String: Any],
                message["method"] as? String == "Network.requestWillBeSent",
                let parameters = message["params"] as? [String: Any]
            else { return nil }
            let url = (parameters["request"] as? [String: Any])?["url"] as? String
            return url.flatMap { $0.hasPrefix("chrome:") ? nil : $0 }
        }
    }

    private func entries(_ type: String) throws -> [[String: Any]] {
        try ask("POST", "/se/log", ["type": type]) as? [[String: Any]] ?? []
    }

    @discardableResult
    private func ask(_ method: String, _ path: String, _ body: [String: Any]? = nil) throws -> Any {
        try Chromium.ask(port, method, session + path, body)
    }

    /// The value of the driver's reply, which must be a good one.
    private static func ask(_ port: UInt16, _ method: String, _ path: String, _ body: [String: Any]?) throws -> Any {
        let content = try body.map { try JSONSerialization.data(withJSONObject: $0) } ?? Data()
        let connection = try Connection(to: .loopback(port))
        try connection.send(
            """
            \(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/json\r\n\
            Content-Length: \(content.count)\r\nConnection: close\r\n\r\n
            """ + String(decoding: content, as: UTF8.self)
        )
        let received = try connection.receive(within: .seconds(60)) { isWhole($0.bytes) }
        connection.close()
        let (head, value) = try parts(received.bytes)
        guard head.hasPrefix("HTTP/1.1 200 ") else { throw HarnessError("\(method) \(path): \(value)") }
        return value
    }

    private static func isWhole(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n"),
            let field = text[..<end.lowerBound].firstMatch(of: #/(?i)content-length: *([0-9]+)/#),
            let count = Int(field.1)
        else { return false }
        return text[end.upperBound...].utf8.count >= count
    }

    private static func parts(_ bytes: [UInt8]) throws -> (head: String, value: Any) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n"),
            let object = try JSONSerialization.jsonObject(with: Data(text[end.upperBound...].utf8)) as? [String: Any],
            let value = object["value"]
        else { throw HarnessError("the driver said: \(text)") }
        return (String(text[..<end.lowerBound]), value)
    }
}
