/// Where the entry of a key is looked for, found out before its request's turn. It holds as long as no function
/// comes, goes, or becomes typed.
package struct KeyProbe: BitwiseCopyable {
    /// The function's place.
    package let function: UInt32
    /// Which of a key's forms counts.
    package let isTyped: Bool
    fileprivate let generation: UInt32
    package let hash: UInt64
}

extension KeyProbe {
    /// A function that is about to be asked for keys.
    package struct Function: BitwiseCopyable {
        package let place: UInt32
        package let isTyped: Bool
        fileprivate let generation: UInt32
        fileprivate let id: UInt32
    }
}

extension StoreCore {
    package func keyFunction(_ place: UInt32) -> KeyProbe.Function {
        let row = functions[place].row
        return KeyProbe.Function(
            place: place, isTyped: row.typed, generation: functions.generation, id: row.id)
    }

    /// - Parameter key: in the form that the function wants.
    @inline(__always)
    package func place(_ function: KeyProbe.Function, _ key: UnsafeRawBufferPointer) -> KeyProbe {
        KeyProbe(
            function: function.place, isTyped: function.isTyped, generation: function.generation,
            hash: keyHash(function: function.id, key: key))
    }

    /// Finds out where a key's entry is looked for, and tombstones it for `fetchExpected`.
    @inline(__always)
    package mutating func prepare(_ function: KeyProbe.Function, _ key: UnsafeRawBufferPointer) -> KeyProbe {
        let place = place(function, key)
        prefetcher.expect(place.hash, in: entries)
        return place
    }

    /// Has the memory fetched that the lookups prepared so far will read.
    @inline(__always)
    package mutating func fetchExpected() { prefetcher.fetch(from: entries) }

    @inline(__always)
    package func isCurrent(_ place: KeyProbe) -> Bool { place.generation == functions.generation }

    /// How many lookups may be prepared at once.
    package static var expectedMax: Int { Prefetcher.capacity }
}
