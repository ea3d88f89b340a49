import Foundation
import HeraldAdmin
import HeraldCore
import LibUV
import Testing

/// What `/status` says.
@Suite struct StatusTests {
    @Test(arguments: MadeUp.allCases) func itIsAsItsSchemaSays(madeUp: MadeUp) async throws {
        let answer = try await self.answer(madeUp.status)
        #expect(answer.type == "application/json")
        let verdict = try verdict(on: answer.body.bytes)
        #expect(verdict.code == 0, "\(verdict.words)")
    }

    @Test(arguments: [(#""ready":false"#, #""ready":"no""#), (#""uptime_ms""#, #""uptime""#), (#""down""#, #""off""#)])
    func theSchemaRefusesAnythingElse(found: String, put: String) async throws {
        let text = try await answer(.full()).text
        let other = text.replacing(found, with: put)
        #expect(other != text)
        #expect(try verdict(on: Array(other.utf8)).code == 1)
    }

    @Test func itTellsWhatTheSourceKnows() async throws {
        let bytes = try await answer(.full()).body.bytes
        let status = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(status["phase"] as? String == "running")
        #expect(status["time"] as? String == "2026-11-23T09:45:23.456Z")
        #expect(status["reasons"] as? [String] == ["frontend 'web': backend 'b\"1\\\n' has no server that is up"])
        #expect(status["diagnoses"] as? [String] == ["a PROXY header came to 0.0.0.0:25, which has no accept-proxy"])
        let configuration = try #require(status["configuration"] as? [String: Any])
        #expect(configuration["file"] as? String == "/etc/herald/ü \"x\".yaml")
        #expect(configuration["problems"] as? [String] == ["herald.yaml:3:1: error: a\tb"])
        let frontends = try #require(status["frontends"] as? [[String: Any]])
        let errors = try #require(frontends[1]["header_errors"] as? [[String: Any]])
        #expect(errors[0]["peer"] as? String == "203.0.113.77:40001")
        #expect(errors[0]["detail"] as? String == "found \"GET\", expected \u{1b}[31ma header")
        let backends = try #require(status["backends"] as? [[String: Any]])
        let servers = try #require(backends[0]["servers"] as? [[String: Any]])
        #expect(servers.map { $0["name"] as? String } == (0..<12).map { "s\($0)" })
        #expect(servers[2]["state"] as? String == "down")
        #expect(servers[3]["held_ms"] as? Int == 3003)
        #expect(servers[5]["checks"] is NSNull)
    }

    @Test func theSchemaIsServed() async throws {
        try await withLoop { loop in
            let source = MadeUpSource(status: .empty)
            try await withEndpoint(loop, pages: [StatusPage(source, loop: loop), StatusSchemaPage()]) { _, address in
                let reply = try await get(loop, address, "/status.schema.json")
                #expect(reply.status == 200)
                #expect(reply.body.contains("https://json-schema.org/draft/2020-12/schema"))
                #expect(try await get(loop, address, "/status").status == 200)
            }
        }
    }

    private func answer(_ status: ProxyStatus) async throws -> AdminAnswer {
        try await withLoop { loop in await StatusPage(MadeUpSource(status: status), loop: loop).answer() }
    }

    /// 1 for a document that is not as the schema says.
    private func verdict(on document: [UInt8]) throws -> Judge.Verdict {
        let program = """
            import json, sys, jsonschema
            schema = json.loads(sys.argv[1])
            jsonschema.Draft202012Validator.check_schema(schema)
            errors = list(jsonschema.Draft202012Validator(schema).iter_errors(json.load(sys.stdin)))
            for error in errors[:5]: print(error.json_path, error.message[:200])
            sys.exit(1 if errors else 0)
            """
        let schema = String(decoding: StatusSchemaPage().answer().body.bytes, as: UTF8.self)
        return try Judge.verdict(of: ["python3", "-c", program, schema], on: document)
    }
}
