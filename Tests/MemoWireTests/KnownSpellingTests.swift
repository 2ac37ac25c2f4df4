internal import TestSupport
internal import Testing

@testable internal import MemoWire

/// A request that is spelt as one before is read by comparing what stands around its values: with the same outcome as if it
/// were the first.
@Suite struct KnownSpellingTests {
    private struct Reading: Equatable {
        var id: String?
        var function = ""
        var key = ""
        var typedKey = ""
        var fields = ""
        var failure: String?
    }

    private func read(_ line: [UInt8], _ batch: inout RequestParser) -> Reading {
        // Room that ends with the line: whoever reads past it is found by the sanitizer.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(line.count, 1), alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: line)
        defer { batch.removeAll() }
        do throws(WireError) {
            let request = try batch.parse(Bytes(rebasing: bytes[..<line.count]), limits: WireLimits())
            var reading = Reading(
                id: request.id.map(RequestReader.text), function: RequestReader.text(request.function))
            let key: CanonicalKey
            switch request.body {
            case .get(let asked, let fields):
                key = asked
                reading.fields =
                    "\(fields.leaseMs ?? -1) \(fields.waitMs) \(fields.early ?? -1) \(fields.meta) \(fields.remote)"
            case .put(let entry):
                let put = batch.entries[entry]
                key = put.key
                reading.fields =
                    "\(RequestReader.text(put.value)) \(put.ttl) \(put.costMs ?? -1) \(put.durable) \(put.ifAbsent) "
                    + "\(batch.tags[put.tags].map(RequestReader.text)) \(put.lease.map(RequestReader.text) ?? "")"
            default: return reading
            }
            reading.key = RequestReader.text(key.bytes)
            reading.typedKey = RequestReader.text(key.typedBytes)
            return reading
        } catch {
            let id = error.id.map(RequestReader.text) ?? ""
            return Reading(failure: "\(error.code) \(error.message) \(id)")
        }
    }

    private func isKnown(_ line: [UInt8], _ batch: inout RequestParser) -> Bool {
        line.withUnsafeBytes { batch.spellings.read($0, into: &batch.fields) != nil }
    }

    /// The members of a request, which are then put together in any spelling.
    private func members(_ generator: inout JSONGenerator, isGet: Bool) -> [(name: String, text: String)] {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        var members = [("fn", generator.random.chance(80) ? #""f""# : text(generator.string()))]
        members.append(("key", text(generator.text(depth: 2))))
        if !isGet { members.append(("value", text(generator.text(depth: 2)))) }
        let options =
            isGet
            ? [("lease_ms", "10000"), ("wait_ms", "7"), ("meta", "true"), ("early", "1.5")]
            : [("ttl_ms", "null"), ("cost_ms", "12"), ("tags", #"["a","b"]"#), ("durable", "true")]
        for option in options + [("id", generator.random.pick(["7", #""x""#, "[1, 2]", "-1.5"]))]
        where generator.random.chance(25) {
            members.append(option)
        }
        return members
    }

    @Test func requestsAreReadAsIfTheyWereTheFirst() {
        var generator = JSONGenerator(random: SeededGenerator(for: "known spellings"))
        var (known, wrong) = (0, 0)
        var batch = RequestParser()
        for _ in 0..<SeededGenerator.cases(400) {
            let isGet = generator.random.chance(50)
            let space = generator.random.pick(["", " ", "  ", "\t"])
            let end = generator.random.pick(["", "", " ", "\r"])
            let order = members(&generator, isGet: isGet).map(\.name).shuffled(using: &generator.random)
            let place = Int.random(in: 0...order.count, using: &generator.random)
            // A few requests in this spelling, some of them damaged.
            for _ in 0..<24 {
                var texts: [String: String] = [:]
                while !order.allSatisfy({ texts[$0] != nil }) {
                    for (name, text) in members(&generator, isGet: isGet) { texts[name] = text }
                }
                var parts = order.map { "\"\($0)\":\(space)\(texts[$0] ?? "")" }
                parts.insert("\"op\":\(space)\"\(isGet ? "get" : "put")\"", at: place)
                var line = Array(("{" + parts.joined(separator: ",\(space)") + "}" + end).utf8)
                if generator.random.chance(20) { line = generator.damage(line) }
                if isKnown(line, &batch) { known += 1 }
                var first = RequestParser()
                let expected = read(line, &first)
                if expected.failure != nil { wrong += 1 }
                #expect(read(line, &batch) == expected, "\(String(decoding: line, as: UTF8.self))")
            }
        }
        #expect(known > 500, "hardly any spelling was known")
        #expect(wrong > 500, "hardly any request was wrong")
    }

    @Test func whatIsKnown() {
        var batch = RequestParser()
        func knows(_ line: String) -> Bool { isKnown(Array(line.utf8), &batch) }
        _ = read(Array(#"{"id": 1, "op": "get", "fn": "f", "key": [1,"a"]}"#.utf8), &batch)
        #expect(knows(#"{"id": "x", "op": "get", "fn": "other", "key": {"b": [2]}}"#))
        for line in [
            #"{"id": 1, "op": "put", "fn": "f", "key": [1,"a"]}"#,
            #"{"id": 1, "op": "get", "fn": "f", "key":  1}"#,
            #"{"id": 1, "op": "get", "fn": "f", "key": 1} "#, #"{"id": 1, "op": "get", "fn": "f", "key": 1"#,
            #"{"id": 01, "op": "get", "fn": "f", "key": 1}"#, #"{"id": 1, "op": "get", "fn": "f", "key": }"#,
            #"{"id": 1, "op": "get", "fn": "f", "kez": 1}"#, "{", "",
        ] {
            #expect(!knows(line), "\(line)")
        }
        // Four are known, and what is new takes the place of one of them only after a while.
        for name in ["a", "b", "c"] {
            _ = read(
                Array("{\"op\":\"get\",\"fn\":\"f\",\"key\":1,\"id\":1}\(" ".repeated(name))".utf8), &batch)
        }
        let another = #"{"key":1,"op":"get","fn":"f"}"#
        var count = 0
        while !knows(another), count < 100 {
            _ = read(Array(another.utf8), &batch)
            count += 1
        }
        #expect(2...20 ~= count)
    }

    @Test func theLongestIsReadToo() {
        var batch = RequestParser()
        let wide = String(repeating: " ", count: 300)
        for line in [
            "{\"op\":\"get\",\"fn\":\(wide)\"f\",\"key\":1}",
            #"{"op":"put","fn":"f","key":1,"value":2,"id":3,"ttl_ms":4,"stale_ms":5,"cost_ms":6,"durable":true,"if_absent":true}"#,
        ] {
            for _ in 0..<40 {
                #expect(read(Array(line.utf8), &batch).failure == nil)
                #expect(!isKnown(Array(line.utf8), &batch))
            }
        }
    }
}

extension String {
    /// As many as there are bytes up to a letter in the alphabet.
    fileprivate func repeated(_ letter: String) -> String {
        String(repeating: self, count: Int(letter.utf8.first!) - 96)
    }
}
