internal import Testing

@testable internal import MemoWire

/// Requests in their most common spelling are read in a way of their own: a space in front makes the same request
/// take the general one.
@Suite struct PlainRequestTests {
    private struct Reading: Equatable {
        var function = ""
        var key = ""
        var typedKey = ""
        var value: String?
        var isDurable = false
        var failure: ErrorCode?
    }

    private func read(_ line: [UInt8]) -> Reading {
        var batch = RequestParser()
        return line.withUnsafeBytes { line in
            do throws(WireError) {
                let request = try batch.parse(line, limits: WireLimits())
                var reading = Reading(function: RequestReader.text(request.function))
                let key: CanonicalKey
                switch request.body {
                case .get(let asked, let fields):
                    key = asked
                    #expect(fields.leaseMs == nil && fields.early == nil && !fields.meta)
                case .put(let entry):
                    key = batch.entries[entry].key
                    reading.value = RequestReader.text(batch.entries[entry].value)
                    reading.isDurable = batch.entries[entry].durable
                default: return reading
                }
                reading.key = RequestReader.text(key.bytes)
                reading.typedKey = RequestReader.text(key.typedBytes)
                return reading
            } catch {
                return Reading(failure: error.code)
            }
        }
    }

    private func isPlain(_ line: [UInt8]) -> Bool {
        var batch = RequestParser()
        return line.withUnsafeBytes { batch.parsePlain($0) != nil }
    }

    @Test func areRecognised() {
        for line in [
            #"{"op":"get","fn":"f","key":[1,"a"]}"#, #"{"op":"get","fn":"ü","key":"x"}"#,
            #"{"op":"put","fn":"f","key":[],"value":{"a": [1.50, "\n"]}}"#,
        ] {
            #expect(isPlain(Array(line.utf8)), "\(line)")
        }
        for line in [
            #"{"op":"get","fn":"f","key":[1] }"#, #"{"op":"get","fn":"f","key":{"b":1,"a":2}}"#,
            #"{"op":"get","fn":"\u0066","key":1}"#, #"{"op":"get","fn":"f","key":1.0}"#,
            #"{"op":"get","fn":"","key":1}"#, #"{"op":"get","fn":"f","key":1}x"#,
            #"{"op":"get","fn":"f","key":1"#,
            #"{"op":"put","fn":"f","key":1}"#, #"{"op":"put","fn":"f","key":1,"value":2,"ttl_ms":3}"#,
            #"{"op":"get","fn":"f","key":1,"value":2}"#, #"{"op":"get","fn":7,"key":1}"#,
            #"{"op":"get","fn":""# + String(repeating: "f", count: WireLimits.functionBytes + 1)
                + #"","key":1}"#,
        ] {
            #expect(!isPlain(Array(line.utf8)), "\(line)")
        }
    }

    @Test func readAsTheGeneralWayReadsThem() {
        var generator = JSONGenerator(random: SeededGenerator("plain requests"))
        var plain = 0
        for _ in 0..<SeededGenerator.cases(20_000) {
            let isGet = generator.random.chance(50)
            let name = generator.random.chance(80) ? Array(#""f""#.utf8) : generator.string()
            var line = Array((isGet ? #"{"op":"get","fn":"# : #"{"op":"put","fn":"#).utf8) + name
            line += Array(#","key":"#.utf8) + generator.text(depth: 2)
            if !isGet { line += Array(#","value":"#.utf8) + generator.text(depth: 2) }
            if generator.random.chance(10) { line += Array(#","durable":true"#.utf8) }
            line += Array("}".utf8)
            if generator.random.chance(20) { line = generator.damage(line) }
            if isPlain(line) { plain += 1 }
            let (own, general) = (read(line), read([UInt8(ascii: " ")] + line))
            #expect(own == general, "\(String(decoding: line, as: UTF8.self))")
        }
        #expect(plain > 1000, "hardly any request was plain")
    }
}
