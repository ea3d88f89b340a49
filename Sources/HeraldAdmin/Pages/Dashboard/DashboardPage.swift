import HeraldCore

/// `/`: what flows now, for people; one document, which asks for `/status` again and again.
///
/// Nothing of what Herald knows is written into it here, so there is nothing to escape. The policy lets no script and no
/// style in but its own, by a number that is new in every reply, and no request go to anybody else.
package struct DashboardPage: AdminPage {
    package let path = "/"
    /// The document, cut where the number belongs.
    private let pieces: [[UInt8]]

    package init() {
        var pieces: [[UInt8]] = [[]]
        // What stands between two marks is the name of what belongs there.
        let mark = UInt8(ascii: "@")
        for part in PackageResources.dashboard_html.split(separator: mark, omittingEmptySubsequences: false) {
            switch String(decoding: part, as: UTF8.self) {
            case "nonce": pieces.append([])
            case "style": pieces[pieces.count - 1] += PackageResources.dashboard_css
            case "script": pieces[pieces.count - 1] += PackageResources.dashboard_js
            default: pieces[pieces.count - 1] += part
            }
        }
        self.pieces = pieces
    }

    package func answer() -> AdminAnswer {
        let nonce = DashboardPage.nonce()
        var answer = AdminAnswer(
            .ok,
            type: "text/html; charset=utf-8",
            body: Array(pieces.joined(separator: nonce.utf8))
        )
        let policy = """
            default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; img-src data:; \
            connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
            """
        answer.fields = [
            AdminAnswer.Field(name: "Content-Security-Policy", value: policy),
            AdminAnswer.Field(name: "Referrer-Policy", value: "no-referrer"),
        ]
        return answer
    }

    /// 128 bits that nobody can guess.
    private static func nonce() -> String {
        var random = SystemRandomNumberGenerator()
        return [random.next(), random.next()].map { (half: UInt64) in String(half, radix: 36) }.joined()
    }

    /// It holds nothing.
    package func close() {}
}
