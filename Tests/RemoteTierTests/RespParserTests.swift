import Testing

@testable import RemoteTier

struct RespParserTests {
    private static let stream = """
        +OK\r\n-ERR no\r\n:-5\r\n$3\r\na\r\n\r\n$-1\r\n*2\r\n:1\r\n*0\r\n%1\r\n+k\r\n:1\r\n_\r\n#t\r\n,1.5\r\n=6\r\ntxt:hi\r\n\
        >1\r\n+push\r\n|1\r\n+a\r\n+b\r\n:7\r\n*-1\r\n!3\r\nBAD\r\n
        """

    private static let values: [RespValue] = [
        .simple(Array("OK".utf8)), .error(RespError("ERR no")), .integer(-5), .bulk(Array("a\r\n".utf8)),
        .null,
        .array([.integer(1), .array([])]),
        .map([.init(key: .simple([UInt8(ascii: "k")]), value: .integer(1))]), .null,
        .boolean(true), .double(1.5), .bulk(Array("hi".utf8)), .push([.simple(Array("push".utf8))]),
        .integer(7), .null,
        .error(RespError("BAD")),
    ]

    @Test func everyKindIsReadHoweverTheStreamIsCut() throws {
        let bytes = Array(Self.stream.utf8)
        for size in [1, 2, 5, bytes.count] {
            var parser = RespParser()
            var found: [RespValue] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { parser.append($0) }
                while let value = try parser.next() { found.append(value) }
            }
            #expect(found == Self.values, "in pieces of \(size)")
        }
    }

    @Test func whatIsNoRedisIsAnError() {
        for text in [
            "HTTP/1.1 400\r\n", "$-2\r\n", "$99999999999\r\n", ":x\r\n", "*99999999\r\n", "$1\r\nabc",
            ",x\r\n",
        ] {
            var parser = RespParser()
            Array(text.utf8).withUnsafeBytes { parser.append($0) }
            #expect(throws: RespSyntaxError.self, "\(text)") { try parser.next() }
        }
        var deep = RespParser()
        Array(String(repeating: "*1\r\n", count: 50).utf8).withUnsafeBytes { deep.append($0) }
        #expect(throws: RespSyntaxError.self) { try deep.next() }
    }
}
