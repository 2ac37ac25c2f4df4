internal import MemoWire
internal import Testing

@Suite struct ReplyWriterTests {
    private func written(_ body: (inout ByteBuffer) -> Void) -> String {
        var output = ByteBuffer()
        body(&output)
        return String(decoding: output.bytes, as: UTF8.self)
    }

    private func with<Result>(_ text: String, _ body: (Bytes) -> Result) -> Result {
        Array(text.utf8).withUnsafeBytes { body($0) }
    }

    @Test func writesWholeReplies() {
        #expect(written { ReplyWriter.succeed(nil, into: &$0) } == "{\"ok\":true}\n")
        #expect(written { ReplyWriter.miss(nil, into: &$0) } == "{\"ok\":true,\"hit\":false}\n")
        with("{\"a\": 1}") { id in
            #expect(written { ReplyWriter.succeed(id, into: &$0) } == "{\"id\":{\"a\": 1},\"ok\":true}\n")
            #expect(
                written { ReplyWriter.stored(id, into: &$0) }
                    == "{\"id\":{\"a\": 1},\"ok\":true,\"stored\":true}\n")
            #expect(
                written { ReplyWriter.hit(id, value: id, into: &$0) }
                    == "{\"id\":{\"a\": 1},\"ok\":true,\"hit\":true,\"value\":{\"a\": 1}}\n")
        }
    }

    @Test func writesFields() {
        let reply = written { output in
            ReplyWriter.begin(nil, into: &output)
            ReplyWriter.field("a", -5, into: &output)
            ReplyWriter.field("b", true, into: &output)
            ReplyWriter.field("c", 1.5, into: &output)
            ReplyWriter.field("d", string: "x\"", into: &output)
            with("[1]") { ReplyWriter.field("e", json: $0, into: &output) }
            with("\n") { ReplyWriter.field("f", string: $0, into: &output) }
            ReplyWriter.end(into: &output)
        }
        #expect(
            reply == "{\"ok\":true,\"a\":-5,\"b\":true,\"c\":1.5,\"d\":\"x\\\"\",\"e\":[1],\"f\":\"\\n\"}\n")
    }

    @Test func writesErrors() {
        with("7") { id in
            let error = WireError(code: .unknownOperation, message: "unknown op \"\u{0}\"", id: id)
            #expect(
                written { ReplyWriter.fail(error, into: &$0) }
                    == "{\"id\":7,\"ok\":false,\"error\":{\"code\":\"unknown_op\",\"message\":\"unknown op \\\"\\u0000\\\"\"}}\n"
            )
        }
        #expect(
            written { ReplyWriter.fail(nil, .busy, "later", into: &$0) }
                == "{\"ok\":false,\"error\":{\"code\":\"busy\",\"message\":\"later\"}}\n")
    }
}
