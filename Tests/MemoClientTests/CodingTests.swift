import MemoWire
import Testing

@testable import MemoClient

private struct Shape: Codable, Equatable, Sendable {
    enum Kind: String, Codable { case circle, square }
    var name: String
    var kind: Kind
    var sides: [Int]
    var weights: [String: Double]
    var parent: [Shape]?
    var flag: Bool?
}

/// Its text says less than it holds.
private struct Lossy: Codable, Equatable, Sendable {
    var kept: Int
    var lost: Int
    enum CodingKeys: String, CodingKey { case kept }
    init(kept: Int, lost: Int) {
        self.kept = kept
        self.lost = lost
    }
    init(from decoder: any Decoder) throws {
        kept = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .kept)
        lost = 0
    }
}

private struct Unequatable: Codable {
    var names: Set<String>
}

private class Base: Codable { var a = 1 }
private final class Derived: Base {
    var b = 2
    enum CodingKeys: String, CodingKey { case b }
    override init() { super.init() }
    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        b = try container.decode(Int.self, forKey: .b)
        try super.init(from: container.superDecoder())
    }
    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(b, forKey: .b)
        try super.encode(to: container.superEncoder())
    }
}

@Suite struct CodingTests {
    private func round<T: Codable>(_ value: T) throws -> T {
        let text = JSONText(try JSONEncoding.encode(value))
        return try JSONDecoding.decode(T.self, from: text.value())
    }

    @Test func integersAreExact() throws {
        for value in [Int64.min, -1, 0, 1, Int64.max] { #expect(try round(value) == value) }
        #expect(try round(UInt64.max) == UInt64.max)
        #expect(try round(Int128.min) == Int128.min)
        #expect(try JSONDecoding.decode(Int.self, from: .number("1e3")) == 1000)
        for text in ["1.5", "1e30", "-1"] {
            #expect(throws: DecodingError.self) { try JSONDecoding.decode(UInt8.self, from: .number(text)) }
        }
        #expect(throws: DecodingError.self) { try JSONDecoding.decode(Int8.self, from: .number("128")) }
    }

    @Test func everyDoubleComesBack() throws {
        var generator = SystemRandomNumberGenerator()
        for value in [
            0.1, 0.05, 1e16, Double.leastNonzeroMagnitude, Double.greatestFiniteMagnitude, -0.0, .pi,
        ] {
            #expect(try round(value).bitPattern == value.bitPattern)
        }
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(try round(value).bitPattern == value.bitPattern, "\(value)")
            let small = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            if small.isFinite { #expect(try round(small).bitPattern == small.bitPattern, "\(small)") }
        }
        for value in [Double.nan, .infinity, -.infinity] {
            #expect(throws: EncodingError.self) { try JSONEncoding.encode(value) }
        }
    }

    @Test func structures() throws {
        let inner = Shape(
            name: "i\u{0}\"\\\n😀", kind: .square, sides: [], weights: [:], parent: nil, flag: false)
        let shape = Shape(
            name: "o", kind: .circle, sides: [1, -2], weights: ["b": 0.5, "a": 1], parent: [inner, inner],
            flag: nil)
        #expect(try round(shape) == shape)
        #expect(try round([1: "a", 2: "b"]) == [1: "a", 2: "b"])
        #expect(try round(["x": [[1.5], []]]) == ["x": [[1.5], []]])
        #expect(try round([Int?.none, 3]) == [nil, 3])
        #expect(try round(Derived()).b == 2)
        #expect(try "\(JSONEncoding.encode(["b": 1, "a": 2]))" == #"{"a":2,"b":1}"#)
    }

    @Test func whatIsMissingOrWrongIsAnError() throws {
        for text in ["null", "1", "{}", #"{"name":1}"#, "[]"] {
            let json = try JSONText(parsing: text).value()
            #expect(throws: DecodingError.self) { try JSONDecoding.decode(Shape.self, from: json) }
        }
        #expect(throws: DecodingError.self) { try JSONDecoding.decode([Int].self, from: .array([.null])) }
        #expect(throws: DecodingError.self) { try JSONDecoding.decode(String.self, from: .number("1")) }
    }

    @Test func whatDoesNotComeBackEqualIsNotStored() {
        #expect(RoundTrip.json(of: Lossy(kept: 1, lost: 0), for: .value) != nil)
        #expect(RoundTrip.json(of: Lossy(kept: 1, lost: 2), for: .value) == nil)
        #expect(RoundTrip.json(of: Double.nan, for: .value) == nil)
        #expect(RoundTrip.json(of: Set([1, 2, 3]), for: .value) != nil)
    }

    @Test func whatHasNoOrderHasOneText() throws {
        // Their own order depends on the capacity, and on the process.
        func texts<T: Codable>(_ make: (_ capacity: Int) -> T) throws -> Set<String> {
            try Set([10, 1000].map { try "\(JSONEncoding.encode(make($0)))" })
        }
        func names(_ capacity: Int) -> Set<String> {
            var names = Set<String>(minimumCapacity: capacity)
            for name in ["c", "a", "e", "b", "d"] { names.insert(name) }
            return names
        }
        #expect(try texts(names) == [#"["a","b","c","d","e"]"#])
        #expect(try texts { ["nested": Optional(names($0))] } == [#"{"nested":["a","b","c","d","e"]}"#])
        let pairs = try texts { capacity in
            var pairs = [Shape.Kind?: Int](minimumCapacity: capacity)
            for (place, kind) in [.square, nil, Shape.Kind.circle].enumerated() { pairs[kind] = place }
            return pairs
        }
        #expect(pairs == [#"["circle",2,"square",0,null,1]"#])
        #expect(RoundTrip.json(of: Unequatable(names: names(1000)), for: .key) != nil)
    }

    @Test func keysTellZeroFromNegativeZero() throws {
        func canonical(_ value: Double) throws -> [UInt8]? {
            RoundTrip.json(of: value, for: .key).flatMap { CanonicalForm.bytes(of: JSONText($0)) }
        }
        #expect(try canonical(0.0) != canonical(-0.0))
        #expect(
            CanonicalForm.bytes(of: try JSONText(parsing: #"[1.0, {"b":1,"a":2}]"#))
                == CanonicalForm.bytes(of: try JSONText(parsing: #"[1,{"a":2e0,"b":1}]"#)))
    }
}
