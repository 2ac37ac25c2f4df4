internal import Glibc

/// An array that grows in place: address space for all it may ever hold is reserved at once, memory is taken
/// as it grows. Growing neither moves nor copies, so it never holds up a request.
struct ReservedArray<Element: BitwiseCopyable>: ~Copyable {
    let base: UnsafeMutablePointer<Element>
    let capacity: Int
    /// All that was reserved.
    private let space: UnsafeMutableRawBufferPointer
    /// Elements that memory is there for.
    private(set) var available = 0
    /// It grows by whole large pages.
    private static var growthBytes: Int { 2 << 20 }
    private static var smallBytes: Int { 4 << 20 }

    /// - Returns: `nil` if the address space is not to be had.
    init?(capacity: Int) {
        let size = Self.roundedUp(max(capacity, 1) * MemoryLayout<Element>.stride)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let reserved = size + Self.growthBytes
        guard let start = mmap(nil, reserved, PROT_NONE, flags, -1, 0), start != MAP_FAILED else {
            return nil
        }
        space = UnsafeMutableRawBufferPointer(start: start, count: reserved)
        let address = start.alignedUp(toMultipleOf: Self.growthBytes)
        // Read at random, each small page would be another miss of the processor's address cache, which takes longer
        // than the memory itself. The beginning stays in small ones, so that few elements take little memory.
        if size > Self.smallBytes {
            madvise(address + Self.smallBytes, size - Self.smallBytes, MADV_HUGEPAGE)
        }
        base = address.bindMemory(to: Element.self, capacity: capacity)
        self.capacity = capacity
    }

    deinit { munmap(space.baseAddress, space.count) }

    /// Makes at least `count` elements usable; new ones are zero.
    /// - Returns: false if `count` exceeds the capacity or memory is exhausted.
    mutating func grow(to count: Int) -> Bool {
        if count <= available { return true }
        guard count <= capacity else { return false }
        let bytes = Self.roundedUp(count * MemoryLayout<Element>.stride)
        guard mprotect(base, bytes, PROT_READ | PROT_WRITE) == 0 else { return false }
        available = min(bytes / MemoryLayout<Element>.stride, capacity)
        return true
    }

    /// Gives the memory of elements back, as far as they fill whole pages; they are zero when they are used again.
    func release(_ elements: Range<Int>) {
        let page = Int(getpagesize())
        let stride = MemoryLayout<Element>.stride
        let start = (elements.lowerBound * stride + page - 1) / page * page
        let end = elements.upperBound * stride / page * page
        if start < end { madvise(UnsafeMutableRawPointer(base) + start, end - start, MADV_DONTNEED) }
    }

    private static func roundedUp(_ bytes: Int) -> Int {
        (bytes + growthBytes - 1) / growthBytes * growthBytes
    }
}
