import HeraldConfiguration
import Testing

@Suite struct YAMLSyntaxTests {
    @Test(arguments: [
        ("frontends:\n\tweb: 1\n", "2:1: error: a tab where YAML wants spaces; expected spaces for indentation"),
        ("a: @b\n", "1:4: error: a value that begins with '@'; expected quotes around such a value"),
        ("a: `b`\n", "1:4: error: a value that begins with '`'; expected quotes around such a value"),
        (
            "a: b: c\n",
            "1:5: error: a ':' where no value can begin; expected quotes around text with ': ' in it, or keys on lines of their own"
        ),
        (
            "a: \"b\n",
            "2:1: error: the end of the file inside quotes (while scanning a quoted scalar, begun on line 1); expected the closing quote"
        ),
        (
            "a: [b\n",
            "2:1: error: a list that goes on without ',' or ']' (while parsing a flow sequence, begun on line 1); expected ',' or ']'"
        ),
        (
            "a: {b: c\n",
            "2:1: error: a mapping that goes on without ',' or '}' (while parsing a flow mapping, begun on line 1); expected ',' or '}'"
        ),
        (
            "a: 1\n b: 2\n",
            "2:3: error: a ':' where no value can begin; expected quotes around text with ': ' in it, or keys on lines of their own"
        ),
        (
            "a:\n  b: 1\n c: 2\n",
            "3:2: error: something that is no key of the mapping around it (while parsing a block mapping, begun on line 1); expected 'key: value', indented as the keys above"
        ),
        (
            "a:\n  - b\n  c: 1\n",
            "3:3: error: something that is no item of the list around it (while parsing a block collection, begun on line 2); expected '- ', indented as the items above"
        ),
        (
            "a: 1\nb\n",
            "3:1: error: a key without its ':' (while scanning a simple key, begun on line 2); expected 'key: value'"
        ),
        ("a: - b\n", "1:4: error: a list item where none can begin; expected '- ' on a line of its own, indented"),
        (
            "a: \"\\q\"\n",
            "1:5: error: an unknown escape in double quotes; expected \\\\, \\\", \\n, \\t or \\xNN; or single quotes"
        ),
        ("a: \"\\xZZ\"\n", "1:7: error: an escape without its digits; expected hexadecimal digits"),
        ("%YAML 3.0\n---\na: 1\n", "1:1: error: another version of YAML; expected YAML 1.1 or 1.2"),
        ("a: 1\n---\nb: 2\n", "2:1: error: a second document; expected one document in a file"),
        ("a: \u{1}\n", "1:4: error: a control character; expected text"),
        ("frontends: &a {}\nbackends: *a\n", "1:12: error: the anchor '&a'; expected the value alone"),
        ("a: !!str 5\n", "1:4: error: the tag 'tag:yaml.org,2002:str'; expected the value alone"),
    ])
    func syntaxErrors(text: String, expected: String) {
        #expect(lines(text, "f.yaml").first == expected)
    }

    @Test func bytesThatAreNotUTF8HaveTheirPlace() {
        let bytes = Array("a: é\nb: ".utf8) + [0xFF] + Array("\n".utf8)
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.read(bytes, fileName: "f.yaml", environment: noVariables)
        }
        #expect(error?.lines == ["f.yaml:2:4: error: bytes that are not UTF-8; expected a file saved as UTF-8"])
    }

    @Test func columnsCountCharacters() {
        #expect(
            errors("# é\n" + yamlFile(backend: "{ \"é\": 1, servers: {} }"), "f.yaml").first?.hasPrefix("8:7: error:")
                == true
        )
        let text = yamlFile(frontend: "bind: [\":80\", \"éé\", x]")
        #expect(errors(text, "f.yaml").map { $0.prefix(4) } == ["4:19", "4:25"])
    }

    @Test func carriageReturnsAndAByteOrderMarkAreWhiteSpace() throws {
        let text = "\u{FEFF}" + yamlFile().replacing("\n", with: "\r\n")
        #expect(try settings(yaml: text) == settings(yaml: yamlFile()))
    }

    @Test func aliasesAreRefusedBeforeTheyMultiply() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let found = lines(text, "f.yaml")
        #expect(found.first == "1:5: error: the anchor '&a0'; expected the value alone")
        #expect(found.contains("2:10: error: the alias '*a0'; expected the value written out"))
    }

    @Test func nestingIsBounded() {
        let text = String(repeating: "[", count: 100_000)
        #expect(
            lines(text, "f.yaml") == ["1:33: error: too many lists and mappings within each other; expected at most 32"]
        )
        let mappings = String(repeating: "{a: ", count: 100_000)
        #expect(lines(mappings, "f.yaml").count == 1)
    }
}
