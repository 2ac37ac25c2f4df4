internal import TestSupport
internal import Testing

@testable internal import MemoWire

@Suite struct KeyCanonicalizerTests {
    @Test(arguments: [
        // As it came.
        ("\"abc\"", "\"abc\""), ("1", "1"), ("-12", "-12"), ("[]", "[]"), ("{}", "{}"), ("null", "null"),
        ("[1,\"a\",true]", "[1,\"a\",true]"), ("{\"a\":1,\"b\":{\"c\":2}}", "{\"a\":1,\"b\":{\"c\":2}}"),
        // White space.
        ("[ 1 ,\t2 ]", "[1,2]"), ("{ \"a\" : [ ] , \"b\" : { } }", "{\"a\":[],\"b\":{}}"),
        ("[ [ ] ]", "[[]]"),
        // Order, at every depth, by the bytes of decoded names.
        ("{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}"),
        (
            "[{\"b\":{\"d\":1,\"c\":{}},\"a\":[{\"z\":0,\"y\":9}]},{\"k\":1,\"j\":2}]",
            "[{\"a\":[{\"y\":9,\"z\":0}],\"b\":{\"c\":{},\"d\":1}},{\"j\":2,\"k\":1}]"
        ),
        ("{\"\\u0062\":1,\"a\":2}", "{\"a\":2,\"b\":1}"), ("{\"ab\":1,\"a\":2}", "{\"a\":2,\"ab\":1}"),
        ("{\"é\":1,\"z\":2}", "{\"z\":2,\"é\":1}"), ("{\"a\\\"\":1}", "{\"a\\\"\":1}"),
        ("{\"\":1}", "{\"\":1}"),
        // Strings.
        ("\"\\u0041\\/\\u00e9\"", "\"A/é\""), ("\"\\ud83d\\ude00\"", "\"😀\""),
        ("\"\\u000A\\u001f\"", "\"\\n\\u001f\""),
        ("\"\\u0022\\u005c\"", "\"\\\"\\\\\""), ("\"\\b\\f\\n\\r\\t\"", "\"\\b\\f\\n\\r\\t\""),
        ("\"\\u0000\"", "\"\\u0000\""),
        // Numbers.
        ("1.0", "1"), ("1e0", "1"), ("10e-1", "1"), ("-0", "0"), ("0.0", "0"), ("-0e5", "0"), ("0e-7", "0"),
        ("1.50", "1.5"), ("15e-1", "1.5"), ("0.15E+1", "1.5"), ("1e3", "1000"), ("100e-2", "1"),
        ("0.001", "0.001"),
        ("1e-3", "0.001"), ("12e-7", "0.0000012"), ("12e-8", "12e-8"), ("1e-6", "0.000001"), ("1e-7", "1e-7"),
        ("0.0000001", "1e-7"),
        ("-2.5e2", "-250"),
        ("12345678901234567890", "12345678901234567890"), ("1e19", "10000000000000000000"),
        ("1e20", "1e20"), ("100000000000000000000", "1e20"),
        ("123456789012345678901", "123456789012345678901"),
        ("1e1000000000000000", "1e1000000000000000"), ("0.1e1000000000000000", "1e999999999999999"),
        ("1e-1000000000000000", "1e-1000000000000000"), ("1e0000000000000000000001", "10"),
        ("3.141592653589793238462643383279", "3.141592653589793238462643383279"),
    ])
    func writes(_ key: String, _ canonical: String) throws {
        #expect(try RequestReader.canonical(key).plain == canonical)
        // The form is its own form.
        #expect(try RequestReader.canonical(canonical).plain == canonical)
    }

    @Test(arguments: [
        ("1", "1"), ("1.0", "1.0"), ("1e0", "1.0"), ("10e-1", "1.0"), ("-0", "0"), ("-0.0", "0.0"),
        ("0e9", "0.0"),
        ("1.5", "1.5"), ("15e-1", "1.5"), ("[1,2.0]", "[1,2.0]"), ("1e20", "1.0e20"), ("12e20", "12.0e20"),
        ("100000000000000000000", "100000000000000000000"), ("1.0e-9", "1e-9"), ("1e-9", "1e-9"),
        ("{\"b\":1.0,\"a\":1}", "{\"a\":1,\"b\":1.0}"),
        ("123456789012345678901.0", "123456789012345678901.0"),
    ])
    func marksNumbersForTypedFunctions(_ key: String, _ typed: String) throws {
        #expect(try RequestReader.canonical(key).typed == typed)
        #expect(try RequestReader.canonical(typed).typed == typed)
    }

    @Test(arguments: [
        ("\"\\ud800\"", ErrorCode.badRequest), ("\"\\udc00\"", .badRequest),
        ("\"\\ud800\\ud800\"", .badRequest),
        ("\"\\ud800x\"", .badRequest), ("{\"\\udfff\":1}", .badRequest),
        ("[{\"a\":\"\\ud9ff\"}]", .badRequest),
        ("1e1000000000000001", .badRequest), ("1e-1000000000000001", .badRequest),
        ("[0e9999999999999999999]", .badRequest),
        ("{\"a\":1,\"a\":1}", .badJSON), ("{\"a\":1,\"\\u0061\":2}", .badJSON),
        ("[[{\"x\":{\"b\":1,\"a\":0,\"b\":2}}]]", .badJSON),
        // Bad JSON goes first.
        ("[1e9999999999999999999,{\"a\":1,\"a\":2}]", .badJSON), ("{\"\\ud800\":1,\"\\ud800\":2}", .badJSON),
        ("{\"é\":1,\"\\u00e9\":1}", .badJSON), ("{\"😀\":1,\"\\ud83d\\ude00\":1}", .badJSON),
    ])
    func refuses(_ key: String, _ code: ErrorCode) {
        let line = "{\"id\":7,\"op\":\"delete\",\"fn\":\"f\",\"key\":\(key)}"
        let failure = RequestReader.failure(line)
        #expect(failure?.code == code)
        #expect(failure?.id == (code == .badJSON ? nil : "7"))
    }

    @Test func namesThatDifferOnlyWithinAreNotRepeats() throws {
        let same = try RequestReader.canonical("{\"a\":{\"a\":{\"a\":1}}}").plain
        #expect(same == "{\"a\":{\"a\":{\"a\":1}}}")
        #expect(try RequestReader.canonical("[{\"a\":1},{\"a\":1}]").plain == "[{\"a\":1},{\"a\":1}]")
    }

    @Test func sizeIsLimited() throws {
        let most = WireLimits.keyBytes
        #expect(
            try RequestReader.canonical("\"" + String(repeating: "x", count: most - 2) + "\"").plain.utf8
                .count == most)
        let over =
            "{\"id\":1,\"op\":\"delete\",\"fn\":\"f\",\"key\":\"\(String(repeating: "x", count: most - 1))\"}"
        #expect(RequestReader.failure(over)?.code == .tooLarge)
        #expect(RequestReader.failure(over)?.id == "1")
        // Short as sent, long in canonical form.
        let numbers = "[" + Array(repeating: "1e19", count: 100_000).joined(separator: ",") + "]"
        let failure = RequestReader.failure("{\"id\":2,\"op\":\"delete\",\"fn\":\"f\",\"key\":\(numbers)}")
        #expect(failure?.code == .tooLarge)
        #expect(failure?.id == "2")
    }

    /// Whether a key is too large does not depend on how it is spelt, but for what is absurd.
    @Test func itIsTheKeyThatIsTooLarge() throws {
        let most = WireLimits.keyBytes
        let escaped = "\"" + String(repeating: "\\u0078", count: most - 2) + "\""
        #expect(try RequestReader.canonical(escaped).plain.utf8.count == most)
        func failure(_ key: String) -> ErrorCode? {
            RequestReader.failure("{\"op\":\"delete\",\"fn\":\"f\",\"key\":\(key)}")?.code
        }
        #expect(failure("\"" + String(repeating: "\\u0078", count: most - 1) + "\"") == .tooLarge)
        for space in [2 * most, 7 * most] {
            let spaced = "[1," + String(repeating: " ", count: space) + "2]"
            #expect(try RequestReader.canonical(spaced).plain == "[1,2]")
        }
        #expect(failure("[1," + String(repeating: " ", count: 8 * most) + "2]") == .tooLarge)
        let text = "\"" + String(repeating: "x", count: most - 4) + "\""
        #expect(try RequestReader.canonical("[ \(text)]").plain.utf8.count == most)
        #expect(failure("[ \(text), 1]") == .tooLarge)
    }

    @Test func aMillionDigitsAreExact() throws {
        let digits = String(repeating: "1234567890", count: 100_000)
        let stripped = String(digits.dropLast())
        #expect(try RequestReader.canonical(digits).plain == stripped + "e1")
        #expect(try RequestReader.canonical(digits).typed == digits)
        #expect(try RequestReader.canonical(stripped + ".0e1").plain == stripped + "e1")
        #expect(try RequestReader.canonical(digits + ".5").plain == digits + ".5")
        #expect(
            try RequestReader.canonical("1" + digits).plain != RequestReader.canonical("2" + digits).plain)
    }

    @Test func formsAreEqualExactlyWhereDecimalsAre() throws {
        var generator = JSONGenerator(random: SeededGenerator(for: "numbers"))
        var plainByValue: [ReferenceDecimal: String] = [:]
        var valueByPlain: [String: ReferenceDecimal] = [:]
        var typedByValue: [ReferenceDecimal.Typed: String] = [:]
        var valueByTyped: [String: ReferenceDecimal.Typed] = [:]
        for _ in 0..<SeededGenerator.cases(8000) {
            // Few digits, so that many are equal.
            let random = { (range: ClosedRange<Int>) in Int.random(in: range, using: &generator.random) }
            var text = random(0...2) == 0 ? "-" : ""
            text += ["0", "1", "10", "100", "1200", "12"][random(0...5)]
            if random(0...1) == 0 { text += "." + ["0", "00", "10", "01", "5", "500"][random(0...5)] }
            if random(0...1) == 0 { text += "e\(random(-3...3))" }
            if random(0...9) == 0 { text += text.contains("e") ? "" : "E+\(random(15...25))" }
            let other = generator.number()
            if random(0...9) == 0, !other.contains(/[eE][+-]?[0-9]{4}/) {
                text = other
            }
            let decimal = ReferenceDecimal(text)
            let typed = ReferenceDecimal.Typed(text)
            let forms = try RequestReader.canonical(text)
            #expect(
                plainByValue.updateValue(forms.plain, forKey: decimal) ?? forms.plain == forms.plain,
                "\(text)")
            #expect(valueByPlain.updateValue(decimal, forKey: forms.plain) ?? decimal == decimal, "\(text)")
            #expect(
                typedByValue.updateValue(forms.typed, forKey: typed) ?? forms.typed == forms.typed, "\(text)")
            #expect(valueByTyped.updateValue(typed, forKey: forms.typed) ?? typed == typed, "\(text)")
            #expect(
                ReferenceDecimal(forms.plain) == decimal && ReferenceDecimal(forms.typed) == decimal,
                "\(text)")
        }
        #expect(valueByPlain.count > 100 && valueByTyped.count > valueByPlain.count)
    }

    @Test func spellingMakesNoDifference() throws {
        var generator = JSONGenerator(random: SeededGenerator(for: "keys"))
        for number in 0..<SeededGenerator.cases(1000) {
            let value = SpeltValue.random(using: &generator)
            let first = try RequestReader.canonical(value.spell(&generator)).plain
            let second = try RequestReader.canonical(value.spell(&generator)).plain
            #expect(first == second, "case \(number)")
            #expect(JSONScannerTests.error(first) == nil, "case \(number)")
            let changed = value.changed(&generator)
            #expect(
                try RequestReader.canonical(changed.spell(&generator)).plain != first,
                "case \(number): \(first)")
        }
    }
}
