internal import Foundation
internal import MemoWire
internal import TestSupport
internal import Testing

@Suite struct JSONValueTests {
    @Test func takesApart() throws {
        let value = try JSONValue.parse(
            " {\"a\" : [1, -0.50e+1, \"x\\n\\u00e9\", true, null, {}, []], \"b\":{\"\":\"\"} } ")
        let expected: JSONValue = [
            "a": [1, .number("-0.50e+1"), "x\né", true, nil, .object([]), .array([])], "b": ["": ""],
        ]
        #expect(value == expected)
        #expect(value["a"]?[0]?.intValue == 1 && value["a"]?[1]?.intValue == -5)
        #expect(value["a"]?[1]?.doubleValue == -5 && value["a"]?[2]?.stringValue == "x\né")
        #expect(value["a"]?[3]?.boolValue == true && value["a"]?[4]?.isNull == true)
        #expect(value["c"] == nil && value["a"]?[7] == nil && value["a"]?["x"] == nil)
        #expect(value.description == "{\"a\":[1,-0.50e+1,\"x\\né\",true,null,{},[]],\"b\":{\"\":\"\"}}")
    }

    @Test func integersAreNeverRounded() throws {
        func integer(_ text: String) -> Int? { (try? JSONValue.parse(text))?.intValue }
        #expect(integer("9223372036854775807") == Int.max && integer("-9223372036854775808") == Int.min)
        #expect(integer("9223372036854775808") == nil && integer("1.5") == nil && integer("1e99") == nil)
        #expect(integer("1e3") == 1000 && integer("1.0") == 1 && integer("-0") == 0)
        #expect(JSONValue.number("garbage").intValue == nil && JSONValue.number("").intValue == nil)
        #expect(JSONValue.number("[1]").intValue == nil && JSONValue.number("1 ").intValue == nil)
        #expect(try JSONValue.parse("1e400").doubleValue == nil)
    }

    @Test func surrogatesAreRefusedOrReplaced() throws {
        #expect(throws: JSONError(.unpairedSurrogate, at: 1)) { try JSONValue.parse("[\"a\\ud800b\"]") }
        #expect(try JSONValue.parse("\"aé\\ud800b\\\"\"", surrogates: .replace) == "aé\u{FFFD}b\"")
        #expect(try JSONValue.parse("\"\\ud83d\\ude00\"") == "😀")
    }

    @Test func depthIsTheScanners() throws {
        let deep = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(try JSONValue.parse(deep).description == deep)
        #expect(throws: JSONError(.tooDeep, at: 512)) { try JSONValue.parse("[" + deep + "]") }
        _ = Array(deep.utf8).withUnsafeBytes { bytes in
            #expect(throws: JSONError(.tooDeep, at: 511)) { try JSONValue.validate(bytes, depth: 511) }
        }
    }

    @Test func agreesWithFoundation() throws {
        var generator = JSONGenerator(random: SeededGenerator(for: "values"))
        for number in 0..<SeededGenerator.cases(1000) {
            let text = String(decoding: generator.text(), as: UTF8.self)
            // Foundation refuses numbers beyond Double.
            if text.contains(/[0-9][eE]/) { continue }
            let value = try JSONValue.parse(text)
            let again = try JSONValue.parse(value.description)
            #expect(again == value, "case \(number): \(text)")
            func object(_ text: String) throws -> NSObject {
                try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
                    as! NSObject
            }
            #expect(try object(text) == object(value.description), "case \(number): \(text)")
        }
    }
}
