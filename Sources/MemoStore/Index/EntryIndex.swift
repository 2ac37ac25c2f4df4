internal import CLinux

/// Every entry of both tiers: a slab of entries linked by index, found through a linear hash table.
///
/// The table grows one bucket at a time as entries are added (W. Litwin, "Linear hashing: a new tool for file and
/// table addressing", VLDB 1980), so no insertion pays for all the others.
struct EntryIndex: ~Copyable {
    private var slab: ReservedArray<Entry>
    private var buckets: ReservedArray<Slot>
    private var bucketCount = 1
    private var free = Entry.none
    var expected = ExpectedLookups()
    /// Slots ever used: those that a walk over the slab has to look at.
    private(set) var slotCount = 0
    private(set) var count = 0
    let capacity: Int

    /// - Returns: `nil` if the address space is not to be had.
    init?(capacity: Int) {
        guard var buckets = ReservedArray<Slot>(capacity: capacity + 1), buckets.grow(to: 1),
            let slab = ReservedArray<Entry>(capacity: capacity)
        else { return nil }
        buckets.base[0] = Entry.none
        self.slab = slab
        self.buckets = buckets
        self.capacity = capacity
    }

    /// Memory in use, apart from payloads.
    var bytes: Int { slotCount * MemoryLayout<Entry>.stride + bucketCount * MemoryLayout<Slot>.stride }

    subscript(slot: Slot) -> Entry {
        @inline(__always) unsafeAddress { UnsafePointer(slab.base + Int(slot)) }
        @inline(__always) unsafeMutableAddress { slab.base + Int(slot) }
    }

    /// Whether a slot still holds the entry with this row.
    func isCurrent(_ slot: Slot, row: Int64) -> Bool {
        Int(slot) < slotCount && self[slot].flags.contains(.live) && self[slot].row == row
    }

    @inline(__always)
    private func bucket(of hash: UInt32) -> Int {
        let mask = (1 << (Int.bitWidth - (bucketCount - 1).leadingZeroBitCount)) - 1
        let place = Int(hash) & mask
        return place < bucketCount ? place : place & (mask >> 1)
    }

    /// The first entry of the bucket for a hash; follow `chain` from there.
    @inline(__always)
    func first(_ hash: UInt32) -> Slot { buckets.base[bucket(of: hash)] }

    @inline(__always)
    func prefetchFirst(_ hash: UInt32) { memod_prefetch(buckets.base + bucket(of: hash)) }

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
        let place = bucket(of: entry.hash)
        self[slot] = entry
        self[slot].chain = buckets.base[place]
        buckets.base[place] = slot
        count += 1
        if count > bucketCount { split() }
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
        guard buckets.grow(to: max(1, count)) else { return false }
        bucketCount = max(1, count)
        buckets.base.update(repeating: Entry.none, count: bucketCount)
        free = Entry.none
        for slot in (0..<Slot(slotCount)).reversed() {
            if self[slot].flags.contains(.live) {
                let place = bucket(of: self[slot].hash)
                self[slot].chain = buckets.base[place]
                buckets.base[place] = slot
            } else {
                self[slot].chain = free
                free = slot
            }
        }
        return true
    }

    /// Takes an entry out of its bucket and frees its slot.
    mutating func remove(_ slot: Slot) {
        let place = bucket(of: self[slot].hash)
        if buckets.base[place] == slot {
            buckets.base[place] = self[slot].chain
        } else {
            var before = buckets.base[place]
            while self[before].chain != slot { before = self[before].chain }
            self[before].chain = self[slot].chain
        }
        self[slot].flags = []
        self[slot].chain = free
        free = slot
        count -= 1
    }

    /// Buckets are divided in order, so it is known which entries the next divisions will read: the first of a
    /// bucket is fetched well before the second, which only it knows.
    @inline(__always)
    private func prefetchNextSplits(_ old: Int) {
        let far = old + 16
        guard far < bucketCount else { return }
        prefetch(buckets.base[far])
        let near = buckets.base[old + 8]
        if near != Entry.none { prefetch(self[near].chain) }
    }

    /// Divides the next bucket in line between itself and a new last one.
    private mutating func split() {
        guard buckets.grow(to: bucketCount + 1) else { return }
        let new = bucketCount
        let mask = (1 << (Int.bitWidth - new.leadingZeroBitCount)) - 1
        let old = new & (mask >> 1)
        var staying = Entry.none
        var moving = Entry.none
        prefetchNextSplits(old)
        var slot = buckets.base[old]
        while slot != Entry.none {
            let next = self[slot].chain
            if Int(self[slot].hash) & mask == new {
                self[slot].chain = moving
                moving = slot
            } else {
                self[slot].chain = staying
                staying = slot
            }
            slot = next
        }
        buckets.base[old] = staying
        buckets.base[new] = moving
        bucketCount += 1
    }
}
