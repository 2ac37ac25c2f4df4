internal import TestSupport
internal import Testing

@testable internal import MemoWire

/// Members of requests as they are usually spelt are read in one sweep: names with escapes make the same request take the
/// long way.
@Suite struct SpellingTests {
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
                    #expect(fields.leaseMs == nil && fields.early == nil)
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

    private static let names = [
        "op", "id", "fn", "key", "value", "meta", "durable", "ttl_ms", "cost_ms", "lease_ms",
    ]

    /// The same with names that are spelt with escapes, so that each member is read in the long way. Names that stand in
    /// a key or a value are spelt so, too.
    private func escaped(_ line: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        var place = 0
        while place < line.count {
            let name = Self.names.first { line[place...].starts(with: Array("\"\($0)\":".utf8)) }
            guard let name else {
                text.append(line[place])
                place += 1
                continue
            }
            text += Array("\"\\u00\(String(name.utf8.first!, radix: 16))\(name.dropFirst())\":".utf8)
            place += name.utf8.count + 3
        }
        return text
    }

    @Test func everySpellingIsReadAlike() {
        var generator = JSONGenerator(random: SeededGenerator(for: "spellings"))
        var good = 0
        for _ in 0..<SeededGenerator.cases(20_000) {
            var members = [generator.random.chance(50) ? #""op":"get""# : #""op":"put""#]
            let name =
                generator.random.chance(80) ? #""f""# : String(decoding: generator.string(), as: UTF8.self)
            members.append("\"fn\":\(name)")
            members.append("\"key\":\(String(decoding: generator.text(depth: 2), as: UTF8.self))")
            if members[0].contains("put") || generator.random.chance(5) {
                members.append("\"value\":\(String(decoding: generator.text(depth: 2), as: UTF8.self))")
            }
            for option in [
                #""id":77"#, #""durable":true"#, #""meta":false"#, #""ttl_ms":null"#, #""cost_ms":12"#,
                #""x":1"#,
            ]
            where generator.random.chance(10) {
                members.append(option)
            }
            if generator.random.chance(3) { members.append(members[1]) }
            var line = Array("{\(members.joined(separator: ","))}".utf8)
            if generator.random.chance(20) { line = generator.damage(line) }
            let read = read(line)
            if read.failure == nil { good += 1 }
            var long = self.read(escaped(line))
            // That comes back as it was sent.
            long.value = read.value
            #expect(read == long, "\(String(decoding: line, as: UTF8.self))")
            // Damage may be anywhere; what is whole may stand in any order, with space between.
            guard read.failure == nil, line == Array("{\(members.joined(separator: ","))}".utf8) else {
                continue
            }
            let spaced = "{ \(members.reversed().joined(separator: " , ")) }"
            let wide = "{\(members.joined(separator: ", "))}".replacing("\":", with: "\": ")
            #expect(read == self.read(Array(spaced.utf8)), "\(spaced)")
            if !members.contains(where: { $0.contains(":\\") || $0.contains("\": ") }) {
                #expect(self.read(Array(wide.utf8)).failure == nil, "\(wide)")
            }
        }
        #expect(good > 1000, "hardly any request was good")
    }

    @Test func whatEndsTooSoonIsAnError() {
        for line in [
            #"{"id": 1, "op": "get", "fn": "f", "key": [1,"a"], "meta":true}"#,
            #"{"op":"put","fn":"f","key":"k","value":123,"ttl_ms":60000,"durable":false}"#,
        ] {
            let bytes = Array(line.utf8)
            #expect(read(bytes).failure == nil)
            for count in 0..<bytes.count {
                #expect(read(Array(bytes[..<count])).failure == .badJSON, "\(count)")
            }
        }
    }
}
