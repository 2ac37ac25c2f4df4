internal import MemoWire

/// A reply of the daemon: the line as it came, and where its members are. Members that are not known are there
/// like any other.
public struct Reply: Sendable {
    /// The whole line, without its end.
    public let line: [UInt8]
    private let members: [RawObject.Member]

    init(line: [UInt8], members: [RawObject.Member]) {
        self.line = line
        self.members = members
    }

    /// - Throws: `malformedReply` if the line is not a JSON object.
    init(line: [UInt8]) throws(MemoError) {
        guard let members = RawObject.members(of: line[...]) else {
            throw MemoError(.malformedReply, "the daemon's answer is not a JSON object")
        }
        self.line = line
        self.members = members
    }

    /// Reads a line that someone else wrote in the protocol's manner, such as that of an export.
    /// - Throws: `badJSON` if it is not exactly one JSON object.
    public init(parsing line: [UInt8]) throws(MemoError) {
        let text = try JSONText(parsing: line)
        guard let members = RawObject.members(of: text.bytes[...]) else {
            throw MemoError(.badJSON, "expected a JSON object")
        }
        self.line = text.bytes
        self.members = members
    }

    /// The part of a reply that is an object of its own, such as a row of a listing.
    init(_ text: JSONText) throws(MemoError) {
        try self.init(line: text.bytes)
    }

    /// Whether the request was done.
    public var isOK: Bool { text("ok").map { $0 == "true" } ?? false }

    /// The error that the daemon answered, if it did.
    public var error: MemoError? {
        guard !isOK else { return nil }
        guard let body = self["error"], let error = try? Reply(body), let code = error.string("code") else {
            return MemoError(.malformedReply, "the daemon's answer has neither a result nor an error")
        }
        return MemoError(MemoError.Code(rawValue: code), error.string("message") ?? code)
    }

    /// A member's JSON text, exactly as it came.
    public subscript(name: String) -> JSONText? {
        members.first { $0.name == name }.map { JSONText(trusted: Array(line[$0.value])) }
    }

    /// The names of its members, in order.
    public var names: [String] { members.map(\.name) }

    public func int(_ name: String) -> Int64? { text(name).flatMap { Int64($0) } }
    public func double(_ name: String) -> Double? { text(name).flatMap { Double($0) } }
    public func bool(_ name: String) -> Bool? { text(name).flatMap { Bool(String($0)) } }
    public func string(_ name: String) -> String? { self[name].flatMap { try? $0.value() }?.stringValue }

    /// Whether the member is there and `null`.
    public func isNull(_ name: String) -> Bool { text(name) == "null" }

    /// The elements of a member that is a list.
    public func list(_ name: String) -> [JSONText]? {
        guard let member = members.first(where: { $0.name == name }) else { return nil }
        return RawObject.elements(of: line[member.value])?.map { JSONText(trusted: Array(line[$0])) }
    }

    /// The strings of a member that is a list; none if it is not there.
    func strings(_ name: String) -> [String] {
        (list(name) ?? []).compactMap { try? $0.value() }.compactMap(\.stringValue)
    }

    /// The objects of a member that is a list of them.
    public func objects(_ name: String) -> [Reply] { (list(name) ?? []).compactMap { try? Reply($0) } }

    /// A member that is an object.
    public func object(_ name: String) -> Reply? { self[name].flatMap { try? Reply($0) } }

    /// The reply's members without what belongs only to the protocol (`id`, `ok`), as one JSON object.
    public var payload: JSONText {
        var bytes: [UInt8] = [0x7B]
        for member in members where member.name != "id" && member.name != "ok" {
            if bytes.count > 1 { bytes.append(0x2C) }
            bytes.append(jsonString: member.name)
            bytes.append(0x3A)
            bytes += line[member.value]
        }
        bytes.append(0x7D)
        return JSONText(trusted: bytes)
    }

    func text(_ name: String) -> Substring? {
        members.first { $0.name == name }.map { Substring(decoding: line[$0.value], as: UTF8.self) }
    }

    func require<T>(_ value: T?, _ name: String) throws(MemoError) -> T {
        guard let value else {
            throw MemoError(.malformedReply, "the daemon's answer lacks a proper \"\(name)\"")
        }
        return value
    }
}
