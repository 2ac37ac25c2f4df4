internal import Foundation
internal import MemoWire
internal import Testing

/// The wire vectors as far as reading goes: requests that the daemon must understand are read, the others
/// fail with the code and the id that the vector names. What the daemon answers is for its own tests.
@Suite struct VectorTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors")

    private static let members: Set<String> = [
        "send", "send_hex", "expect", "expect_some", "expect_error", "id", "contains", "ignore",
    ]

    private func bytes(_ step: JSONValue) throws -> [UInt8] {
        if let text = step["send"]?.stringValue { return Array(text.utf8) }
        let digits = Array(try #require(step["send_hex"]?.stringValue).utf8)
        return try stride(from: 0, to: digits.count, by: 2).map { index in
            try #require(UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16))
        }
    }

    @Test func requestsAreReadAsTheVectorsSay() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
            .filter { $0.hasSuffix(".ndjson") }
        #expect(files.count >= 15)
        for file in files.sorted() {
            let content = try Data(contentsOf: Self.directory.appending(path: file))
            for (number, line) in content.split(separator: UInt8(ascii: "\n")).enumerated() {
                let place = "\(file):\(number + 1)"
                let step = try Array(line).withUnsafeBytes { try JSONValue.parse($0) }
                let names = step.objectValue?.map(\.name) ?? []
                #expect(Self.members.isSuperset(of: names), "\(place)")
                let expectations = ["expect", "expect_some", "expect_error"].filter { step[$0] != nil }
                #expect(expectations.count == 1, "\(place)")
                try check(step, place)
            }
        }
    }

    private func check(_ step: JSONValue, _ place: String) throws {
        var framer = LineFramer(limit: 1 << 20)
        var batch = RequestParser()
        let input = try bytes(step) + [UInt8(ascii: "\n")]
        input.withUnsafeBytes { input in
            guard case .line(let line) = framer.next(in: input) else {
                Issue.record("\(place): no line")
                return
            }
            #expect(framer.takeConsumed() == input.count, "\(place): more than one line")
            let expected = step["expect_error"]?.stringValue
            do throws(WireError) {
                let request = try batch.parse(line, limits: WireLimits())
                #expect(expected == nil, "\(place) is read")
                #expect(
                    (request.id == nil) == ((step["expect"] ?? step["expect_some"])?["id"] == nil)
                        || step["contains"] != nil, "\(place)")
            } catch {
                #expect(error.code.rawValue == expected, "\(place): \(error.message)")
                let id = error.id.flatMap { try? JSONValue.parse($0) }
                #expect(id == step["id"], "\(place)")
                if let text = step["contains"]?.stringValue {
                    #expect(error.message.contains(text), "\(place)")
                }
            }
        }
    }
}
