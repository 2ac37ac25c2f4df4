internal import Testing

@testable internal import MemoWire

@Suite struct RequestErrorTests {
    @Test(arguments: [
        // Not one JSON object.
        ("", ErrorCode.badJSON, "expected a JSON object at byte 0"),
        ("[]", .badJSON, "expected a JSON object at byte 0"),
        ("{}{}", .badJSON, "expected nothing more at byte 2"),
        ("{\"op\":\"ping\"", .badJSON, "expected ',' or '}' at byte 12"),
        ("{\"op\":\"ping\",}", .badJSON, "expected a member name in double quotes at byte 13"),
        ("\u{FEFF}{}", .badJSON, "a byte order mark is not allowed at byte 0"),
        ("{\"id\":1,\"op\":\"ping\",\"op\":\"ping\"}", .badJSON, "member \"op\" is repeated at byte 20"),
        ("{\"x\":1,\"\\u0078\":1}", .badJSON, "member \"\\u0078\", which is \"x\", is repeated at byte 7"),
        (
            "{\"op\":\"get\",\"\\u006fp\":1}", .badJSON,
            "member \"\\u006fp\", which is \"op\", is repeated at byte 12"
        ),
        ("{\"op\":\"nope\",\"key\":[{\"a\":1,\"a\":2}]}", .badJSON, "member \"a\" is repeated at byte 27"),
        ("{\"op\":\"mget\",\"keys\":[1,{\"a\":1,\"a\":2}]}", .badJSON, "member \"a\" is repeated at byte 30"),
        (
            "{\"op\":\"mput\",\"entries\":[{\"key\":1,\"key\":2}]}", .badJSON,
            "member \"key\" is repeated at byte 33"
        ),
        (
            "{\"op\":\"mput\",\"entries\":[5,{\"key\":{\"a\":1,\"a\":2}}]}", .badJSON,
            "member \"a\" is repeated at byte 40"
        ),
        // The operation.
        ("{}", .badRequest, "op is missing"), ("{\"op\":1}", .badRequest, "op must be a string, not 1"),
        ("{\"op\":null}", .badRequest, "op must be a string, not null"),
        ("{\"op\":\"GET\",\"x\":1}", .unknownOperation, "unknown op \"GET\""),
        ("{\"op\":\"\"}", .unknownOperation, "unknown op \"\""),
        ("{\"op\":\"get\\u0000\"}", .unknownOperation, "unknown op \"get\u{0}\""),
        // Fields.
        (
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"tll_ms\":1}", .badRequest,
            "unknown field \"tll_ms\" in get; did you mean ttl_ms?"
        ),
        (
            "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"ttl\":1}", .badRequest,
            "unknown field \"ttl\" in put; did you mean ttl_ms?"
        ),
        ("{\"op\":\"put\",\"ttlMs\":1}", .badRequest, "unknown field \"ttlMs\" in put; did you mean ttl_ms?"),
        ("{\"op\":\"ping\",\"something\":1}", .badRequest, "unknown field \"something\" in ping"),
        ("{\"op\":\"ping\",\"\":1}", .badRequest, "unknown field \"\" in ping"),
        ("{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"value\":1}", .badRequest, "get takes no field \"value\""),
        ("{\"op\":\"get\",\"fn\":\"f\"}", .badRequest, "key is missing in get"),
        ("{\"op\":\"get\",\"key\":1}", .badRequest, "fn is missing in get"),
        ("{\"op\":\"get\",\"fn\":5,\"key\":1}", .badRequest, "fn must be a string, not 5"),
        ("{\"op\":\"get\",\"fn\":\"\",\"key\":1}", .badRequest, "fn must have 1 to 512 bytes, not 0"),
        ("{\"op\":\"get\",\"fn\":\"\\ud800\",\"key\":1}", .badRequest, "fn has an unpaired surrogate"),
        (
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"meta\":1}", .badRequest,
            "meta must be true or false, not 1"
        ),
        (
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"wait_ms\":-1}", .badRequest,
            "wait_ms must be an integer from 0 to 3600000, not -1"
        ),
        (
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"lease_ms\":3600001}", .badRequest,
            "lease_ms must be an integer from 0 to 3600000, not 3600001"
        ),
        (
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"wait_ms\":\(String(repeating: "1", count: 60))}",
            .badRequest,
            "wait_ms must be an integer from 0 to 3600000, not \(String(repeating: "1", count: 40))…"
        ),
        (
            "{\"op\":\"history\",\"points\":0}", .badRequest,
            "points must be an integer from 1 to 2000, not 0"
        ),
        (
            "{\"op\":\"history\",\"points\":2001}", .badRequest,
            "points must be an integer from 1 to 2000, not 2001"
        ),
        (
            "{\"op\":\"history\",\"span_ms\":0}", .badRequest,
            "span_ms must be an integer from 1 to 9007199254740992, not 0"
        ),
        (
            "{\"op\":\"functions\",\"limit\":0}", .badRequest,
            "limit must be an integer from 1 to 1000, not 0"
        ),
        (
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"early\":1e400}", .badRequest,
            "early must be a number from 0 to 1.7e308, not 1e400"
        ),
        (
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"early\":-0.5}", .badRequest,
            "early must be a number from 0 to 1.7e308, not -0.5"
        ),
        (
            "{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"early\":\"1\"}", .badRequest,
            "early must be a number from 0 to 1.7e308, not a string"
        ),
        (
            "{\"op\":\"touch\",\"fn\":\"f\",\"key\":1,\"ttl_ms\":1.5}", .badRequest,
            "ttl_ms must be null or an integer from 0 to 9007199254740992, not 1.5"
        ),
        (
            "{\"op\":\"touch\",\"fn\":\"f\",\"key\":1,\"ttl_ms\":9007199254740993}", .badRequest,
            "ttl_ms must be null or an integer from 0 to 9007199254740992, not 9007199254740993"
        ),
        (
            "{\"op\":\"touch\",\"fn\":\"f\",\"key\":1,\"ttl_ms\":1e99}", .badRequest,
            "ttl_ms must be null or an integer from 0 to 9007199254740992, not 1e99"
        ),
        (
            "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"stale_ms\":null}", .badRequest,
            "stale_ms must be an integer from 0 to 9007199254740992, not null"
        ),
        (
            "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"tags\":\"a\"}", .badRequest,
            "tags must be an array of strings, not a string"
        ),
        (
            "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"tags\":[\"a\",1]}", .badRequest,
            "tags[1] must be a string, not a number"
        ),
        (
            "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"tags\":[\"\"]}", .badRequest,
            "tags[0] must have 1 to 128 bytes, not 0"
        ),
        (
            "{\"op\":\"mput\",\"fn\":\"f\",\"entries\":[{\"key\":1,\"value\":1},{\"key\":1,\"fn\":\"f\",\"value\":1}]}",
            .badRequest,
            "entries[1]: an entry takes no field \"fn\""
        ),
        (
            "{\"op\":\"mput\",\"fn\":\"f\",\"entries\":[{\"key\":1}]}", .badRequest,
            "entries[0]: value is missing in an entry"
        ),
        (
            "{\"op\":\"mput\",\"fn\":\"f\",\"entries\":[{\"key\":1,\"value\":1,\"ttl_ms\":true}]}",
            .badRequest,
            "entries[0]: ttl_ms must be null or an integer from 0 to 9007199254740992, not true"
        ),
        (
            "{\"op\":\"mput\",\"fn\":\"f\",\"entries\":[1]}", .badRequest,
            "entries[0] must be an object, not a number"
        ),
        (
            "{\"op\":\"mput\",\"fn\":\"f\",\"entries\":{}}", .badRequest,
            "entries must be an array, not an object"
        ),
        ("{\"op\":\"mget\",\"fn\":\"f\",\"keys\":null}", .badRequest, "keys must be an array, not null"),
        (
            "{\"op\":\"mget\",\"fn\":\"f\",\"keys\":[1,\"\\udead\"]}", .badRequest,
            "keys[1] has an unpaired surrogate at byte 33"
        ),
        (
            "{\"op\":\"keys\",\"fn\":\"f\",\"limit\":0}", .badRequest,
            "limit must be an integer from 1 to 1000, not 0"
        ),
        (
            "{\"op\":\"functions\",\"limit\":1001}", .badRequest,
            "limit must be an integer from 1 to 1000, not 1001"
        ),
        (
            "{\"op\":\"define\",\"fn\":\"f\",\"maxsize\":\"8\"}", .badRequest,
            "maxsize must be null or an integer up to 9007199254740992, not a string"
        ),
        ("{\"op\":\"backup\",\"path\":\"x\"}", .badRequest, "path must be absolute"),
        ("{\"op\":\"backup\",\"path\":\"/a\\u0000b\"}", .badRequest, "path must not contain U+0000"),
    ])
    func says(_ line: String, _ code: ErrorCode, _ message: String) {
        let failure = RequestReader.failure(line)
        #expect(failure?.code == code)
        #expect(failure?.message == message)
        // With an id the answer names it, unless the line could not be read.
        guard line.hasPrefix("{\""), !line.contains("\"id\"") else { return }
        let named = RequestReader.failure("{\"id\": [7] ,\(line.dropFirst())")
        #expect(named?.id == (code == .badJSON ? nil : "[7]"))
    }

    @Test func sizesAreLimited() {
        func failure(_ line: String) -> (ErrorCode, String?)? {
            RequestReader.failure(line).map { ($0.code, $0.id) }
        }
        func list(_ item: String, _ count: Int) -> String {
            "[" + Array(repeating: item, count: count).joined(separator: ",") + "]"
        }
        #expect(failure("{\"op\":\"mget\",\"fn\":\"f\",\"keys\":\(list("1", 1024))}") == nil)
        let keys = failure("{\"op\":\"nope\",\"id\":1,\"keys\":\(list("1", 1025))}")
        #expect(keys?.0 == .tooLarge && keys?.1 == "1")
        let entry = "{\"key\":1,\"value\":2}"
        #expect(failure("{\"op\":\"mput\",\"fn\":\"f\",\"entries\":\(list(entry, 1024))}") == nil)
        let entries = failure("{\"op\":\"mput\",\"id\":\"x\",\"fn\":\"f\",\"entries\":\(list(entry, 1025))}")
        #expect(entries?.0 == .tooLarge && entries?.1 == "\"x\"")

        let put = "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1,\"tags\":"
        #expect(failure(put + list("\"a\"", 16) + "}") == nil)
        #expect(failure(put + list("\"a\"", 17) + "}")?.0 == .badRequest)
        #expect(failure(put + "[\"\(String(repeating: "é", count: 64))\"]}") == nil)
        #expect(failure(put + "[\"\(String(repeating: "é", count: 65))\"]}")?.0 == .badRequest)
        func info(_ name: String) -> String { "{\"op\":\"info\",\"fn\":\"\(name)\"}" }
        #expect(failure(info(String(repeating: "x", count: 512))) == nil)
        #expect(failure(info(String(repeating: "x", count: 513)))?.0 == .badRequest)
        // Bytes are those of the decoded name.
        #expect(failure(info(String(repeating: "\\u0000", count: 512))) == nil)

        let line = "{\"op\":\"ping\",\"id\":1}"
        let tooLong = RequestReader.failure(line.utf8, limits: WireLimits(lineBytes: line.utf8.count - 1))
        #expect(tooLong?.code == .tooLarge && tooLong?.id == nil)
        #expect(RequestReader.failure(line.utf8, limits: WireLimits(lineBytes: line.utf8.count)) == nil)
    }

    @Test func depthCountsFromTheRequest() {
        func put(_ depth: Int) -> String {
            let value = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            return "{\"op\":\"put\",\"fn\":\"f\",\"key\":\(value),\"value\":\(value)}"
        }
        #expect(RequestReader.failure(put(511)) == nil)
        #expect(RequestReader.failure(put(512))?.code == .badJSON)
    }

    @Test func manyUnknownFieldsAreNotCompared() {
        let many = (0..<200_000).map { "\"x\($0)\":0" }.joined(separator: ",")
        #expect(RequestReader.failure("{\"op\":\"ping\",\(many)}")?.code == .badRequest)
    }
}
