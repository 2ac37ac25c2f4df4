internal import TestSupport
internal import Testing

@testable internal import MemoWire

@Suite struct RequestParserTests {
    private typealias Reader = RequestReader

    @Test func readsEveryOperation() throws {
        for operation in Operation.allCases {
            let fields =
                switch operation {
                case .ping, .stats, .sync, .hello, .functions, .subscribe, .history, .advise, .map: ""
                case .get, .delete, .why: ",\"fn\":\"f\",\"key\":1"
                case .put: ",\"fn\":\"f\",\"key\":1,\"value\":2"
                case .release: ",\"fn\":\"f\",\"key\":1,\"lease\":\"x\""
                case .touch: ",\"fn\":\"f\",\"key\":1,\"ttl_ms\":null"
                case .mget: ",\"fn\":\"f\",\"keys\":[]"
                case .mput: ",\"fn\":\"f\",\"entries\":[]"
                case .clear, .define, .info, .keys, .forget: ",\"fn\":\"f\""
                case .report: ",\"fn\":\"f\",\"hits\":3"
                case .backup: ",\"path\":\"/x\""
                }
            let line = "{\"op\":\"\(operation.rawValue)\"\(fields)}"
            let name = try Reader.read(line) { request, _ in
                String("\(request.body)".prefix { $0 != "(" }.split(separator: ".").last ?? "")
            }
            #expect(name == (operation == .clear ? "clearFunction" : operation.rawValue))
            // Each field it needs is missed.
            for field in ["fn", "key", "value", "lease", "ttl_ms", "keys", "entries", "hits", "path"] {
                let parts = line.dropFirst().dropLast().split(separator: ",").filter {
                    !$0.hasPrefix("\"\(field)\"")
                }
                let without = "{" + parts.joined(separator: ",") + "}"
                guard without != line, operation != .subscribe else { continue }
                let failure = Reader.failure(without)
                #expect(failure?.code == .badRequest, "\(without)")
                #expect(failure?.message.contains(field) == true, "\(without): \(failure?.message ?? "")")
            }
        }
    }

    @Test func readsGet() throws {
        let line = """
             { "early" : 1.5, "k\\u0065y" : [ 1 ] ,"wait_ms":2e3, "id" : {"a": 1} ,
            "op":"get","fn":"\\u0066ün","meta":true,"lease_ms":3600000} \r
            """.replacing("\n", with: "")
        try Reader.read(line) { request, _ in
            guard case .get(let key, let fields) = request.body else {
                Issue.record("\(request.body)")
                return
            }
            #expect(request.id.map(Reader.text) == "{\"a\": 1}")
            #expect(Reader.text(request.function) == "fün")
            #expect(Reader.text(key.bytes) == "[1]")
            #expect(
                fields.leaseMs == 3_600_000 && fields.waitMs == 2000 && fields.early == 1.5 && fields.meta)
        }
    }

    @Test func readsPut() throws {
        let line = """
            {"op":"put","fn":"f","key":"k","value": {"a":1, "a":"\\ud800", "x":1e400 } ,"ttl_ms":0,"stale_ms":7.0,\
            "cost_ms":9007199254740992,"tags":["a","b","\\u0061",  "c" ],"lease":"to\\u006ben","durable":true,"if_absent":false}
            """
        try Reader.read(line) { request, batch in
            guard case .put(let entry) = request.body else {
                Issue.record("\(request.body)")
                return
            }
            let fields = batch.entries[entry]
            #expect(request.id == nil)
            #expect(Reader.text(fields.value) == "{\"a\":1, \"a\":\"\\ud800\", \"x\":1e400 }")
            #expect(fields.ttl == .value(0) && fields.staleMs == 7 && fields.costMs == 1 << 53)
            #expect(batch.tags[fields.tags].map(Reader.text) == ["a", "b", "c"])
            #expect(fields.lease.map(Reader.text) == "token")
            #expect(fields.durable && !fields.ifAbsent)
        }
    }

    @Test func readsLists() throws {
        try Reader.read("{\"op\":\"mget\",\"fn\":\"f\",\"keys\":[1, 1.0 ,\"a\",{\"b\":1,\"a\":2}]}") {
            request, batch in
            guard case .mget(let range, _) = request.body else { return }
            #expect(
                batch.keys[range].map { Reader.text($0.bytes) } == ["1", "1", "\"a\"", "{\"a\":2,\"b\":1}"])
            #expect(
                batch.keys[range].map { Reader.text($0.typedBytes) } == [
                    "1", "1.0", "\"a\"", "{\"a\":2,\"b\":1}",
                ])
        }
        let line = """
            {"op":"mput","fn":"f","entries":[{"key":1,"value":[1 ,2]},{"value":2,"ttl_ms":null,"key":"x","tags":["t"],"lease":"l"}]}
            """
        try Reader.read(line) { request, batch in
            guard case .mput(let range) = request.body else { return }
            #expect(batch.entries[range].map { Reader.text($0.value) } == ["[1 ,2]", "2"])
            #expect(batch.entries[range].map { $0.ttl } == [.absent, .null])
            #expect(batch.tags[batch.entries[1].tags].map(Reader.text) == ["t"])
        }
    }

    @Test func readsSettings() throws {
        func define(_ fields: String) throws -> String {
            try Reader.read("{\"op\":\"define\",\"fn\":\"f\"\(fields)}") { request, _ in
                guard case .define(let settings) = request.body else { return "" }
                let truths = [settings.typed, settings.persist].map { $0.map { " \($0)" } ?? " -" }
                return
                    "\(settings.maxsize) \(settings.ttl) \(settings.staleMs)\(truths.joined()) \(settings.maxBytes)"
            }
        }
        #expect(try define("") == "absent absent absent - - absent")
        #expect(
            try define(",\"maxsize\":null,\"ttl_ms\":null,\"typed\":true") == "null null absent true - absent"
        )
        #expect(try define(",\"maxsize\":-5,\"ttl_ms\":-0") == "value(0) value(0) absent - - absent")
        #expect(try define(",\"maxsize\":1.28e2,\"stale_ms\":10") == "value(128) absent value(10) - - absent")
        #expect(try define(",\"maxsize\":-9007199254740992") == "value(0) absent absent - - absent")
        #expect(try define(",\"persist\":false,\"max_bytes\":10") == "absent absent absent - false value(10)")
    }

    @Test func clearTakesOneTarget() throws {
        func clear(_ fields: String) -> String {
            let line = "{\"op\":\"clear\"\(fields)}"
            return Reader.failure(line)?.message
                ?? (try? Reader.read(line) { request, _ in
                    switch request.body {
                    case .clearAll: "all"
                    case .clearFunction: "fn " + Reader.text(request.function)
                    case .clearTag(let tag, _): "tag " + Reader.text(tag)
                    default: "?"
                    }
                }) ?? ""
        }
        #expect(clear(",\"all\":true") == "all")
        #expect(clear(",\"fn\":\"f\"") == "fn f")
        #expect(clear(",\"tag\":\"t\"") == "tag t")
        let message = "clear needs exactly one of fn, tag, all and pattern"
        #expect(clear("") == message)
        #expect(clear(",\"all\":true,\"tag\":\"t\"") == message)
        #expect(clear(",\"fn\":\"f\",\"all\":false") == message)
        #expect(clear(",\"all\":false") == "all must be true, not false")
    }

    @Test func oneBatchReadsManyLines() throws {
        var batch = RequestParser()
        for round in 0..<3 {
            // Enough to need several chunks; views of the first line must hold to the end.
            var lines: [[UInt8]] = []
            for index in 0..<500 {
                let key = "[{\"b\": \(index), \"a\": \"\(String(repeating: "é", count: index))\"}]"
                lines.append(Array("{\"op\":\"delete\",\"fn\":\"\\u0066\",\"key\":\(key)}".utf8))
            }
            let memory = lines.map { line in
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: line.count, alignment: 1)
                copy.copyBytes(from: line)
                return copy
            }
            defer { for line in memory { line.deallocate() } }
            var requests: [Request] = []
            for line in memory {
                requests.append(try batch.parse(Bytes(line), limits: WireLimits()))
                // A line that fails takes nothing away.
                let bad = Array("{\"op\":\"mget\",\"fn\":1,\"keys\":[{\"a\": 1.0}]}".utf8)
                #expect(throws: WireError.self) {
                    try bad.withUnsafeBytes { _ = try batch.parse($0, limits: WireLimits()) }
                }
            }
            for (index, request) in requests.enumerated() {
                guard case .delete(let key, _) = request.body else { continue }
                let expected = "[{\"a\":\"\(String(repeating: "é", count: index))\",\"b\":\(index)}]"
                #expect(Reader.text(key.bytes) == expected, "round \(round)")
                #expect(Reader.text(request.function) == "f")
            }
            #expect(batch.keys.isEmpty)
            batch.removeAll()
        }
    }

    @Test func damagedRequestsNeverReadOn() {
        var generator = JSONGenerator(random: SeededGenerator(for: "requests"))
        let memory = GuardedMemory()
        var batch = RequestParser()
        var read = 0
        for number in 0..<SeededGenerator.cases(5000) {
            var line = Array(Self.request(&generator, number).utf8)
            if generator.random.chance(50) { line = generator.damage(line) }
            let isJSON = ReferenceValidator.accepts(line)
            do throws(WireError) {
                _ = try batch.parse(memory.place(line), limits: WireLimits())
                read += 1
                #expect(isJSON)
            } catch {
                #expect(!error.message.isEmpty)
                // Without damage only repeats and things that are no object are bad JSON.
                if !isJSON { #expect(error.code == .badJSON, "\(String(decoding: line, as: UTF8.self))") }
            }
            batch.removeAll()
        }
        #expect(read > SeededGenerator.cases(5000) / 10)
    }

    /// A request with the fields its operation needs and some of those it may have; now and then one too many.
    private static func request(_ generator: inout JSONGenerator, _ number: Int) -> String {
        let key = String(decoding: generator.text(), as: UTF8.self)
        let function = String(decoding: generator.string().dropFirst(), as: UTF8.self)
        var fields = ["\"fn\":\"f\(function)"]
        var options = ["\"id\":\(key)"]
        let putOptions = [
            "\"ttl_ms\":\(number)", "\"stale_ms\":1e3", "\"cost_ms\":0.0", "\"tags\":[\"a\",\"\\u0062\"]",
            "\"lease\":\"t\"", "\"durable\":true", "\"if_absent\":false",
        ]
        switch number % 5 {
        case 0:
            fields += ["\"op\":\"get\"", "\"key\":\(key)"]
            options += ["\"early\":0.5", "\"wait_ms\":5", "\"lease_ms\":\(number)", "\"meta\":true"]
        case 1:
            fields += ["\"op\":\"put\"", "\"key\":\(key)", "\"value\":\(key)"]
            options += putOptions
        case 2:
            fields += ["\"op\":\"mget\"", "\"keys\":[\(key), \(key),1]"]
        case 3:
            let entry =
                ["\"key\":\(key)", "\"value\":1"] + putOptions.filter { _ in generator.random.chance(30) }
            fields += [
                "\"op\":\"mput\"",
                "\"entries\":[{\(entry.joined(separator: " , "))},{\"value\":1,\"key\":2}]",
            ]
        default:
            fields += ["\"op\":\"define\""]
            options += [
                "\"maxsize\":\(generator.number())", "\"ttl_ms\":\(generator.number())", "\"typed\":true",
            ]
        }
        fields += options.filter { _ in generator.random.chance(30) }
        if generator.random.chance(5) { fields.append("\"\(number)\":1") }
        return "{" + fields.shuffled(using: &generator.random).joined(separator: ",") + "}"
    }
}
