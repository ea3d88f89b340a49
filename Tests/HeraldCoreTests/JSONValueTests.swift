import HeraldCore
import Testing

/// JSON on one line, without white space.
@Suite struct JSONValueTests {
    @Test(arguments: [
        (JSONValue.null, "null"), (.bool(true), "true"), (.number(0), "0"), (.number(.min), "-9223372036854775808"),
        (.number(.max), "9223372036854775807"), (.array([]), "[]"), (.object([]), "{}"), (.string(""), #""""#),
        (.string(#"a"b\c/d"#), #""a\"b\\c/d""#), (.string("\n\r\t\u{0}\u{1b}"), #""\n\r\t\u0000\u001b""#),
        (.string("ü €"), #""ü €""#), (.string("\u{202e}\u{e0001}"), #""\u202e\udb40\udc01""#),
        (.array([.null, .array([.number(1)]), .string("x")]), #"[null,[1],"x"]"#),
        (.object([("b", .number(1)), ("a\"", .object([("c", .null)]))]), #"{"b":1,"a\"":{"c":null}}"#),
    ])
    func valueIsWrittenCompactly(value: JSONValue, text: String) {
        var bytes: [UInt8] = [1]
        value.append(to: &bytes)
        #expect(bytes == [1] + Array(text.utf8))
    }
}
