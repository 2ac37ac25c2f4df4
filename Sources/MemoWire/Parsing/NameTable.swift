/// A fixed table from short ASCII names to values: a hash table whose names are compared as machine words.
///
/// `@unchecked Sendable` because it is never written after `init`, and lives as long as the process.
struct NameTable<Value: BitwiseCopyable>: @unchecked Sendable {
    static var longestName: Int { 16 }

    private struct Slot: BitwiseCopyable {
        var name: Name
        var value: Value?
    }

    /// A name of up to 16 bytes, padded with zeroes.
    private struct Name: Equatable, BitwiseCopyable {
        var head: UInt64 = 0
        var tail: UInt64 = 0
        var count: Int = 0

        @inline(__always) var hash: UInt64 {
            // An odd number without pattern (the golden ratio): it spreads the bytes over the upper bits.
            (head ^ tail &* 31 ^ UInt64(truncatingIfNeeded: count)) &* 0x9E37_79B9_7F4A_7C15
        }
    }

    private let slots: UnsafeMutableBufferPointer<Slot>
    private let shift: UInt64

    init(_ entries: [(name: String, value: Value)]) {
        // At most a quarter full, so that nearly every name is found at its first slot.
        let bits = UInt64(64 - (4 * entries.count).leadingZeroBitCount)
        shift = 64 - bits
        slots = .allocate(capacity: 1 << Int(bits))
        slots.initialize(repeating: Slot(name: Name(), value: nil))
        for (text, value) in entries {
            let bytes = Array(text.utf8)
            precondition(!bytes.isEmpty && bytes.count <= Self.longestName)
            let name = bytes.withUnsafeBytes { Self.pack($0, readable: $0.count) }
            var index = Int(name.hash >> shift)
            while slots[index].value != nil {
                precondition(slots[index].name != name, "a name stands twice")
                index = (index + 1) & (slots.count - 1)
            }
            slots[index] = Slot(name: name, value: value)
        }
    }

    /// The value of `name`.
    ///
    /// - Parameter readable: How many bytes may be read at the name's address, those behind it included.
    @inline(__always) func find(_ name: Bytes, readable: Int) -> Value? {
        guard name.count <= Self.longestName, name.count > 0 else { return nil }
        let name = Self.pack(name, readable: readable)
        var index = Int(truncatingIfNeeded: name.hash &>> shift)
        while true {
            let slot = slots[index]
            guard let value = slot.value else { return nil }
            if slot.name == name { return value }
            index = (index &+ 1) & (slots.count &- 1)
        }
    }

    /// The value of a name of up to 8 bytes, by these bytes as a number, padded with zeroes.
    @inline(__always) func find(word: UInt64, count: Int) -> Value? {
        let name = Name(head: word, tail: 0, count: count)
        var index = Int(truncatingIfNeeded: name.hash &>> shift)
        while true {
            let slot = slots[index]
            guard let value = slot.value else { return nil }
            if slot.name.head == word, slot.name.count == count { return value }
            index = (index &+ 1) & (slots.count &- 1)
        }
    }

    @inline(__always) private static func pack(_ bytes: Bytes, readable: Int) -> Name {
        var name = Name()
        name.count = bytes.count
        guard let base = bytes.baseAddress else { return name }
        if readable >= 8, bytes.count <= 8 {
            let word = base.loadUnaligned(as: UInt64.self).littleEndian
            name.head = word & (UInt64.max &>> UInt64(64 &- 8 &* bytes.count))
            return name
        }
        for index in 0..<bytes.count {
            let byte = UInt64(base.load(fromByteOffset: index, as: UInt8.self)) &<< UInt64(8 &* (index & 7))
            if index < 8 { name.head |= byte } else { name.tail |= byte }
        }
        return name
    }
}
