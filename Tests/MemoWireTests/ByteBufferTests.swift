internal import TestSupport
internal import Testing

@testable internal import MemoWire

@Suite struct ByteBufferTests {
    private func text(_ buffer: borrowing ByteBuffer) -> String {
        String(decoding: buffer.bytes, as: UTF8.self)
    }

    @Test func agreesWithAnArray() {
        var random = SeededGenerator(for: "buffer")
        var buffer = ByteBuffer()
        var model: [UInt8] = []
        for step in 0..<20_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                let bytes = (0..<Int.random(in: 0...50, using: &random)).map { _ in
                    UInt8.random(in: 1...255, using: &random)
                }
                bytes.withUnsafeBytes { buffer.append($0) }
                model += bytes
            case 4:
                buffer.append(UInt8(ascii: "x"))
                model.append(UInt8(ascii: "x"))
            case 5:
                let room = buffer.prepare(minimum: 20)
                #expect(room.count >= 20)
                for index in 0..<20 { room[index] = 7 }
                buffer.commit(12)
                model += Array(repeating: 7, count: 12)
            case 6, 7:
                let count = Int.random(in: 0...model.count, using: &random)
                buffer.removeFirst(count)
                model.removeFirst(count)
            case 8:
                let count = Int.random(in: 0...model.count, using: &random)
                buffer.truncate(to: count)
                model.removeSubrange(count...)
            default:
                if random.chance(20) {
                    let keeps = random.chance(50)
                    buffer.removeAll(keepingCapacity: keeps)
                    model = []
                    if !keeps { #expect(buffer.capacity == 0) }
                }
            }
            if !buffer.bytes.elementsEqual(model) || buffer.count != model.count {
                Issue.record("step \(step)")
                return
            }
        }
    }

    @Test func aQueueDoesNotGrow() {
        var buffer = ByteBuffer(capacity: 4096)
        for _ in 0..<10_000 {
            buffer.append("0123456789")
            if buffer.count > 500 { buffer.removeFirst(400) }
        }
        #expect(buffer.capacity == 4096)
    }

    @Test func erasingLeavesNothing() {
        var random = SeededGenerator(for: "erase")
        for _ in 0..<200 {
            var buffer = ByteBuffer(capacity: 512)
            for _ in 0..<30 {
                buffer.append("secret secret")
                if random.chance(30) { buffer.removeFirst(Int.random(in: 0...buffer.count, using: &random)) }
                if random.chance(20) { buffer.truncate(to: Int.random(in: 0...buffer.count, using: &random)) }
                if random.chance(10) { buffer.removeAll(keepingCapacity: true) }
            }
            let capacity = buffer.capacity
            buffer.erase()
            #expect(buffer.isEmpty && buffer.capacity == capacity)
            let room = buffer.prepare(minimum: capacity)
            #expect(!String(decoding: room, as: UTF8.self).contains("secret"))
        }
    }

    @Test(arguments: [
        Int64.min, Int64.max, 0, 1, -1, 9, 10, 99, 100, -100, 1_234_567, 999_999_999_999_999_999,
        1_000_000_000_000_000_000,
        9_007_199_254_740_993,
    ])
    func writesIntegers(_ value: Int64) {
        var buffer = ByteBuffer()
        buffer.append(decimal: value)
        #expect(text(buffer) == "\(value)")
    }

    @Test func writesDoubles() {
        for (value, expected) in [
            (0.1, "0.1"), (1e300, "1e+300"), (-2, "-2.0"), (.nan, "null"), (.infinity, "null"),
        ] {
            var buffer = ByteBuffer()
            buffer.append(decimal: value)
            #expect(text(buffer) == expected)
            #expect(JSONScannerTests.error(expected) == nil)
        }
    }

    @Test func writesStrings() {
        for scalar in (0...0x300).compactMap(Unicode.Scalar.init) {
            var buffer = ByteBuffer()
            let string = "a\(scalar)b"
            buffer.append(jsonString: string)
            #expect(try! JSONValue.parse(buffer.bytes) == .string(string))
            #expect(text(buffer).utf8.count <= 10)
        }
        var buffer = ByteBuffer()
        buffer.append(jsonString: "\u{1}\u{1F}\"\\/\n\u{7F}é😀")
        #expect(text(buffer) == "\"\\u0001\\u001f\\\"\\\\/\\n\u{7F}é😀\"")
    }
}
