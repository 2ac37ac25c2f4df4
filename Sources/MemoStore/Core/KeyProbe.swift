/// Where the entry of a key is looked for, found out before its request's turn. It holds as long as no function
/// comes, goes, or becomes typed.
package struct KeyProbe: BitwiseCopyable {
    package let function: FunctionSlot
    /// Which of a key's forms counts.
    package let isTyped: Bool
    fileprivate let generation: UInt32
    package let hash: UInt64
}

extension KeyProbe {
    /// A function that is about to be asked for keys.
    package struct Function: BitwiseCopyable {
        package let slot: FunctionSlot
        package let isTyped: Bool
        fileprivate let generation: UInt32
        fileprivate let hash: KeyHash.Domain
    }
}

extension StoreCore {
    package func keyFunction(_ slot: FunctionSlot) -> KeyProbe.Function {
        KeyProbe.Function(
            slot: slot, isTyped: functions[slot].row.typed, generation: functions.generation,
            hash: functions.hash(of: functions[slot].row.id))
    }

    /// - Parameter key: in the form that the function wants.
    @inline(__always)
    package func probe(_ function: KeyProbe.Function, _ key: UnsafeRawBufferPointer) -> KeyProbe {
        KeyProbe(
            function: function.slot, isTyped: function.isTyped, generation: function.generation,
            hash: function.hash(key))
    }

    /// Finds out where a key's entry is looked for, and notes it for `fetchExpected`.
    @inline(__always)
    package mutating func prepare(_ function: KeyProbe.Function, _ key: UnsafeRawBufferPointer) -> KeyProbe {
        let probe = probe(function, key)
        entries.expect(probe.hash)
        return probe
    }

    /// Has the memory fetched that the lookups prepared so far will read.
    @inline(__always)
    package mutating func fetchExpected() { entries.fetchExpected() }

    @inline(__always)
    package func isCurrent(_ probe: KeyProbe) -> Bool { probe.generation == functions.generation }

    /// How many lookups may be prepared at once.
    package static var expectedMax: Int { ExpectedLookups.capacity }
}
