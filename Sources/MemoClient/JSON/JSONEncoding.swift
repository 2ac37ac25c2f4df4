internal import MemoWire

/// Turns `Encodable` values into JSON that stands for exactly one value.
///
/// Integers are written in full; floating-point numbers as the shortest text that reads back as the same number.
/// Infinities and NaN have no JSON and are an error. Members are sorted by name, and what has no order of its own by
/// its text, so that equal values of a type have equal text.
enum JSONEncoding {
    /// What the text is for.
    enum Purpose {
        case value
        /// Keys are compared as numbers, in which `-0` is `0`: a negative zero is told apart by its form.
        case key
    }

    static func encode(_ value: some Encodable, for purpose: Purpose = .value) throws -> JSONValue {
        let node = Node()
        try ValueEncoder(node: node, codingPath: [], purpose: purpose).encode(value)
        return node.json
    }

    /// A value that is being written: containers are filled after they were put into their parents.
    final class Node {
        private enum Content {
            case empty
            case leaf(JSONValue)
            case list([Node])
            case members([String: Node])
        }

        private var content = Content.empty

        func set(_ leaf: JSONValue) { content = .leaf(leaf) }

        func makeList() {
            if case .list = content { return }
            content = .list([])
        }

        func makeMembers() {
            if case .members = content { return }
            content = .members([:])
        }

        var count: Int {
            if case .list(let elements) = content { elements.count } else { 0 }
        }

        func append() -> Node {
            let node = Node()
            guard case .list(var elements) = content else { return node }
            content = .empty
            elements.append(node)
            content = .list(elements)
            return node
        }

        func member(_ name: String) -> Node {
            let node = Node()
            guard case .members(var members) = content else { return node }
            content = .empty
            members[name] = node
            content = .members(members)
            return node
        }

        /// Puts groups of this many elements, if there are any, into the order of their text.
        func sort(groupsOf size: Int) {
            guard case .list(let elements) = content else { return }
            let groups = stride(from: 0, to: elements.count, by: size).map { start in
                let group = Array(elements[start..<min(start + size, elements.count)])
                return (text: JSONText(.array(group.map(\.json))).bytes, elements: group)
            }
            content = .list(groups.sorted { $0.text.lexicographicallyPrecedes($1.text) }.flatMap(\.elements))
        }

        var isList: Bool {
            if case .list = content { true } else { false }
        }

        var json: JSONValue {
            switch content {
            // What encodes nothing at all is an empty object, as everywhere.
            case .empty: .object([])
            case .leaf(let leaf): leaf
            case .list(let elements): .array(elements.map(\.json))
            case .members(let members):
                .object(members.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value.json) })
            }
        }
    }
}

/// What encodes its elements in an order that is another one in each process.
private protocol UnorderedElements {
    /// How many elements of the array belong together.
    static var groupSize: Int { get }
}

extension Set: UnorderedElements {
    static var groupSize: Int { 1 }
}

/// Where names are neither strings nor integers, they and the values are elements in turn.
extension Dictionary: UnorderedElements {
    static var groupSize: Int { 2 }
}

/// A place in the output as the coding protocols see it.
struct ValueEncoder: Encoder, SingleValueEncodingContainer {
    let node: JSONEncoding.Node
    let codingPath: [any CodingKey]
    let purpose: JSONEncoding.Purpose
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.makeMembers()
        return KeyedEncodingContainer(MemberEncoder(node: node, codingPath: codingPath, purpose: purpose))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.makeList()
        return ElementEncoder(node: node, codingPath: codingPath, purpose: purpose)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() { node.set(.null) }
    func encode(_ value: Bool) { node.set(.bool(value)) }
    func encode(_ value: String) { node.set(.string(value)) }
    func encode(_ value: Double) throws {
        try number(value, isNegativeZero: value == 0 && value.sign == .minus)
    }
    func encode(_ value: Float) throws {
        try number(value, isNegativeZero: value == 0 && value.sign == .minus)
    }
    func encode(_ value: Int) { node.set(.number("\(value)")) }
    func encode(_ value: Int8) { node.set(.number("\(value)")) }
    func encode(_ value: Int16) { node.set(.number("\(value)")) }
    func encode(_ value: Int32) { node.set(.number("\(value)")) }
    func encode(_ value: Int64) { node.set(.number("\(value)")) }
    func encode(_ value: Int128) { node.set(.number("\(value)")) }
    func encode(_ value: UInt) { node.set(.number("\(value)")) }
    func encode(_ value: UInt8) { node.set(.number("\(value)")) }
    func encode(_ value: UInt16) { node.set(.number("\(value)")) }
    func encode(_ value: UInt32) { node.set(.number("\(value)")) }
    func encode(_ value: UInt64) { node.set(.number("\(value)")) }
    func encode(_ value: UInt128) { node.set(.number("\(value)")) }

    func encode<T: Encodable>(_ value: T) throws {
        guard codingPath.count < WireLimits.depth / 2 else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: codingPath, debugDescription: "nested too deep to be remembered"))
        }
        try value.encode(to: self)
        if node.isList, let type = T.self as? any UnorderedElements.Type {
            node.sort(groupsOf: type.groupSize)
        }
    }

    private func number(_ value: some BinaryFloatingPoint & LosslessStringConvertible, isNegativeZero: Bool)
        throws
    {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: codingPath, debugDescription: "JSON has no number for \(value)"))
        }
        if isNegativeZero && purpose == .key {
            node.set(.object([JSONValue.Member("float", .string("-0.0"))]))
        } else {
            node.set(.number("\(value)"))
        }
    }
}
