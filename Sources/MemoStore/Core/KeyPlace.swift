/// Where the entry of a key is looked for, found out before its request's turn. It holds as long as no function
/// comes, goes, or becomes typed.
package struct KeyPlace: BitwiseCopyable {
    /// The function's place.
    package let function: UInt32
    fileprivate let generation: UInt32
    package let hash: UInt64
}

extension StoreCore {
    /// Finds out where a key's entry is looked for, and notes it for `fetchExpected`.
    @inline(__always)
    package mutating func prepare(_ function: UInt32, _ key: UnsafeRawBufferPointer) -> KeyPlace {
        let place = place(function, key)
        prefetcher.expect(place.hash, in: directory)
        return place
    }

    @inline(__always)
    package func place(_ function: UInt32, _ key: UnsafeRawBufferPointer) -> KeyPlace {
        KeyPlace(function: function, generation: functions.generation, hash: hash(function, key))
    }

    /// Has the memory fetched that the lookups prepared so far will read.
    @inline(__always)
    package mutating func fetchExpected() { prefetcher.fetch(from: directory) }

    @inline(__always)
    package func isCurrent(_ place: KeyPlace) -> Bool { place.generation == functions.generation }

    /// How many lookups may be prepared at once.
    package static var expectedMax: Int { Prefetcher.capacity }
}
