internal import MemoWire
internal import TestSupport
internal import Testing

@Suite struct LineFramerTests {
    /// Feeds `chunks` one after another, as a session does, and tells what came out.
    private func frames(
        _ chunks: [[UInt8]], limit: Int, takeEvery: Int = 1, finish: Bool = false
    ) -> (frames: [String], kept: Int, most: Int) {
        var input = ByteBuffer()
        var framer = LineFramer(limit: limit)
        var frames: [String] = []
        var most = 0
        func note(_ frame: LineFramer.Frame) {
            switch frame {
            case .line(let line): frames.append(String(decoding: line, as: UTF8.self))
            case .tooLong: frames.append("(too long)")
            }
        }
        for (index, chunk) in chunks.enumerated() {
            chunk.withUnsafeBytes { input.append($0) }
            while let frame = framer.next(in: input.bytes) { note(frame) }
            if index % takeEvery == 0 { input.removeFirst(framer.takeConsumed()) }
            most = max(most, input.count)
        }
        if finish, let frame = framer.finish(in: input.bytes) { note(frame) }
        input.removeFirst(framer.takeConsumed())
        return (frames, input.count, most)
    }

    @Test func linesEndWithLF() {
        let (found, kept, _) = frames([Array("a\nbc\r\n\n \t\r\n d \nrest".utf8)], limit: 100)
        #expect(found == ["a", "bc\r", " d "])
        #expect(kept == 4)
    }

    @Test func theLastLineMayLackItsEnd() {
        #expect(frames([Array("a\nb".utf8)], limit: 9, finish: true).frames == ["a", "b"])
        #expect(frames([Array("a\n \r".utf8)], limit: 9, finish: true).frames == ["a"])
        #expect(frames([Array("a\n".utf8)], limit: 9, finish: true).frames == ["a"])
        #expect(frames([Array("1234567890".utf8)], limit: 9, finish: true).frames == ["(too long)"])
        #expect(frames([[]], limit: 9, finish: true).frames == [])
    }

    @Test func longLinesAreSaidOnceAndSkipped() {
        #expect(
            frames([Array("12345\n123456\n1234\n".utf8)], limit: 5).frames == ["12345", "(too long)", "1234"])
        let bytes = Array("1234567890123\n12345\n1234567".utf8).map { [$0] }
        let (found, kept, most) = frames(bytes, limit: 5)
        #expect(found == ["(too long)", "12345", "(too long)"])
        #expect(kept == 0)
        #expect(most <= 6)
    }

    @Test func anEndlessLineTakesNoMemory() {
        var input = ByteBuffer()
        var framer = LineFramer(limit: 1 << 16)
        var said = 0
        for _ in 0..<2048 {
            let room = input.prepare(minimum: 1 << 16)
            room.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "x"))
            input.commit(1 << 16)
            while framer.next(in: input.bytes) != nil { said += 1 }
            input.removeFirst(framer.takeConsumed())
        }
        #expect(said == 1)
        #expect(input.isEmpty && framer.isWithinLine)
        #expect(input.capacity <= 1 << 18)
        input.append("\nx\n")
        #expect(framer.next(in: input.bytes) != nil)
    }

    @Test func aByteAtATimeIsNotQuadratic() {
        // Looked at from its beginning for every byte this line would need 2·10¹⁰ steps.
        var input = ByteBuffer()
        var framer = LineFramer(limit: 1 << 20)
        for _ in 0..<200_000 {
            input.append(UInt8(ascii: "x"))
            if framer.next(in: input.bytes) != nil { Issue.record("a line without an end") }
            _ = framer.takeConsumed()
        }
        input.append(UInt8(ascii: "\n"))
        guard case .line(let line) = framer.next(in: input.bytes) else {
            Issue.record("no line")
            return
        }
        #expect(line.count == 200_000)
    }

    @Test func splitsMakeNoDifference() {
        var random = SeededGenerator(for: "framer")
        for number in 0..<SeededGenerator.cases(1000) {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                text += Array(
                    repeating: random.pick(Array("ab \r".utf8)), count: random.pick([0, 1, 3, 7, 8, 9, 20]))
                if random.chance(70) { text.append(UInt8(ascii: "\n")) }
            }
            var chunks: [[UInt8]] = []
            var rest = text[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(6, rest.count), using: &random)
                chunks.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            // Lines by the standard library; what is not ended is not a line, but may be too long.
            var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let tail = lines.removeLast()
            var expected = lines.compactMap { line -> String? in
                if line.count > 8 { return "(too long)" }
                return line.allSatisfy { " \r".utf8.contains($0) }
                    ? nil : String(decoding: line, as: UTF8.self)
            }
            if tail.count > 8 { expected.append("(too long)") }
            let takeEvery = Int.random(in: 1...4, using: &random)
            #expect(frames(chunks, limit: 8, takeEvery: takeEvery).frames == expected, "case \(number)")
            #expect(frames([text], limit: 8).frames == expected, "case \(number)")
        }
    }
}
