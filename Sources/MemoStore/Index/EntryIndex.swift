internal import CLinux

/// Every entry of both tiers: a slab of entries linked by index, found through a linear hash table.
struct EntryIndex: ~Copyable {
    private var slab: ReservedArray<Entry>
    private var buckets: HashBuckets<Slot>
    private var free = Entry.none
    var expected = ExpectedLookups()
    /// Slots ever used: those that a walk over the slab has to look at.
    private(set) var slotCount = 0
    private(set) var count = 0
    let capacity: Int

    /// - Returns: `nil` if the address space is not to be had.
    init?(capacity: Int) {
        guard let buckets = HashBuckets<Slot>(capacity: capacity + 1, none: Entry.none),
            let slab = ReservedArray<Entry>(capacity: capacity)
        else { return nil }
        self.slab = slab
        self.buckets = buckets
        self.capacity = capacity
    }

    /// Memory in use, apart from payloads.
    var bytes: Int { slotCount * MemoryLayout<Entry>.stride + buckets.bytes }

    subscript(slot: Slot) -> Entry {
        @inline(__always) unsafeAddress { UnsafePointer(slab.base + Int(slot)) }
        @inline(__always) unsafeMutableAddress { slab.base + Int(slot) }
    }

    /// Whether a slot still holds the entry with this row.
    func isCurrent(_ slot: Slot, row: Int64) -> Bool {
        Int(slot) < slotCount && self[slot].flags.contains(.live) && self[slot].row == row
    }

    /// The first entry of the bucket for a hash; follow `chain` from there.
    @inline(__always)
    func first(_ hash: UInt32) -> Slot { buckets[UInt64(hash)] }

    @inline(__always)
    func prefetchFirst(_ hash: UInt32) { buckets.prefetch(UInt64(hash)) }

    /// An entry may lie on two cache lines.
    @inline(__always)
    func prefetch(_ slot: Slot) {
        guard slot != Entry.none else { return }
        let address = UnsafeRawPointer(slab.base + Int(slot))
        memod_prefetch(address)
        memod_prefetch(address + MemoryLayout<Entry>.size - 1)
    }

    /// Adds an entry to its bucket, not to any list.
    /// - Returns: `nil` at capacity or if memory is exhausted.
    mutating func insert(_ entry: Entry) -> Slot? {
        let slot: Slot
        if free != Entry.none {
            slot = free
            free = self[slot].chain
        } else {
            guard slab.grow(to: slotCount + 1) else { return nil }
            slot = Slot(slotCount)
            slotCount += 1
        }
        self[slot] = entry
        chain(slot, entry.hash)
        count += 1
        if count > buckets.count { grow() }
        return slot
    }

    // MARK: loading

    /// Adds an entry only to the slab: `chainAll` follows, before anything is looked up.
    mutating func append(_ entry: Entry) -> Slot? {
        guard slab.grow(to: slotCount + 1) else { return nil }
        let slot = Slot(slotCount)
        slotCount += 1
        count += 1
        self[slot] = entry
        return slot
    }

    /// Adds `slots` slots to an empty slab, for `fill` to write.
    /// - Returns: whether there was room, and `fill` succeeded; if not, the index is empty.
    mutating func append(slots: Int, live: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Bool) -> Bool {
        precondition(slotCount == 0 && count == 0)
        guard slab.grow(to: slots),
            fill(UnsafeMutableRawBufferPointer(start: slab.base, count: slots * MemoryLayout<Entry>.stride))
        else { return false }
        slotCount = slots
        count = live
        return true
    }

    /// The slab's memory, from the first slot to the last that was ever used.
    var bytesOfSlots: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: slab.base, count: slotCount * MemoryLayout<Entry>.stride)
    }

    /// Puts all live entries into buckets and the other slots on the free list: in one pass, and into a table of
    /// the right size.
    mutating func chainAll() -> Bool {
        guard buckets.reset(count: max(1, count)) else { return false }
        free = Entry.none
        for slot in (0..<Slot(slotCount)).reversed() {
            if self[slot].flags.contains(.live) {
                chain(slot, self[slot].hash)
            } else {
                self[slot].chain = free
                free = slot
            }
        }
        return true
    }

    /// Makes an entry the first of its bucket.
    @inline(__always)
    private mutating func chain(_ slot: Slot, _ hash: UInt32) {
        self[slot].chain = buckets[UInt64(hash)]
        buckets[UInt64(hash)] = slot
    }

    /// Takes an entry out of its bucket and frees its slot.
    mutating func remove(_ slot: Slot) {
        let hash = UInt64(self[slot].hash)
        if buckets[hash] == slot {
            buckets[hash] = self[slot].chain
        } else {
            var before = buckets[hash]
            while self[before].chain != slot { before = self[before].chain }
            self[before].chain = self[slot].chain
        }
        self[slot].flags = []
        self[slot].chain = free
        free = slot
        count -= 1
    }

    /// It is known which entries the next divisions will read: the first of a bucket is fetched well before the second,
    /// which only it knows.
    private mutating func grow() {
        if let far = buckets.divided(after: 16) {
            prefetch(far)
            if let near = buckets.divided(after: 8), near != Entry.none { prefetch(self[near].chain) }
        }
        let entries = slab.base
        buckets.grow(
            isEnd: { $0 == Entry.none }, hash: { UInt64(entries[Int($0)].hash) },
            next: { (entries + Int($0)).pointer(to: \.chain).unsafelyUnwrapped })
    }
}
