import Testing

@testable import MemoClient

@Suite struct DurationTests {
    @Test(
        arguments: [
            (.seconds(Int64.max), 1 << 53), (.milliseconds(Int64.max), 1 << 53),
            (.milliseconds(1 << 53), 1 << 53),
            (.microseconds(1), 1), (.zero, 0), (.seconds(Int64.min), 0),
        ] as [(Duration, Int64)]) func whatIsMeantForEverIsTheLongestThatTheProtocolKnows(
            duration: Duration, milliseconds: Int64
        )
    {
        let line = Call.define("f", Profile(ttl: .lasting(duration))).request.bytes
        #expect(String(decoding: line, as: UTF8.self).contains("\"ttl_ms\":\(milliseconds)}"))
        #expect(Deadline(in: duration).pollTimeout >= 0)
    }
}

@Suite struct ReplyTests {
    private func reply(_ text: String) throws(MemoError) -> Reply { try Reply(line: Array(text.utf8)) }

    @Test func valuesComeBackAsTheyCame() throws {
        let reply = try reply(
            #" {"id": 7 , "ok":true,"hit":true,"value": {"b":[1, 2.50,"}\""],"a":1e400} ,"stale":true}"#)
        let lookup = try Lookup(reply)
        #expect(lookup.value?.description == #"{"b":[1, 2.50,"}\""],"a":1e400}"#)
        #expect(lookup.isStale)
        #expect(reply.int("id") == 7)
        #expect(reply.payload.description.hasPrefix(#"{"hit":true,"value":{"b":[1, 2.50"#))
    }

    @Test func namesMayBeEscaped() throws {
        #expect(try reply(#"{"\u006fk":true}"#).isOK)
        #expect(
            try reply(#"{"ok":true,"list":[1,[2,3],{"x":"]"}]}"#).list("list")?.map(\.description) == [
                "1", "[2,3]", #"{"x":"]"}"#,
            ])
    }

    @Test(arguments: [
        "", " ", "1", "[]", "{", "{}x", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1"#, #"{"a":"x}"#,
        #"{"a":[1}"#, "{1:2}", "\u{0}",
    ])
    func garbageIsAnError(text: String) {
        #expect(throws: MemoError.self) { try reply(text) }
    }

    @Test func everyCutOfAReplyIsAnError() throws {
        let whole = Array(#"{"ok":true,"value":["a\\",{"b":"\""}],"n":12}"#.utf8)
        for count in 0..<whole.count {
            #expect(throws: MemoError.self) { try Reply(line: Array(whole[..<count])) }
        }
        _ = try Reply(line: whole)
    }

    @Test func theDaemonsErrorsAreTyped() throws {
        let error = try #require(try reply(#"{"ok":false,"error":{"code":"busy","message":"later"}}"#).error)
        #expect(error.code == .busy)
        #expect(error.message == "later")
        #expect(try reply(#"{"ok":false}"#).error?.code == .malformedReply)
        #expect(try reply(#"{"hit":true}"#).error?.code == .malformedReply)
        #expect(throws: MemoError.self) { try Lookup(reply(#"{"ok":true,"hit":true}"#)) }
    }

    @Test func requestsAreOneLine() throws {
        let key = try JSONText(parsing: "[1,\n\t\"a\"]\r\n")
        var options = PutOptions(ttl: .forever, stale: .microseconds(1), cost: .seconds(2), tags: ["x\n\"y"])
        options.durable = true
        let line = String(
            decoding: Call.put("f\u{1}", key, JSONText(-5), options).request.bytes, as: UTF8.self)
        #expect(
            line
                == #"{"op":"put","fn":"f\u0001","key":[1, \#u{9}"a"]  ,"value":-5,"ttl_ms":null,"stale_ms":1,"#
                + #""cost_ms":2000,"tags":["x\n\"y"],"durable":true}"# + "\n")
    }
}
