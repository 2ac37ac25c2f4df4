import Foundation
import MemoWire
import Testing

/// Runs the wire vectors, as Tests/Vectors/README.md describes them.
@Suite struct VectorTests {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors")
    static let files =
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
        .filter { $0.hasSuffix(".ndjson") }.sorted()

    @Test func vectorsAreThere() { #expect(Self.files.count > 5) }

    @Test(arguments: files) func vector(_ file: String) throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        let text = try String(contentsOf: Self.directory.appending(path: file), encoding: .utf8)
        let known: Set = [
            "send", "send_hex", "expect", "expect_some", "expect_error", "id", "contains", "ignore",
        ]
        for (index, line) in text.split(separator: "\n").enumerated() {
            let place: Comment = "\(file):\(index + 1)"
            let step = try JSONValue.parse(String(line), surrogates: .replace)
            for member in step.objectValue ?? [] { #expect(known.contains(member.name), place) }
            try peer.send(bytes: try #require(Self.bytes(of: step), place) + [0x0A])
            let reply = try #require(try peer.line(), "\(place): the connection is closed")
            try check(reply, step, place)
        }
        #expect(try peer.isSilent(for: 0.01), "\(file): more replies than steps")
    }

    private static func bytes(of step: JSONValue) -> [UInt8]? {
        if let text = step["send"]?.stringValue { return Array(text.utf8) }
        guard let digits = (step["send_hex"]?.stringValue).map({ Array($0) }), digits.count % 2 == 0 else {
            return nil
        }
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
    }

    private func check(_ reply: String, _ step: JSONValue, _ place: Comment) throws {
        // A reply that no decoder takes is compared as text alone.
        let isDecoded = ["expect", "expect_some", "expect_error"].contains { step[$0] != nil }
        let found = isDecoded ? try JSONValue.parse(reply, surrogates: .replace) : .null
        let shown: Comment = "\(place): \(reply.prefix(500))"
        var checks = 0
        if let expected = step["expect"] {
            checks += 1
            let ignored = Set((step["ignore"]?.arrayValue ?? []).compactMap(\.stringValue))
            func kept(_ value: JSONValue) -> JSONValue {
                .object((value.objectValue ?? []).filter { !ignored.contains($0.name) })
            }
            #expect(Self.matches(kept(found), kept(expected), exactly: true), shown)
        }
        if let expected = step["expect_some"] {
            checks += 1
            #expect(Self.matches(found, expected, exactly: false), shown)
        }
        if let code = step["expect_error"]?.stringValue {
            checks += 1
            #expect(found["ok"] == false, shown)
            #expect(found["error"]?["code"]?.stringValue == code, shown)
            #expect(found["error"]?["message"]?.stringValue?.isEmpty == false, shown)
            switch (found["id"], step["id"]) {
            case (nil, nil): break
            case (let found?, let expected?): #expect(Self.matches(found, expected, exactly: true), shown)
            default: Issue.record(shown)
            }
        }
        if let text = step["contains"]?.stringValue {
            checks += 1
            #expect(reply.contains(text), shown)
        }
        #expect(checks > 0, place)
    }

    /// Whether two values are the same, or, not exactly, the first has all that the second has.
    private static func matches(_ found: JSONValue, _ expected: JSONValue, exactly: Bool) -> Bool {
        switch (found, expected) {
        case (.object(let members), .object(let expectedMembers)):
            guard !exactly || members.count == expectedMembers.count else { return false }
            return expectedMembers.allSatisfy { member in
                found[member.name].map { matches($0, member.value, exactly: exactly) } ?? false
            }
        case (.array(let elements), .array(let expectedElements)):
            return elements.count == expectedElements.count
                && zip(elements, expectedElements).allSatisfy { matches($0, $1, exactly: exactly) }
        case (.string(let found), .string(let expected)):
            // Not as characters: composed and decomposed letters are different strings of JSON.
            return found.utf8.elementsEqual(expected.utf8)
        case (.number(let found), .number(let expected)):
            return found == expected || Double(found).map { $0.isFinite && $0 == Double(expected) } ?? false
        default: return found == expected
        }
    }
}
