/// Records put together one behind the other in memory that is used again and again.
struct ByteArena: ~Copyable {
    private var storage: UnsafeMutableRawBufferPointer
    private var count = 0

    init(capacity: Int) {
        storage = .allocate(byteCount: capacity, alignment: 8)
    }

    deinit { storage.deallocate() }

    /// Adds a record of this many bytes, which `fill` writes.
    /// - Returns: where it is; its address changes when another is added.
    mutating func append(_ bytes: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> Range<Int> {
        let place = count..<count + bytes
        if place.upperBound > storage.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * place.upperBound, alignment: 8)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
            storage.deallocate()
            storage = larger
        }
        count = place.upperBound
        fill(UnsafeMutableRawBufferPointer(rebasing: storage[place]))
        return place
    }

    subscript(place: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage[place])
    }

    mutating func removeAll() { count = 0 }
}
