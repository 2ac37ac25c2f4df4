package import Foundation
internal import MemoWire

/// The wire vectors, as Tests/Vectors/README.md describes them.
package enum WireVectors {
    package static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors")
    package static let files =
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
        .filter { $0.hasSuffix(".ndjson") }.sorted()

    package static func steps(of file: String) throws -> [Step] {
        let text = try String(contentsOf: directory.appending(path: file), encoding: .utf8)
        return try text.split(separator: "\n").enumerated().map { index, line in
            try Step(JSONValue.parse(String(line), surrogates: .replace), place: "\(file):\(index + 1)")
        }
    }

    package struct Step: Sendable {
        private static let known: Set = [
            "send", "send_hex", "expect", "expect_some", "expect_error", "id", "contains", "ignore",
        ]

        package let place: String
        private let step: JSONValue

        init(_ step: JSONValue, place: String) throws {
            self.step = step
            self.place = place
        }

        /// What is sent, its end included; `nil` if the step is not one.
        package var bytes: [UInt8]? {
            if let text = step["send"]?.stringValue { return Array(text.utf8) + [0x0A] }
            guard let digits = (step["send_hex"]?.stringValue).map({ Array($0) }), digits.count % 2 == 0
            else {
                return nil
            }
            return stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(digits[$0...$0 + 1]), radix: 16)
            } + [0x0A]
        }

        /// The code of the error that is expected.
        package var errorCode: String? { step["expect_error"]?.stringValue }

        /// What is wrong with a reply, or with the step itself; nothing where all is well.
        package func complaints(about reply: String) throws -> [String] {
            var complaints: [String] = []
            func check(_ holds: Bool, _ what: String) {
                if !holds { complaints.append("\(place): \(what): \(reply.prefix(500))") }
            }
            for member in step.objectValue ?? [] {
                check(Self.known.contains(member.name), "an unknown member \(member.name)")
            }
            check(
                errorCode != nil || ["expect", "expect_some", "contains"].contains { step[$0] != nil },
                "nothing is expected")
            // A reply that no decoder takes is compared only as text.
            let isDecoded = ["expect", "expect_some", "expect_error"].contains { step[$0] != nil }
            let found = isDecoded ? try JSONValue.parse(reply, surrogates: .replace) : .null
            if let expected = step["expect"] {
                let ignored = Set((step["ignore"]?.arrayValue ?? []).compactMap(\.stringValue))
                func kept(_ value: JSONValue) -> JSONValue {
                    .object((value.objectValue ?? []).filter { !ignored.contains($0.name) })
                }
                check(matches(kept(found), kept(expected), exactly: true), "not what is expected")
            }
            if let expected = step["expect_some"] {
                check(matches(found, expected, exactly: false), "not all that is expected")
            }
            if let errorCode {
                check(found["ok"] == false, "no error")
                check(found["error"]?["code"]?.stringValue == errorCode, "another code")
                check(found["error"]?["message"]?.stringValue?.isEmpty == false, "no message")
                switch (found["id"], step["id"]) {
                case (nil, nil): break
                case (let found?, let expected?): check(matches(found, expected, exactly: true), "another id")
                default: check(false, "another id")
                }
            }
            if let text = step["contains"]?.stringValue {
                check(reply.contains(text), "the text is not there")
            }
            return complaints
        }
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
