internal import Glibc

/// A function's profile: what is set and counted for it, once for all the entries that refer to it.
struct FunctionProfile {
    var row: FunctionRow
    fileprivate var nameHash: UInt64
    fileprivate var chain: UInt32
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

/// The functions known, found by owner and name. A function's place does not change while it lives.
struct FunctionTable: ~Copyable {
    static let none = UInt32.max
    private var profiles: ContiguousArray<FunctionProfile> = []
    private var buckets = [UInt32](repeating: FunctionTable.none, count: 64)
    private var free: [UInt32] = []
    private var places: [UInt32: UInt32] = [:]
    private var nextID: UInt32 = 1
    /// Changes whenever a place may mean another function, or hash its keys in another form.
    private(set) var generation: UInt32 = 0
    private(set) var dirty: [UInt32] = []
    private(set) var countByOwner: [Int64: Int] = [:]
    private var nameBytes = 0
    private let hash: KeyHash
    /// Where the searches for functions that can go, and for those not used for long, go on.
    private var roomHand = Hand()
    private var retirementHand = Hand()
    let capacity: Int
    let bytesMax: Int

    init(hash: KeyHash, capacity: Int, bytesMax: Int = .max) {
        self.hash = hash
        self.capacity = capacity
        self.bytesMax = bytesMax
    }

    var count: Int { profiles.count - free.count }

    /// Memory that it takes, about.
    var bytes: Int {
        profiles.capacity * MemoryLayout<FunctionProfile>.stride + buckets.count * MemoryLayout<UInt32>.stride
            + count * Self.nameOverhead + nameBytes
    }

    /// Whether there is room for another function, with a name of so many bytes.
    func hasRoom(nameBytes more: Int) -> Bool {
        count < capacity && (count + 1) * Self.overhead + nameBytes + more <= bytesMax
    }

    /// What a function takes beside its name.
    private static let overhead =
        MemoryLayout<FunctionProfile>.stride + 2 * MemoryLayout<UInt32>.stride + nameOverhead

    /// A string's own block, and the place in the table of numbers.
    private static let nameOverhead = 64

    /// A function became typed, or no longer is.
    mutating func typedChanged() { generation &+= 1 }

    /// Every place, those of forgotten functions included.
    var allPlaces: Range<UInt32> { 0..<UInt32(profiles.count) }

    /// The next place of the search for functions that can make room for others; after the last comes the first.
    mutating func nextForRoom() -> UInt32 { roomHand.next(of: profiles.count) }

    /// The same of the search for functions that were not used for long.
    mutating func nextForRetirement() -> UInt32 { retirementHand.next(of: profiles.count) }

    private struct Hand {
        private var place: UInt32 = 0

        mutating func next(of count: Int) -> UInt32 {
            if place >= count { place = 0 }
            defer { place += 1 }
            return place
        }
    }

    /// The place of the function with this number.
    func place(id: UInt32) -> UInt32? { places[id] }

    /// Numbers below this were given out in an earlier run.
    mutating func reserve(_ next: UInt32) { nextID = max(nextID, next) }

    func isLive(_ place: UInt32) -> Bool { profiles[Int(place)].isLive }

    subscript(place: UInt32) -> FunctionProfile {
        @inline(__always) _read { yield profiles[Int(place)] }
        @inline(__always) _modify { yield &profiles[Int(place)] }
    }

    /// The place of a function, or `nil` if it is not known.
    func find(owner: Int64, name: UnsafeRawBufferPointer) -> UInt32? {
        let nameHash = hash(function: UInt32(truncatingIfNeeded: owner), key: name)
        var place = buckets[Int(truncatingIfNeeded: nameHash) & (buckets.count - 1)]
        while place != Self.none {
            let found = matches(Int(place), owner, nameHash, name)
            if found { return place }
            place = profiles[Int(place)].chain
        }
        return nil
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
    /// - Returns: `nil` where the table is full.
    mutating func add(owner: Int64, name: UnsafeRawBufferPointer) -> UInt32? {
        guard hasRoom(nameBytes: name.count) else { return nil }
        defer { nextID += 1 }
        return add(FunctionRow(id: nextID, owner: owner, name: String(decoding: name, as: UTF8.self)))
    }

    /// Adds a function as the database has it.
    @discardableResult
    mutating func add(_ row: FunctionRow) -> UInt32 {
        generation &+= 1
        nextID = max(nextID, row.id + 1)
        if count >= buckets.count { rehash() }
        var name = row.name
        name.makeContiguousUTF8()
        let nameHash = name.utf8.withContiguousStorageIfAvailable {
            hash(function: UInt32(truncatingIfNeeded: row.owner), key: UnsafeRawBufferPointer($0))
        }!
        let bucket = Int(truncatingIfNeeded: nameHash) & (buckets.count - 1)
        var profile = FunctionProfile(row: row, nameHash: nameHash, chain: buckets[bucket])
        profile.row.name = name
        let place: UInt32
        if let reused = free.popLast() {
            place = reused
            profiles[Int(place)] = profile
        } else {
            place = UInt32(profiles.count)
            profiles.append(profile)
        }
        nameBytes += name.utf8.count
        buckets[bucket] = place
        places[row.id] = place
        countByOwner[row.owner, default: 0] += 1
        return place
    }

    /// Forgets a function that has no entries.
    mutating func remove(_ place: UInt32) {
        generation &+= 1
        let index = Int(place)
        let bucket = Int(truncatingIfNeeded: profiles[index].nameHash) & (buckets.count - 1)
        if buckets[bucket] == place {
            buckets[bucket] = profiles[index].chain
        } else {
            var before = Int(buckets[bucket])
            while profiles[before].chain != place { before = Int(profiles[before].chain) }
            profiles[before].chain = profiles[index].chain
        }
        let owner = profiles[index].row.owner
        countByOwner[owner, default: 1] -= 1
        if countByOwner[owner] == 0 { countByOwner[owner] = nil }
        nameBytes -= profiles[index].row.name.utf8.count
        profiles[index].row.name = ""
        places[profiles[index].row.id] = nil
        profiles[index].isLive = false
        profiles[index].isDirty = false
        free.append(place)
    }

    @inline(__always)
    mutating func markDirty(_ place: UInt32) {
        if !profiles[Int(place)].isDirty {
            profiles[Int(place)].isDirty = true
            dirty.append(place)
        }
    }

    /// The rows that changed since the last call, which is their last use; those that changed last come first.
    mutating func takeDirty(atMost limit: Int, now: Int64) -> [FunctionRow] {
        var rows: [FunctionRow] = []
        while rows.count < limit, let place = dirty.popLast() {
            guard profiles[Int(place)].isLive, profiles[Int(place)].isDirty else { continue }
            profiles[Int(place)].isDirty = false
            profiles[Int(place)].row.usedMs = now
            rows.append(profiles[Int(place)].row)
        }
        if dirty.isEmpty, dirty.capacity > 4096 { dirty = [] }
        return rows
    }

    private mutating func rehash() {
        buckets = [UInt32](repeating: Self.none, count: buckets.count * 2)
        for index in profiles.indices where profiles[index].isLive {
            let bucket = Int(truncatingIfNeeded: profiles[index].nameHash) & (buckets.count - 1)
            profiles[index].chain = buckets[bucket]
            buckets[bucket] = UInt32(index)
        }
    }
}
