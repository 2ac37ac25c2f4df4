import Foundation

/// A line that the daemon sent.
struct Reply: CustomStringConvertible {
    let text: String
    private let members: [String: Any]

    init(_ text: String) throws {
        self.text = text
        guard let members = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw HarnessError("this reply is no JSON object: \(text.prefix(300))")
        }
        self.members = members
    }

    var description: String { String(text.prefix(500)) }

    /// A member of the reply, or of objects in it: `stats["hot.entries"]`.
    subscript(path: String) -> Any? {
        var value: Any? = members
        for name in path.split(separator: ".") { value = (value as? [String: Any])?[String(name)] }
        return value is NSNull ? nil : value
    }

    func has(_ name: String) -> Bool { members[name] != nil }
    func int(_ path: String) -> Int? { self[path] as? Int }
    func string(_ path: String) -> String? { self[path] as? String }
    func double(_ path: String) -> Double? { self[path] as? Double }
    func bool(_ path: String) -> Bool? { self[path] as? Bool }
    func list(_ path: String) -> [[String: Any]] { self[path] as? [[String: Any]] ?? [] }

    /// The objects of an array, to be read as replies are.
    func rows(_ path: String) throws -> [Reply] {
        try list(path).map {
            try Reply(String(decoding: JSONSerialization.data(withJSONObject: $0), as: UTF8.self))
        }
    }

    var message: String? { string("error.message") }
    var isOK: Bool { bool("ok") == true }
    var isHit: Bool { bool("hit") == true }
    /// The error's code.
    var code: String? { string("error.code") }
    /// The value of a hit, byte for byte: what stands between `"value":` and what follows it or the end.
    var value: String? {
        guard isHit, let start = text.range(of: "\"value\":")?.upperBound else { return nil }
        let rest = text[start...]
        for name in ["stale", "lease", "tier"] {
            if let end = rest.range(of: ",\"\(name)\":")?.lowerBound { return String(rest[..<end]) }
        }
        return String(rest.dropLast())
    }
}
