internal import CLinux

/// The buckets of a linear hash table whose elements are linked by themselves. It grows by one bucket with each element
/// (W. Litwin, "Linear hashing: a new tool for file and table addressing", VLDB 1980), so no insertion pays for all the
/// others.
struct HashBuckets<Link: BitwiseCopyable>: ~Copyable {
    private var heads: ReservedArray<Link>
    private(set) var count = 1
    /// One less than the least power of two that is not less than `count`.
    private var mask = 0
    private let none: Link

    /// - Parameters:
    ///   - capacity: buckets that there may be; with more elements chains grow longer.
    ///   - none: the end of a chain.
    /// - Returns: `nil` if the address space is not to be had.
    init?(capacity: Int, none: Link) {
        guard var heads = ReservedArray<Link>(capacity: max(1, capacity)), heads.grow(to: 1) else {
            return nil
        }
        heads.base[0] = none
        self.heads = heads
        self.none = none
    }

    /// Memory in use.
    var bytes: Int { count * MemoryLayout<Link>.stride }

    @inline(__always)
    private func place(_ hash: UInt64) -> Int {
        let place = Int(truncatingIfNeeded: hash) & mask
        return place < count ? place : place & (mask &>> 1)
    }

    /// The first element of the bucket for a hash.
    subscript(hash: UInt64) -> Link {
        @inline(__always) get { heads.base[place(hash)] }
        @inline(__always) nonmutating set { heads.base[place(hash)] = newValue }
    }

    @inline(__always)
    func prefetch(_ hash: UInt64) { memod_prefetch(heads.base + place(hash)) }

    /// Buckets are divided in order: the first element of one that will be after this many others.
    func divided(after others: Int) -> Link? {
        let place = (count & (mask &>> 1)) &+ others
        return place < count ? heads.base[place] : nil
    }

    /// Becomes a table of so many empty buckets.
    mutating func reset(count: Int) -> Bool {
        guard heads.grow(to: count) else { return false }
        self.count = count
        mask = (1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)) - 1
        heads.base.update(repeating: none, count: count)
        return true
    }

    /// Divides the next bucket in line between itself and a new last one.
    /// - Parameters:
    ///   - hash: of an element.
    ///   - next: where an element is linked to the next of its chain.
    ///   - isEnd: whether it is none.
    mutating func grow(
        isEnd: (Link) -> Bool, hash: (Link) -> UInt64, next: (Link) -> UnsafeMutablePointer<Link>
    ) {
        guard heads.grow(to: count + 1) else { return }
        let new = count
        if new > mask { mask = mask &* 2 &+ 1 }
        let old = new & (mask &>> 1)
        var (staying, moving) = (none, none)
        var element = heads.base[old]
        while !isEnd(element) {
            let following = next(element).pointee
            if Int(truncatingIfNeeded: hash(element)) & mask == new {
                next(element).pointee = moving
                moving = element
            } else {
                next(element).pointee = staying
                staying = element
            }
            element = following
        }
        heads.base[old] = staying
        heads.base[new] = moving
        count += 1
    }
}
