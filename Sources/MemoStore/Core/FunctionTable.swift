internal import Glibc

/// A function's profile: what is set and counted for it, once for all the entries that refer to it.
struct FunctionProfile {
    var row: FunctionRow
    fileprivate var nameHash: UInt64
    fileprivate var chain: FunctionSlot
    /// Its entries in both tiers.
    var count = 0
    /// What they take, as on disk.
    var bytes = 0
    /// What those in memory take there, without values that they share with others.
    var hotBytes = 0
    /// Ends of the list of its entries: in order of last use where it is bounded, else of insertion.
    var oldest = Entry.none
    var newest = Entry.none
    /// Changed since it was last written.
    var isDirty = false
    /// What its history has of its counters.
    var noted = HistoryCounters()
    /// Of which of its keys look-ups are noted.
    var sampling = KeySampling()
    /// How many of its hits and misses the models of reuse know of, or are not to know of.
    var advised: Int64 = 0
    /// Whether its results are shared with other machines.
    var sharing = Sharing.none
    /// It is defined coherent, and other machines cannot be heard: nothing of it is served.
    var isWithheld = false
    /// Lists of cleared entries that still refer to it.
    var clearedLists = 0
    /// Where clients find what is published of it, if anything ever was.
    var published: PublishedPlace?
    /// Not 0 while it does not keep to its bound yet: which `ResizeJob` is at it.
    var resizeJob: UInt32 = 0
    fileprivate(set) var isLive = true
}

/// The functions known, found by owner and name. A function's slot does not change while it lives.
struct FunctionTable: ~Copyable {
    private var profiles: ContiguousArray<FunctionProfile> = []
    private var buckets = [FunctionSlot](repeating: .none, count: 64)
    private var free: [FunctionSlot] = []
    private var slots: [FunctionID: FunctionSlot] = [:]
    private var nextID: UInt32 = 1
    /// Changes whenever a slot may mean another function, or hash its keys in another form.
    private(set) var generation: UInt32 = 0
    private(set) var dirty: [FunctionSlot] = []
    private(set) var countByOwner: [Int64: Int] = [:]
    private var nameBytes = 0
    /// Of keys, with the seed that the database keeps.
    var keyHash: KeyHash
    private let nameHash: KeyHash
    /// Where the searches for functions that can go, and for those not used for long, go on.
    private var roomHand = Hand()
    private var retirementHand = Hand()
    let capacity: Int
    let bytesMax: Int

    init(keyHash: KeyHash, nameHash: KeyHash, capacity: Int, bytesMax: Int = .max) {
        self.keyHash = keyHash
        self.nameHash = nameHash
        self.capacity = capacity
        self.bytesMax = bytesMax
    }

    var count: Int { profiles.count - free.count }

    /// Memory that it takes, about.
    var bytes: Int {
        profiles.capacity * MemoryLayout<FunctionProfile>.stride + buckets.count
            * MemoryLayout<FunctionSlot>.stride
            + count * Self.nameOverhead + nameBytes
    }

    /// Whether there is room for another function, with a name of this many bytes.
    func hasRoom(nameBytes more: Int) -> Bool {
        count < capacity && (count + 1) * Self.overhead + nameBytes + more <= bytesMax
    }

    /// What a function takes beside its name.
    private static let overhead =
        MemoryLayout<FunctionProfile>.stride + 2 * MemoryLayout<FunctionSlot>.stride + nameOverhead

    /// A string's own block, and the entry in the table of numbers.
    private static let nameOverhead = 64

    /// A function became typed, or no longer is.
    mutating func typedChanged() { generation &+= 1 }

    /// Every slot, those of forgotten functions included.
    var allSlots: Range<FunctionSlot> { FunctionSlot(0)..<FunctionSlot(UInt32(profiles.count)) }

    /// A number of slots from one on, as far as there are.
    func slots(from start: FunctionSlot, atMost count: Int) -> Range<FunctionSlot> {
        start..<start.advanced(by: max(0, min(count, start.distance(to: allSlots.upperBound))))
    }

    /// The next slot of the search for functions that can make room for others; after the last comes the first.
    mutating func nextForRoom() -> FunctionSlot { roomHand.next(of: profiles.count) }

    /// The same of the search for functions that were not used for long.
    mutating func nextForRetirement() -> FunctionSlot { retirementHand.next(of: profiles.count) }

    private struct Hand {
        private var slot: UInt32 = 0

        mutating func next(of count: Int) -> FunctionSlot {
            if slot >= count { slot = 0 }
            defer { slot += 1 }
            return FunctionSlot(slot)
        }
    }

    func find(_ id: FunctionID) -> FunctionSlot? { slots[id] }

    /// Numbers below this were given out in an earlier run.
    mutating func reserve(_ next: FunctionID) { nextID = max(nextID, next.rawValue) }

    func isLive(_ slot: FunctionSlot) -> Bool { profiles[slot.index].isLive }

    subscript(slot: FunctionSlot) -> FunctionProfile {
        @inline(__always) _read { yield profiles[slot.index] }
        @inline(__always) _modify { yield &profiles[slot.index] }
    }

    /// The slot of a function, or `nil` if it is not known.
    func find(owner: Int64, name: UnsafeRawBufferPointer) -> FunctionSlot? {
        let nameHash = hash(ofName: name, owner)
        var slot = buckets[Int(truncatingIfNeeded: nameHash) & (buckets.count - 1)]
        while slot != .none {
            let found = matches(slot.index, owner, nameHash, name)
            if found { return slot }
            slot = profiles[slot.index].chain
        }
        return nil
    }

    @inline(__always)
    private func hash(ofName name: UnsafeRawBufferPointer, _ owner: Int64) -> UInt64 {
        nameHash(domain: UInt32(truncatingIfNeeded: owner), key: name)
    }

    /// The hash of a function's key.
    @inline(__always)
    func hash(_ function: FunctionID, _ key: UnsafeRawBufferPointer) -> UInt64 {
        keyHash(domain: function.rawValue, key: key)
    }

    private func matches(_ index: Int, _ owner: Int64, _ nameHash: UInt64, _ name: UnsafeRawBufferPointer)
        -> Bool
    {
        guard profiles[index].nameHash == nameHash, profiles[index].row.owner == owner else { return false }
        return profiles[index].row.name.utf8.withContiguousStorageIfAvailable {
            $0.count == name.count
                && (name.isEmpty || memcmp($0.baseAddress!, name.baseAddress!, name.count) == 0)
        } ?? profiles[index].row.name.utf8.elementsEqual(name)
    }

    /// Adds a function that is not there yet.
    /// - Returns: `nil` if the table is full.
    mutating func add(owner: Int64, name: UnsafeRawBufferPointer) -> FunctionSlot? {
        guard hasRoom(nameBytes: name.count) else { return nil }
        defer { nextID += 1 }
        return add(
            FunctionRow(id: FunctionID(nextID), owner: owner, name: String(decoding: name, as: UTF8.self)))
    }

    /// Adds a function as the database has it.
    @discardableResult
    mutating func add(_ row: FunctionRow) -> FunctionSlot {
        generation &+= 1
        nextID = max(nextID, row.id.rawValue + 1)
        if count >= buckets.count { rehash() }
        var name = row.name
        name.makeContiguousUTF8()
        let nameHash = name.utf8.withContiguousStorageIfAvailable {
            hash(ofName: UnsafeRawBufferPointer($0), row.owner)
        }!
        let bucket = Int(truncatingIfNeeded: nameHash) & (buckets.count - 1)
        var profile = FunctionProfile(row: row, nameHash: nameHash, chain: buckets[bucket])
        profile.row.name = name
        let slot: FunctionSlot
        if let reused = free.popLast() {
            slot = reused
            profiles[slot.index] = profile
        } else {
            slot = FunctionSlot(UInt32(profiles.count))
            profiles.append(profile)
        }
        nameBytes += name.utf8.count
        buckets[bucket] = slot
        slots[row.id] = slot
        countByOwner[row.owner, default: 0] += 1
        return slot
    }

    /// Forgets a function that has no entries.
    mutating func remove(_ slot: FunctionSlot) {
        generation &+= 1
        let index = slot.index
        let bucket = Int(truncatingIfNeeded: profiles[index].nameHash) & (buckets.count - 1)
        if buckets[bucket] == slot {
            buckets[bucket] = profiles[index].chain
        } else {
            var before = buckets[bucket].index
            while profiles[before].chain != slot { before = profiles[before].chain.index }
            profiles[before].chain = profiles[index].chain
        }
        let owner = profiles[index].row.owner
        countByOwner[owner, default: 1] -= 1
        if countByOwner[owner] == 0 { countByOwner[owner] = nil }
        nameBytes -= profiles[index].row.name.utf8.count
        profiles[index].row.name = ""
        slots[profiles[index].row.id] = nil
        profiles[index].isLive = false
        profiles[index].isDirty = false
        free.append(slot)
    }

    @inline(__always)
    mutating func markDirty(_ slot: FunctionSlot) {
        if !profiles[slot.index].isDirty {
            profiles[slot.index].isDirty = true
            dirty.append(slot)
        }
    }

    /// The rows that changed since the last call, which is their last use; those that changed last come first.
    mutating func takeDirty(atMost limit: Int, now: Int64) -> [FunctionRow] {
        var rows: [FunctionRow] = []
        while rows.count < limit, let slot = dirty.popLast() {
            guard profiles[slot.index].isLive, profiles[slot.index].isDirty else { continue }
            profiles[slot.index].isDirty = false
            profiles[slot.index].row.usedMs = now
            rows.append(profiles[slot.index].row)
        }
        if dirty.isEmpty, dirty.capacity > 4096 { dirty = [] }
        return rows
    }

    private mutating func rehash() {
        buckets = [FunctionSlot](repeating: .none, count: buckets.count * 2)
        for index in profiles.indices where profiles[index].isLive {
            let bucket = Int(truncatingIfNeeded: profiles[index].nameHash) & (buckets.count - 1)
            profiles[index].chain = buckets[bucket]
            buckets[bucket] = FunctionSlot(UInt32(index))
        }
    }
}
