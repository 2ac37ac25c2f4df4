import RemoteLink
import Testing

@testable import RemoteTier

struct EnvelopeTests {
    private static let function = Array("f".utf8)
    private static let key = Array("[1]".utf8)
    private static let names = EntryNames(namespace: Array("n".utf8))
    private static let name = names.value(function: function, key: key)
    private static let one = try! SealingKeys(String(repeating: "1a", count: 32))
    private static let two = try! SealingKeys(String(repeating: "2B", count: 32))

    private static func envelope(_ keys: SealingKeys? = nil, valueMax: Int = 1 << 20) -> Envelope {
        Envelope(namespace: Array("n".utf8), keys: keys, valueMax: valueMax)
    }

    private static func entry(bytes: Int = 5) -> SharedValue {
        SharedValue(
            namespaceEpoch: 5, functionEpoch: 6, tags: [.init(name: [7], epoch: 8)],
            generation: Generation(high: 1, low: 2), ttlMs: 1000, graceMs: 10, costMs: 3,
            value: Array(repeating: UInt8(ascii: "x"), count: bytes))
    }

    private static func encoded(_ envelope: Envelope, _ entry: SharedValue) -> [UInt8] {
        envelope.encode(entry, function: function, key: key, name: name)
    }

    private static func decoded(_ envelope: Envelope, _ bytes: [UInt8]) -> Envelope.Content? {
        envelope.decode(bytes, function: function, key: key, name: name)
    }

    @Test func namesStayWhatTheyAre() {
        let hash = "c5a22dc85218b6857ec4877bd5e6bfc6"
        #expect(Self.name == Array("memod:v1:n:{\(hash)}:v".utf8))
        #expect(
            Self.names.lease(function: Self.function, key: Self.key)
                == Array("memod:v1:n:{\(hash)}:l".utf8))
        let several = Self.names.values(function: Self.function, keys: [[], Self.key, Array("[2]".utf8)])
        #expect(several[1] == Self.name && Set(several).count == 3)
    }

    @Test func whatIsWrittenIsRead() {
        for keys in [nil, Self.one] {
            for count in [0, 5, 1023, 1024, 100_000] {
                let entry = Self.entry(bytes: count)
                let bytes = Self.encoded(Self.envelope(keys), entry)
                #expect(Self.decoded(Self.envelope(keys), bytes) == .value(entry))
                if count == 100_000 { #expect(bytes.count < 1000, "it is compressed") }
            }
        }
        let generation = Generation(high: 3, low: 4)
        #expect(Self.decoded(Self.envelope(), Envelope.tombstone(generation)) == .tombstone(generation))
    }

    @Test func nothingElseIsTakenForIt() {
        for keys in [nil, Self.one] {
            let envelope = Self.envelope(keys)
            let bytes = Self.encoded(envelope, Self.entry(bytes: 2000))
            #expect(envelope.decode(bytes, function: Array("g".utf8), key: Self.key, name: Self.name) == nil)
            #expect(
                envelope.decode(bytes, function: Self.function, key: Array("[2]".utf8), name: Self.name)
                    == nil)
            for end in 0..<bytes.count { #expect(Self.decoded(envelope, Array(bytes[..<end])) == nil) }
            for place in 17..<bytes.count {
                var changed = bytes
                changed[place] ^= 1
                #expect(Self.decoded(envelope, changed) == nil, "byte \(place)")
            }
            #expect(Self.decoded(envelope, bytes + [0]) == nil)
        }
    }

    @Test func sealedEntriesOpenWithTheirKeyOnlyAndUnderTheirName() throws {
        let bytes = Self.encoded(Self.envelope(Self.one), Self.entry())
        #expect(Self.decoded(Self.envelope(Self.two), bytes) == nil)
        #expect(Self.decoded(Self.envelope(), bytes) == nil)
        #expect(Self.decoded(Self.envelope(Self.one), Self.encoded(Self.envelope(), Self.entry())) == nil)
        let elsewhere = Self.names.value(function: Self.function, key: Array("[9]".utf8))
        #expect(
            Self.envelope(Self.one).decode(bytes, function: Self.function, key: Self.key, name: elsewhere)
                == nil)
        let rotated = try SealingKeys(
            String(repeating: "2B", count: 32) + "\n" + String(repeating: "1a", count: 32))
        #expect(Self.decoded(Self.envelope(rotated), bytes) == .value(Self.entry()))
        // Two of the same are sealed differently.
        #expect(Self.encoded(Self.envelope(Self.one), Self.entry()) != bytes)
    }

    @Test func whatWouldBecomeTooLargeIsNotInflated() {
        let large = Self.encoded(Self.envelope(valueMax: 64 << 20), Self.entry(bytes: 32 << 20))
        #expect(large.count < 64 << 10)
        #expect(Self.decoded(Self.envelope(valueMax: 1 << 20), large) == nil)
    }

    @Test func noBytesEndTheProcess() {
        var generator = SystemRandomNumberGenerator()
        let bytes = Self.encoded(Self.envelope(), Self.entry(bytes: 3000))
        for _ in 0..<5000 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                changed[Int.random(in: 0..<changed.count, using: &generator)] = .random(in: .min ... .max)
            }
            if case .value(let entry)? = Self.decoded(Self.envelope(), changed) {
                // Only the generation was changed, or nothing.
                var expected = Self.entry(bytes: 3000)
                expected.generation = entry.generation
                #expect(entry == expected)
            }
        }
    }

    @Test func keyFilesThatDoNotParseAreNamedByLineAndNotRepeated() {
        for (text, complaint) in [
            ("", "no key"), ("# nothing\n", "no key"), ("abc", "line 1"),
            ("\n" + String(repeating: "g", count: 64), "line 2"),
            (String(repeating: "1", count: 63), "line 1"),
            (
                Array(repeating: String(repeating: "1", count: 64), count: 17).joined(separator: "\n"),
                "more than 16"
            ),
        ] {
            do {
                _ = try SealingKeys(text)
                Issue.record("\(text) is taken")
            } catch {
                #expect(error.description.contains(complaint))
                #expect(!error.description.contains("ggg") && !error.description.contains("111"))
            }
        }
    }
}
