internal import Glibc

/// Values that several entries in memory have in common, each in one block with a count of those that refer to it.
///
/// A reference takes 8 bytes in the place of the value, a block some 60 beside it. A value of at least `alwaysBytes`
/// gets a block at once: that pays from the second entry with it, and costs a value that stays alone 80 bytes. A
/// smaller one gets a block when it is met again among the last few thousand: that pays from the third entry where
/// the value has 128 bytes, from the fourth where it has 80, from the fifth where it has 64. Below `leastBytes`
/// nothing is shared. All of it is guarded by the store's lock.
///
/// `@unchecked Sendable` for the same reason; `hash` and `make` touch nothing that changes.
final class InternTable: @unchecked Sendable {
    static let leastBytes = 64
    static let alwaysBytes = 512
    /// Lending the pages of a smaller value to a socket takes as long as copying them there.
    static let lentBytes = 32 << 10

    /// A value in memory: the bytes follow.
    struct Block {
        var references: UInt32
        var wasSent = false
        /// Sockets, or whoever read from them, may have its whole pages, for as long as they like.
        var isLent = false
        /// Not in the table: there is another value with its hash, or nothing is shared.
        var isAlone = false
        var hash: UInt64
        var bytes: Int
        /// The next of the table's bucket.
        var next: UnsafeMutablePointer<Block>?
        /// The table that the block is in; it outlives it.
        unowned(unsafe) var table: InternTable
    }

    private static let pageMask = UInt(getpagesize()) - 1
    /// Under the store's lock, as all of it: overlapping accesses are not looked for at run time.
    @exclusivity(unchecked) private var buckets: HashBuckets<UnsafeMutablePointer<Block>?>
    /// Blocks that are in the table.
    private(set) var count = 0
    /// Hashes of values that were met and not shared.
    private let recent: UnsafeMutableBufferPointer<UInt64>
    private let seed: UInt64
    private let isOn: Bool
    /// What the blocks take, the allocator's and the table's own share included.
    private(set) var bytes = 0
    private(set) var references = 0
    /// What it would take without sharing, less what it takes.
    private(set) var savedBytes = 0

    /// - Returns: `nil` if the address space is not to be had.
    init?(isOn: Bool, seed: UInt64, capacity: Int = 1 << 20) {
        guard
            let buckets = HashBuckets<UnsafeMutablePointer<Block>?>(capacity: isOn ? capacity : 1, none: nil)
        else { return nil }
        self.buckets = buckets
        self.isOn = isOn
        self.seed = seed
        recent = .allocate(capacity: isOn ? 4096 : 1)
        recent.initialize(repeating: 0)
    }

    deinit { recent.deallocate() }

    /// A block's bucket.
    private static let bucketBytes = 8

    /// The block in the table with this hash.
    private func block(_ hash: UInt64) -> UnsafeMutablePointer<Block>? {
        var next = buckets[hash]
        while let block = next, block.pointee.hash != hash { next = block.pointee.next }
        return next
    }

    private func add(_ block: UnsafeMutablePointer<Block>) {
        block.pointee.next = buckets[block.pointee.hash]
        buckets[block.pointee.hash] = block
        count += 1
        guard count > buckets.count else { return }
        buckets.grow(
            isEnd: { $0 == nil }, hash: { $0.unsafelyUnwrapped.pointee.hash },
            next: { $0.unsafelyUnwrapped.pointer(to: \.next).unsafelyUnwrapped })
    }

    private func remove(_ block: UnsafeMutablePointer<Block>) {
        count -= 1
        let hash = block.pointee.hash
        if buckets[hash] == block {
            buckets[hash] = block.pointee.next
            return
        }
        var before = buckets[hash].unsafelyUnwrapped
        while before.pointee.next != block { before = before.pointee.next.unsafelyUnwrapped }
        before.pointee.next = block.pointee.next
    }

    /// The block for a value, with one reference more; `nil` if sharing it does not pay.
    func intern(_ value: UnsafeRawBufferPointer) -> UnsafeMutablePointer<Block>? {
        guard isOn, value.count >= Self.leastBytes else { return nil }
        let hash = Checksum.of(value, seed: seed)
        if let block = block(hash) {
            guard Self.value(block).isEqual(to: value) else { return nil }
            retain(block)
            return block
        }
        if value.count < Self.alwaysBytes {
            let place = Int(truncatingIfNeeded: hash >> 40) & (recent.count - 1)
            guard recent[place] == hash else {
                recent[place] = hash
                return nil
            }
        }
        guard let block = make(value, hash: hash) else { return nil }
        adopt(block)
        return block
    }

    func retain(_ block: UnsafeMutablePointer<Block>) {
        block.pointee.references += 1
        references += 1
        savedBytes += block.pointee.bytes
    }

    static func value(_ block: UnsafeMutablePointer<Block>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(block + 1), count: block.pointee.bytes)
    }

    /// The whole pages of a value that is about to be sent, which may be lent to the socket in place of being copied:
    /// they are never changed, and not used again. None if that does not pay: if the value is small, or is sent
    /// for the first time and may go before the next, since new pages in their place take some time, too.
    static func lend(_ block: UnsafeMutablePointer<Block>) -> UnsafeRawBufferPointer {
        guard block.pointee.bytes >= lentBytes else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if block.pointee.wasSent { block.pointee.isLent = true }
        block.pointee.wasSent = true
        return block.pointee.isLent ? wholePages(block) : UnsafeRawBufferPointer(start: nil, count: 0)
    }

    private static func wholePages(_ block: UnsafeMutablePointer<Block>) -> UnsafeRawBufferPointer {
        let value = value(block)
        let start = UnsafeRawPointer(
            bitPattern: (UInt(bitPattern: value.baseAddress!) + pageMask) & ~pageMask)!
        let end = UnsafeRawPointer(
            bitPattern: UInt(bitPattern: value.baseAddress! + value.count) & ~pageMask)!
        return UnsafeRawBufferPointer(start: start, count: max(0, end - start))
    }

    /// Gives a reference back; the last one frees the block.
    static func release(_ block: UnsafeMutablePointer<Block>) {
        let table = block.pointee.table
        table.references -= 1
        block.pointee.references -= 1
        if block.pointee.references > 0 {
            table.savedBytes -= block.pointee.bytes
            return
        }
        if !block.pointee.isAlone { table.remove(block) }
        table.bytes -= footprint(block.pointee.bytes)
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        LargeBlocks.free(
            block, bytes: block.pointee.bytes, lent: block.pointee.isLent ? wholePages(block) : none)
    }

    // MARK: values that are prepared without the lock

    func hash(_ value: UnsafeRawBufferPointer) -> UInt64 { Checksum.of(value, seed: seed) }

    /// The block with this hash, with one reference more: perhaps of the same value.
    func find(_ hash: UInt64, bytes: Int) -> UnsafeMutablePointer<Block>? {
        guard let block = block(hash), block.pointee.bytes == bytes else { return nil }
        retain(block)
        return block
    }

    /// A block of its own for a value, which nothing refers to yet. Needs no lock.
    func make(_ value: UnsafeRawBufferPointer, hash: UInt64) -> UnsafeMutablePointer<Block>? {
        guard let memory = malloc(MemoryLayout<Block>.size + value.count) else { return nil }
        let block = memory.bindMemory(to: Block.self, capacity: 1)
        block.initialize(to: Block(references: 1, hash: hash, bytes: value.count, table: self))
        UnsafeMutableRawPointer(block + 1).copyMemory(from: value.baseAddress!, byteCount: value.count)
        return block
    }

    /// Takes on a block that `make` made, with its one reference. It is there for others to share if no other one is.
    func adopt(_ block: UnsafeMutablePointer<Block>) {
        let hash = block.pointee.hash
        if isOn, self.block(hash) == nil {
            add(block)
        } else {
            block.pointee.isAlone = true
        }
        bytes += Self.footprint(block.pointee.bytes)
        references += 1
    }

    private static func footprint(_ value: Int) -> Int {
        (MemoryLayout<Block>.size + value + 8 + 15) & ~15 + bucketBytes
    }

    /// Every shared block with its number of references. For tests.
    var blockReferences: [(UnsafeMutableRawPointer, Int)] {
        var found: [(UnsafeMutableRawPointer, Int)] = []
        for bucket in 0..<buckets.count {
            var next = buckets[UInt64(bucket)]
            while let block = next {
                found.append((UnsafeMutableRawPointer(block), Int(block.pointee.references)))
                next = block.pointee.next
            }
        }
        return found
    }
}
