import Foundation
import Glibc
import NetworkAddress
import Testing

/// The page at `/` before a real proxy, in a real browser.
@Suite("Page", .onStage, .serialized)
struct DashboardTests {
    @Test func aServerThatGoesAndComesBackShowsInItsRow() throws {
        let shown = try Shown()
        #expect(try shown.becomes("s2", "up"))
        #expect(try shown.browser.text("#readiness") == "Ready")
        shown.servers[1].stop()
        #expect(try shown.becomes("s2", "down"))
        let row = try shown.browser.text("[data-server=\"servers/s2\"]")
        #expect(row.contains("Down") && row.contains("Connection refused"), "\(row)")
        #expect(try shown.browser.text("#servers-up") == "1 / 2")
        #expect(try shown.browser.run("return document.title") as? String == "Ready · 1 down · Herald")
        let announced = "document.getElementById('announcer').textContent.includes('s2 of servers: Down')"
        #expect(try shown.browser.becomesTrue(announced))
        #expect(try shown.state(of: "s1") == "up")
        let back = try RecordingServer("s2", on: shown.servers[1].address)
        #expect(try shown.becomes("s2", "up"))
        #expect(becomesTrue { back.records.count >= 2 }, "a rise of two takes two checks")
        try shown.expectNoComplaint()
    }

    @Test func whenNoServerIsLeftTheReasonIsRead() throws {
        let shown = try Shown()
        for server in shown.servers { server.stop() }
        #expect(try shown.browser.becomesTrue("document.querySelector('[data-banner=unready]') !== null"))
        let banner = try shown.browser.text("[data-banner=unready]")
        #expect(banner.contains("Frontend 'web': backend 'servers' has no server that is up"))
        #expect(try shown.browser.text("#readiness") == "Not ready")
        try shown.expectNoComplaint()
    }

    @Test func sessionsAndBytesAreCounted() throws {
        let shown = try Shown()
        let client = try Connection(to: .loopback(shown.port))
        try client.send("hello")
        #expect(try client.receiveLine() == "s1")
        #expect(try shown.browser.becomesTrue("document.getElementById('sessions-now').textContent === '1'"))
        #expect(try shown.browser.becomesTrue(shown.cell("s1", 3) + " === '1'"))
        // Rates are of the time between two answers.
        let isMoving = "!['–', '0 B/s'].includes(document.getElementById('client-rate').textContent)"
        let moves = try becomesTrue {
            try client.send("more")
            return try shown.browser.run("return \(isMoving)") as? Bool == true
        }
        #expect(moves)
        let line = "document.querySelector('#session-chart .line').getAttribute('d')"
        #expect(try shown.browser.becomesTrue("\(line).length > 5"))
        client.close()
        #expect(try shown.browser.becomesTrue("document.getElementById('sessions-now').textContent === '0'"))
        try shown.expectNoComplaint()
    }

    @Test func aHeaderThatIsWrongIsShownWithItsPeerAndInPlainWords() throws {
        let shown = try Shown(acceptProxy: true)
        #expect(try shown.becomes("s1", "up"))
        #expect(try shown.browser.run("return document.getElementById('errors-section').hidden") as? Bool == true)
        let client = try Connection(to: .loopback(shown.port))
        try client.send("GET / HTTP/1.1\r\n\r\n")
        #expect(try client.receiveAll().ending == .reset)
        #expect(try shown.browser.becomesTrue("!document.getElementById('errors-section').hidden"))
        let errors = try shown.browser.text("#errors tbody")
        #expect(errors.contains("\(client.local)"), "\(errors)")
        #expect(errors.contains("HTTP"), "\(errors)")
        #expect(try shown.browser.text("[data-frontend=web] td:last-child") == "1")
        #expect(try shown.browser.text("[data-banner=diagnoses]").contains("HTTP"))
        try shown.expectNoComplaint()
    }

    @Test func aDrainIsShown() throws {
        let shown = try Shown()
        let client = try Connection(to: .loopback(shown.port))
        try client.send("hello")
        _ = try client.receiveLine()
        #expect(try shown.becomes("s1", "up"))
        shown.herald.process.signal(SIGTERM)
        #expect(try shown.browser.becomesTrue("document.querySelector('[data-banner=draining]') !== null"))
        #expect(try shown.browser.text("#readiness") == "Draining")
        #expect(try shown.browser.text("[data-banner=draining]").contains("1 session goes on"))
        client.close()
    }

    @Test func lostContactIsSaidAndFoundAgain() throws {
        let shown = try Shown()
        #expect(try shown.becomes("s1", "up"))
        shown.herald.process.signal(SIGKILL)
        #expect(shown.herald.process.wait() == .signal(SIGKILL))
        #expect(try shown.browser.becomesTrue("document.querySelector('[data-banner=lost]') !== null"))
        let banner = try shown.browser.text("[data-banner=lost]")
        #expect(banner.contains("No contact with Herald") && banner.contains("What is shown is of"), "\(banner)")
        #expect(try shown.browser.text("#contact") == "Contact lost")
        let again = try shown.startAgain()
        #expect(try shown.browser.becomesTrue("document.querySelector('[data-banner=lost]') === null"))
        #expect(try shown.becomes("s1", "up"))
        #expect(again.process.poll() == nil)
    }

    @Test func nobodyIsAskedWhileItIsHidden() throws {
        let shown = try Shown()
        #expect(try shown.becomes("s1", "up"))
        try shown.browser.minimize()
        #expect(try shown.browser.becomesTrue("document.hidden"))
        // One may be under way.
        pause(.milliseconds(500))
        _ = try shown.browser.requests()
        pause(.seconds(5))
        #expect(try shown.browser.requests().isEmpty)
        try shown.browser.restore()
        #expect(try becomesTrue { try !shown.browser.requests().isEmpty })
    }

    @Test func noForeignScriptRuns() throws {
        let shown = try Shown()
        try shown.browser.run(
            """
            const script = document.createElement('script');
            script.textContent = 'window.foreign = true';
            document.body.append(script);
            """
        )
        #expect(try shown.browser.run("return window.foreign === undefined") as? Bool == true)
        #expect(try shown.browser.complaints().contains { $0.contains("Content Security Policy") })
    }

    @Test func aThousandServersAreShownInParts() throws {
        let shown = try Shown(moreServers: 998)
        #expect(try shown.browser.becomesTrue("document.querySelectorAll('[data-server]').length > 0"))
        let rows = "document.querySelectorAll('[data-server]').length"
        #expect(try shown.browser.run("return \(rows)") as? Int == 40)
        #expect(try shown.browser.text("#servers-up") == "1,000 / 1,000")
        try shown.browser.run("document.querySelector('.more button').click()")
        #expect(try shown.browser.run("return \(rows)") as? Int == 80)
        try shown.browser.run("document.getElementById('filter').focus()")
        for key in ["m", "7", "7", "7"] { try shown.browser.press(key) }
        #expect(try shown.browser.becomesTrue("\(rows) === 1"))
        #expect(try shown.state(of: "m777") == "up")
        #expect(try shown.browser.text("#filter-result") == "1 server fits of 1,000")
        // The server that is down comes first.
        try shown.browser.run(
            "const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))"
        )
        shown.servers[1].stop()
        let first = "document.querySelector('[data-server]').dataset"
        #expect(try shown.browser.becomesTrue("\(first).server === 'servers/s2' && \(first).state === 'down'"))
        try shown.expectNoComplaint()
    }

    @Test func itCanBeUsedByKeysAndHeard() throws {
        let shown = try Shown()
        #expect(try shown.becomes("s1", "up"))
        try shown.browser.press("\u{E004}")
        #expect(try shown.browser.run("return document.activeElement.className") as? String == "skip")
        try shown.browser.press("\u{E007}")
        #expect(try shown.browser.becomesTrue("document.activeElement.id === 'main'"))
        for wrong in ["table:not(:has(caption))", "th:not([scope])", "[onclick]"] {
            let count = try shown.browser.run("return document.querySelectorAll('\(wrong)').length")
            #expect(count as? Int == 0, "\(wrong)")
        }
        let levels = try shown.browser.run(
            "return [...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))"
        )
        let headings = try #require(levels as? [Int])
        #expect(headings.first == 1)
        for (one, next) in zip(headings, headings.dropFirst()) { #expect(next <= one + 1) }
    }

    @Test(arguments: [(360, "light"), (360, "dark"), (768, "light"), (1240, "light"), (1240, "dark")])
    func itFitsAndCanBeRead(width: Int, scheme: String) throws {
        let shown = try Shown(acceptProxy: true)
        shown.servers[1].stop()
        let client = try Connection(to: .loopback(shown.port))
        try client.send("GET / HTTP/1.1\r\n\r\n")
        #expect(try client.receiveAll().ending == .reset)
        #expect(try shown.becomes("s2", "down"))
        #expect(try shown.browser.becomesTrue("!document.getElementById('errors-section').hidden"))
        try shown.browser.command(
            "Emulation.setEmulatedMedia",
            [
                "features": [
                    ["name": "prefers-color-scheme", "value": scheme],
                    ["name": "prefers-reduced-motion", "value": "reduce"],
                ]
            ]
        )
        try shown.browser.command(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 700]
        )
        #expect(try shown.browser.becomesTrue("innerWidth === \(width)"))
        #expect(try shown.browser.run("return document.documentElement.scrollWidth <= innerWidth") as? Bool == true)
        let cutOff = try shown.browser.run(Legibility.cutOff) as? [String]
        #expect(cutOff == [])
        let pale = try shown.browser.run(Legibility.pale) as? [String]
        #expect(pale == [])
        try shown.browser.screenshot(to: "\(Self.screenshots)/\(width)-\(scheme).png")
    }

    /// For whoever wants to see: beside the build's products.
    private static let screenshots = "\(Bundle.main.bundlePath)/page"
}

/// Scripts that find what can't be read.
private enum Legibility {
    /// Texts that reach out of their cell, card or tile. Where rows are cards, the head of the table is for the ear alone.
    static let cutOff = """
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const cutOff = [];
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (element.closest('script, style, noscript, .hidden, [hidden]')) continue;
            if (element.closest('thead')?.offsetWidth <= 1) continue;
            const frame = element.closest('td, th, .card, .tile, .banner, body').getBoundingClientRect();
            const range = document.createRange();
            range.selectNodeContents(walker.currentNode);
            const box = range.getBoundingClientRect();
            if (box.width > 0 && (box.right > frame.right + 1 || box.left < frame.left - 1)) {
                cutOff.push(walker.currentNode.data.trim());
            }
        }
        return cutOff;
        """

    /// Texts whose contrast is less than WCAG 2.2 asks for (1.4.3): 4.5 to 1.
    static let pale = """
        const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const over = (colours) => {
            canvas.clearRect(0, 0, 1, 1);
            for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        };
        const light = (rgb) => {
            const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const pale = [];
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (walker.currentNode.data.trim() === '' || element.closest('script, style, noscript, .hidden, [hidden]')) continue;
            const grounds = [];
            for (let at = element; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
            const ground = over(grounds);
            const text = over([...grounds, getComputedStyle(element).color]);
            const [one, other] = [light(ground), light(text)].sort((a, b) => b - a);
            if ((one + 0.05) / (other + 0.05) < 4.5) pale.push(walker.currentNode.data.trim());
        }
        return pale;
        """
}

/// A proxy with two servers, and its page in a browser.
private struct Shown {
    let port: UInt16
    let servers: [RecordingServer]
    let herald: Herald
    let browser: Chromium
    private let admin: UInt16
    private let configuration: String

    /// - Parameter moreServers: so many, which are never checked.
    init(acceptProxy: Bool = false, moreServers: Int = 0) throws {
        port = try FreePorts.next()
        admin = try FreePorts.next()
        servers = try ["s1", "s2"].map { try RecordingServer($0) }
        let checked = servers.map {
            "\($0.name): { address: \"\($0.address)\", check: { interval: 100ms, rise: 2, fall: 2 } }"
        }
        let more = (0..<moreServers).map { "m\($0): \"127.0.0.1:9\"" }
        configuration = """
            admin: { bind: "127.0.0.1:\(admin)" }
            frontends:
              web:
                bind: [{ address: "127.0.0.1:\(port)"\(acceptProxy ? ", accept-proxy: { from: [127.0.0.0/8] }" : "") }]
                default-backend: servers
            backends:
              servers:
                servers:
                  \((checked + more).joined(separator: "\n      "))

            """
        herald = try Herald(starting: configuration, as: .yaml, arguments: ["--threads", "2"])
        try herald.process.waitUntilListening(on: [port, admin])
        browser = try Chromium()
        try browser.open("http://127.0.0.1:\(admin)/")
    }

    /// Another process at the same ports.
    func startAgain() throws -> Herald {
        let herald = try Herald(starting: configuration, as: .yaml, arguments: ["--threads", "2"])
        try herald.process.waitUntilListening(on: [port, admin])
        return herald
    }

    func state(of server: String) throws -> String? {
        let row = "document.querySelector('[data-server=\"servers/\(server)\"]')"
        return try browser.run("return \(row)?.dataset.state") as? String
    }

    func becomes(_ server: String, _ state: String) throws -> Bool {
        try becomesTrue(within: .seconds(20)) { try self.state(of: server) == state }
    }

    /// A script for the text of a server's cell.
    func cell(_ server: String, _ index: Int) -> String {
        "document.querySelector('[data-server=\"servers/\(server)\"]').children[\(index)].textContent"
    }

    /// Nothing on the console, and no request but to the endpoint.
    func expectNoComplaint() throws {
        #expect(try browser.complaints() == [])
        let requests = try browser.requests().filter { !$0.hasPrefix("data:") }
        #expect(!requests.isEmpty)
        #expect(Set(requests) == ["http://127.0.0.1:\(admin)/", "http://127.0.0.1:\(admin)/status"])
    }
}
