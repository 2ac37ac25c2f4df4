internal import Glibc

/// A function's profile: what is set and counted for it, once for all the entries that refer to it.
struct FunctionProfile {
    var row: FunctionRow
    fileprivate var nameHash: UInt64
    /// The next of the same bucket, by name and by number.
    fileprivate var chain = FunctionSlot.none
    fileprivate var numberChain = FunctionSlot.none
    /// Its entries in both tiers.
    var count = 0
    /// What they take, as on disk.
    var bytes = 0
    /// What those in memory take there, without values that they share with others.
    var hotBytes = 0
    /// How many those in memory are.
    var hotCount = 0
    /// Hits in either tier since the start, and since its counters were reset.
    var tierHits = TierHits()
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
    /// The last `MassClear` that came to it, or began before it was there.
    var clearedBy: UInt64 = 0
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
    /// In blocks, since with very many it takes long to move them.
    private var blocks: [UnsafeMutablePointer<FunctionProfile>] = []
    private var used = 0
    private var buckets: HashBuckets<FunctionSlot>
    private var numberBuckets: HashBuckets<FunctionSlot>
    private var free: [FunctionSlot] = []
    /// Found last.
    private var latest = FunctionSlot.none
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

    /// - Returns: `nil` if the address space is not to be had.
    init?(keyHash: KeyHash, nameHash: KeyHash, capacity: Int, bytesMax: Int = .max) {
        guard let buckets = HashBuckets<FunctionSlot>(capacity: capacity, none: .none),
            let numberBuckets = HashBuckets<FunctionSlot>(capacity: capacity, none: .none)
        else { return nil }
        self.buckets = buckets
        self.numberBuckets = numberBuckets
        self.keyHash = keyHash
        self.nameHash = nameHash
        self.capacity = capacity
        self.bytesMax = bytesMax
    }

    deinit {
        for slot in allSlots { profile(slot).deinitialize(count: 1) }
        for block in blocks { block.deallocate() }
    }

    private static let blockSize = 64

    @inline(__always)
    private func profile(_ slot: FunctionSlot) -> UnsafeMutablePointer<FunctionProfile> {
        precondition(slot.index < used)
        return blocks.withUnsafeBufferPointer {
            $0.baseAddress.unsafelyUnwrapped[slot.index / Self.blockSize] + slot.index % Self.blockSize
        }
    }

    var count: Int { used - free.count }

    /// Memory that it takes, about.
    var bytes: Int {
        blocks.count * Self.blockSize * MemoryLayout<FunctionProfile>.stride + buckets.bytes
            + numberBuckets.bytes + count * Self.nameOverhead + nameBytes
    }

    /// Whether there is room for another function, with a name of this many bytes.
    func hasRoom(nameBytes more: Int) -> Bool {
        count < capacity && (count + 1) * Self.overhead + nameBytes + more <= bytesMax
    }

    /// What a function takes beside its name.
    private static let overhead =
        MemoryLayout<FunctionProfile>.stride + 2 * MemoryLayout<FunctionSlot>.stride + nameOverhead

    /// A string's own block.
    private static let nameOverhead = 48

    /// A function became typed, or no longer is.
    mutating func typedChanged() { generation &+= 1 }

    /// Every slot, those of forgotten functions included.
    var allSlots: Range<FunctionSlot> { FunctionSlot(0)..<FunctionSlot(UInt32(used)) }

    /// A number of slots from one on, as far as there are.
    func slots(from start: FunctionSlot, atMost count: Int) -> Range<FunctionSlot> {
        start..<start.advanced(by: max(0, min(count, start.distance(to: allSlots.upperBound))))
    }

    /// The next slot of the search for functions that can make room for others; after the last comes the first.
    mutating func nextForRoom() -> FunctionSlot { roomHand.next(of: used) }

    /// The same of the search for functions that were not used for long.
    mutating func nextForRetirement() -> FunctionSlot { retirementHand.next(of: used) }

    private struct Hand {
        private var slot: UInt32 = 0

        mutating func next(of count: Int) -> FunctionSlot {
            if slot >= count { slot = 0 }
            defer { slot += 1 }
            return FunctionSlot(slot)
        }
    }

    func find(_ id: FunctionID) -> FunctionSlot? {
        var slot = numberBuckets[UInt64(id.rawValue)]
        while slot != .none {
            if self[slot].row.id == id { return slot }
            slot = self[slot].numberChain
        }
        return nil
    }

    /// Numbers below this were given out in an earlier run.
    mutating func reserve(_ next: FunctionID) { nextID = max(nextID, next.rawValue) }

    func isLive(_ slot: FunctionSlot) -> Bool { self[slot].isLive }

    subscript(slot: FunctionSlot) -> FunctionProfile {
        @inline(__always) unsafeAddress { UnsafePointer(profile(slot)) }
        @inline(__always) unsafeMutableAddress { profile(slot) }
    }

    /// The same as `find`, quick for the function that was looked up last: it mostly is again.
    mutating func findAgain(owner: Int64, name: UnsafeRawBufferPointer) -> FunctionSlot? {
        if latest != .none, isNamed(latest, owner, name) { return latest }
        guard let found = find(owner: owner, name: name) else { return nil }
        latest = found
        return found
    }

    /// The slot of a function, or `nil` if it is not known.
    func find(owner: Int64, name: UnsafeRawBufferPointer) -> FunctionSlot? {
        let nameHash = hash(ofName: name, owner)
        var slot = buckets[nameHash]
        while slot != .none {
            if self[slot].nameHash == nameHash, isNamed(slot, owner, name) { return slot }
            slot = self[slot].chain
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

    /// What the hashes of its keys have in common.
    func hash(of function: FunctionID) -> KeyHash.Domain { keyHash.domain(function.rawValue) }

    private func isNamed(_ slot: FunctionSlot, _ owner: Int64, _ name: UnsafeRawBufferPointer) -> Bool {
        guard self[slot].row.owner == owner else { return false }
        return self[slot].row.name.utf8.withContiguousStorageIfAvailable {
            $0.count == name.count
                && (name.isEmpty || memcmp($0.baseAddress!, name.baseAddress!, name.count) == 0)
        } ?? self[slot].row.name.utf8.elementsEqual(name)
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
        var name = row.name
        name.makeContiguousUTF8()
        let nameHash = name.utf8.withContiguousStorageIfAvailable {
            hash(ofName: UnsafeRawBufferPointer($0), row.owner)
        }!
        var profile = FunctionProfile(row: row, nameHash: nameHash)
        profile.row.name = name
        let slot = takeSlot(profile)
        link(slot)
        nameBytes += name.utf8.count
        countByOwner[row.owner, default: 0] += 1
        return slot
    }

    private mutating func takeSlot(_ profile: FunctionProfile) -> FunctionSlot {
        if let slot = free.popLast() {
            self[slot] = profile
            return slot
        }
        if used == blocks.count * Self.blockSize { blocks.append(.allocate(capacity: Self.blockSize)) }
        let slot = FunctionSlot(UInt32(used))
        used += 1
        self.profile(slot).initialize(to: profile)
        return slot
    }

    /// Puts a function into its buckets, which grow by one if there are more functions.
    private mutating func link(_ slot: FunctionSlot) {
        let (nameHash, id) = (self[slot].nameHash, UInt64(self[slot].row.id.rawValue))
        self[slot].chain = buckets[nameHash]
        buckets[nameHash] = slot
        self[slot].numberChain = numberBuckets[id]
        numberBuckets[id] = slot
        guard count > buckets.count else { return }
        let blocks = blocks
        func linked(_ slot: FunctionSlot) -> UnsafeMutablePointer<FunctionProfile> {
            blocks[slot.index / Self.blockSize] + slot.index % Self.blockSize
        }
        buckets.grow(
            isEnd: { $0 == .none }, hash: { linked($0).pointee.nameHash },
            next: { linked($0).pointer(to: \.chain).unsafelyUnwrapped })
        numberBuckets.grow(
            isEnd: { $0 == .none }, hash: { UInt64(linked($0).pointee.row.id.rawValue) },
            next: { linked($0).pointer(to: \.numberChain).unsafelyUnwrapped })
    }

    private mutating func unlink(_ slot: FunctionSlot) {
        let gone = self[slot]
        if buckets[gone.nameHash] == slot {
            buckets[gone.nameHash] = gone.chain
        } else {
            var before = buckets[gone.nameHash]
            while self[before].chain != slot { before = self[before].chain }
            self[before].chain = gone.chain
        }
        let id = UInt64(gone.row.id.rawValue)
        if numberBuckets[id] == slot {
            numberBuckets[id] = gone.numberChain
        } else {
            var before = numberBuckets[id]
            while self[before].numberChain != slot { before = self[before].numberChain }
            self[before].numberChain = gone.numberChain
        }
    }

    /// Forgets a function that has no entries.
    mutating func remove(_ slot: FunctionSlot) {
        generation &+= 1
        if latest == slot { latest = .none }
        unlink(slot)
        let owner = self[slot].row.owner
        countByOwner[owner, default: 1] -= 1
        if countByOwner[owner] == 0 { countByOwner[owner] = nil }
        nameBytes -= self[slot].row.name.utf8.count
        self[slot].row.name = ""
        self[slot].isLive = false
        self[slot].isDirty = false
        free.append(slot)
    }

    @inline(__always)
    mutating func countHit(_ slot: FunctionSlot, savedMs: Int64, isHot: Bool) {
        let profile = profile(slot)
        profile.pointee.row.hits += 1
        if savedMs > 0 { profile.pointee.row.savedMs.addSaturating(savedMs) }
        if isHot { profile.pointee.tierHits.hot &+= 1 } else { profile.pointee.tierHits.cold &+= 1 }
        if !profile.pointee.isDirty { markDirty(slot) }
    }

    mutating func countMiss(_ slot: FunctionSlot) {
        self[slot].row.misses += 1
        markDirty(slot)
    }

    mutating func markDirty(_ slot: FunctionSlot) {
        if !self[slot].isDirty {
            self[slot].isDirty = true
            dirty.append(slot)
        }
    }

    /// The rows that changed since the last call, which is their last use; those that changed last come first.
    mutating func takeDirty(atMost limit: Int, now: Int64) -> [FunctionRow] {
        var rows: [FunctionRow] = []
        while rows.count < limit, let slot = dirty.popLast() {
            guard self[slot].isLive, self[slot].isDirty else { continue }
            self[slot].isDirty = false
            self[slot].row.usedMs = now
            rows.append(self[slot].row)
        }
        if dirty.isEmpty, dirty.capacity > 4096 { dirty = [] }
        return rows
    }
}
