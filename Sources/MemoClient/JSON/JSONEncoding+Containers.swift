internal import MemoWire

/// The members of an object that is being written.
struct MemberEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: JSONEncoding.Node
    let codingPath: [any CodingKey]
    let purpose: JSONEncoding.Purpose

    private func place(_ key: some CodingKey) -> ValueEncoder {
        ValueEncoder(node: node.member(key.stringValue), codingPath: codingPath + [key], purpose: purpose)
    }

    func encodeNil(forKey key: Key) { place(key).encodeNil() }
    func encode(_ value: Bool, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: String, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: Double, forKey key: Key) throws { try place(key).encode(value) }
    func encode(_ value: Float, forKey key: Key) throws { try place(key).encode(value) }
    func encode(_ value: Int, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: Int8, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: Int16, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: Int32, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: Int64, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: Int128, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: UInt, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: UInt8, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: UInt16, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: UInt32, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: UInt64, forKey key: Key) { place(key).encode(value) }
    func encode(_ value: UInt128, forKey key: Key) { place(key).encode(value) }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try place(key).encode(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        place(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        place(key).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { place(JSONKey("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { place(key) }
}

/// The elements of an array that is being written.
struct ElementEncoder: UnkeyedEncodingContainer {
    let node: JSONEncoding.Node
    let codingPath: [any CodingKey]
    let purpose: JSONEncoding.Purpose
    var count: Int { node.count }

    private func place() -> ValueEncoder {
        let key = JSONKey(count)
        return ValueEncoder(node: node.append(), codingPath: codingPath + [key], purpose: purpose)
    }

    func encodeNil() { place().encodeNil() }
    func encode(_ value: Bool) { place().encode(value) }
    func encode(_ value: String) { place().encode(value) }
    func encode(_ value: Double) throws { try place().encode(value) }
    func encode(_ value: Float) throws { try place().encode(value) }
    func encode(_ value: Int) { place().encode(value) }
    func encode(_ value: Int8) { place().encode(value) }
    func encode(_ value: Int16) { place().encode(value) }
    func encode(_ value: Int32) { place().encode(value) }
    func encode(_ value: Int64) { place().encode(value) }
    func encode(_ value: Int128) { place().encode(value) }
    func encode(_ value: UInt) { place().encode(value) }
    func encode(_ value: UInt8) { place().encode(value) }
    func encode(_ value: UInt16) { place().encode(value) }
    func encode(_ value: UInt32) { place().encode(value) }
    func encode(_ value: UInt64) { place().encode(value) }
    func encode(_ value: UInt128) { place().encode(value) }
    func encode<T: Encodable>(_ value: T) throws { try place().encode(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        place().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { place().unkeyedContainer() }
    func superEncoder() -> any Encoder { place() }
}

/// A name or a position where a type has no key of its own for it.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) {
        stringValue = name
        intValue = nil
    }

    init(_ index: Int) {
        stringValue = "\(index)"
        intValue = index
    }

    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(intValue) }
}
