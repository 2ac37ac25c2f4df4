import Foundation
import Testing

/// Runs the wire vectors, as Tests/Vectors/README.md describes them.
@Suite struct VectorTests {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors")
    static let files =
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
        .filter { $0.hasSuffix(".ndjson") }.sorted()

    @Test func vectorsAreThere() { #expect(Self.files.count > 5) }

    @Test(arguments: files) func vector(_ file: String) throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        let text = try String(contentsOf: Self.directory.appending(path: file), encoding: .utf8)
        let known: Set = ["send", "send_hex", "expect", "expect_some", "expect_error", "id", "contains", "ignore"]
        for (index, line) in text.split(separator: "\n").enumerated() {
            let place: Comment = "\(file):\(index + 1)"
            let step = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], place)
            #expect(known.isSuperset(of: step.keys), place)
            try peer.send(bytes: try #require(Self.bytes(of: step), place) + [0x0A])
            let reply = try peer.reply()
            try check(reply, step, place)
        }
        #expect(try peer.isSilent(for: 0.01), "\(file): more replies than steps")
    }

    private static func bytes(of step: [String: Any]) -> [UInt8]? {
        if let text = step["send"] as? String { return Array(text.utf8) }
        guard let digits = (step["send_hex"] as? String).map({ Array($0) }), digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    private func check(_ reply: Reply, _ step: [String: Any], _ place: Comment) throws {
        let found = try #require(JSONSerialization.jsonObject(with: Data(reply.text.utf8)) as? [String: Any])
        var checks = 0
        if let expected = step["expect"] as? [String: Any] {
            checks += 1
            let ignored = Set(step["ignore"] as? [String] ?? [])
            let compared = found.filter { !ignored.contains($0.key) }
            #expect(Self.matches(compared, expected.filter { !ignored.contains($0.key) }, exactly: true), "\(place): \(reply)")
        }
        if let expected = step["expect_some"] as? [String: Any] {
            checks += 1
            #expect(Self.matches(found, expected, exactly: false), "\(place): \(reply)")
        }
        if let code = step["expect_error"] as? String {
            checks += 1
            #expect(reply.bool("ok") == false, "\(place): \(reply)")
            #expect(reply.code == code, "\(place): \(reply)")
            #expect(reply.string("error.message")?.isEmpty == false, "\(place): \(reply)")
            #expect(reply.has("id") == (step["id"] != nil), "\(place): \(reply)")
            if let id = step["id"] { #expect(Self.matches(found["id"], id, exactly: true), "\(place): \(reply)") }
        }
        if let text = step["contains"] as? String {
            checks += 1
            #expect(reply.text.contains(text), "\(place): \(reply)")
        }
        #expect(checks > 0, place)
    }

    /// Whether two decoded values are the same, or, not exactly, the first has all that the second has.
    private static func matches(_ found: Any?, _ expected: Any?, exactly: Bool) -> Bool {
        switch (found, expected) {
        case (let found as [String: Any], let expected as [String: Any]):
            guard !exactly || found.count == expected.count else { return false }
            return expected.allSatisfy { name, value in
                found[name].map { matches($0, value, exactly: exactly) } ?? false
            }
        case (let found as [Any], let expected as [Any]):
            return found.count == expected.count
                && zip(found, expected).allSatisfy { matches($0, $1, exactly: exactly) }
        case (let found as String, let expected as String): return found.utf8.elementsEqual(expected.utf8)
        case (is NSNull, is NSNull): return true
        case (let found as NSNumber, let expected as NSNumber):
            return isBoolean(found) == isBoolean(expected) && found == expected
        default: return false
        }
    }

    private static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
