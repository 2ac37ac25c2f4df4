/// Tags, each with the entries that bear it, so that clearing a tag looks at nothing else. An entry that goes leaves the
/// lists of its tags, and a tag that nothing bears any more is forgotten.
struct TagTable: ~Copyable {
    /// That an entry bears a tag.
    struct Membership: BitwiseCopyable {
        /// Overwritten while it is free.
        var slot: Slot
        /// `noTag` if it was taken off its tag's list before its entry went.
        var tag: TagID
        /// Neighbours in the tag's list.
        var older: UInt32
        var newer: UInt32
        /// The next of the same entry.
        var next: UInt32
    }

    struct Tag {
        var row: TagRow
        /// Ends of the list of those who bear it, in the order of their rows.
        fileprivate var oldest = none
        fileprivate var newest = none
        fileprivate(set) var count = 0
        /// Its place in its owner's list.
        fileprivate var place = 0
    }

    private static let none = NodePool<Membership>.none
    private static let noTag = TagID(0)

    /// By bytes: strings that only look the same are two names.
    private struct Name: Hashable {
        var owner: Int64
        var bytes: [UInt8]

        init(owner: Int64, name: String) {
            self.owner = owner
            bytes = Array(name.utf8)
        }
    }

    private var tags: [TagID: Tag] = [:]
    private var ids: [Name: TagID] = [:]
    private var nextID: UInt32 = 1
    private var ofOwner: [Int64: [TagID]] = [:]
    private var nameBytes = 0
    private var memberships: NodePool<Membership>
    /// The first membership of each entry.
    private var first: ReservedArray<UInt32>
    /// Of a put under way: they stay, whether something bears them or not.
    private var pinned: [TagID] = []
    /// Tags that nothing bears any more.
    private var unused: [TagID] = []
    private var crowdedOwner: Int64?
    /// This many tags there may be; a quarter more where none could be made to go.
    let capacity: Int
    /// The same of one user's tags, if they are not everyone's.
    let capacityPerOwner: Int
    /// What all of it may take.
    let bytesMax: Int

    /// - Parameter entries: how many entries there may be.
    /// - Returns: `nil` if the address space is not to be had.
    init?(capacity: Int, capacityPerOwner: Int, bytesMax: Int, entries: Int) {
        // Entries beyond the budget go a few at a time.
        let most = 2 * bytesMax / MemoryLayout<Membership>.stride
        guard let memberships = NodePool<Membership>(capacity: most),
            let first = ReservedArray<UInt32>(capacity: entries)
        else { return nil }
        self.memberships = memberships
        self.first = first
        self.capacity = capacity
        self.capacityPerOwner = capacityPerOwner
        self.bytesMax = bytesMax
    }

    var count: Int { tags.count }
    var rows: [TagRow] { tags.values.map(\.row) }

    /// Numbers below this were given out in an earlier run.
    mutating func reserve(_ next: TagID) { nextID = max(nextID, next.rawValue) }

    /// Memory that it takes, about.
    var bytes: Int { memberships.bytes + tags.count * Self.tagBytes + nameBytes }
    var isOver: Bool { bytes > bytesMax }

    /// A tag's places in the tables; its name is there twice.
    private static let tagBytes = 320

    func find(owner: Int64, name: String) -> TagID? { ids[Name(owner: owner, name: name)] }

    /// All tags of this name, whoever they belong to.
    func findAll(name: String) -> [TagID] { ofOwner.keys.compactMap { find(owner: $0, name: name) } }

    subscript(id: TagID) -> Tag? { tags[id] }

    /// Entries with this tag and a smaller row were cleared.
    func clearedBelow(_ id: TagID) -> Int64 { tags[id]?.row.clearedBelow ?? 0 }

    /// - Returns: the row as the database is to have it; `nil` if there is no such tag.
    mutating func clear(_ id: TagID, below row: Int64) -> TagRow? {
        tags[id]?.row.clearedBelow = row
        return tags[id]?.row
    }

    // MARK: tags

    /// Whether this many more tags of an owner are more than there may be.
    func areTooMany(_ more: Int, of owner: Int64) -> Bool {
        tags.count + more > capacity
            || (owner != FunctionRow.everyone && (ofOwner[owner]?.count ?? 0) + more > capacityPerOwner)
    }

    /// Tags of an owner, who has as many as there may be, are about to go.
    mutating func beginRelief(of owner: Int64) { crowdedOwner = owner }

    /// The owner for whom that was begun and who still has too many.
    mutating func nextCrowded() -> Int64? {
        if let owner = crowdedOwner, !areTooMany(0, of: owner) { crowdedOwner = nil }
        return crowdedOwner
    }

    /// - Returns: whether the tag is new; `nil` if there are too many tags.
    mutating func intern(owner: Int64, name: String) -> (id: TagID, isNew: Bool)? {
        if let id = find(owner: owner, name: name) { return (id, false) }
        guard tags.count < capacity + capacity / 4,
            owner == FunctionRow.everyone
                || (ofOwner[owner]?.count ?? 0) < capacityPerOwner + capacityPerOwner / 4
        else { return nil }
        let id = TagID(nextID)
        add(TagRow(id: id, owner: owner, name: name))
        return (id, true)
    }

    mutating func add(_ row: TagRow) {
        nextID = max(nextID, row.id.rawValue + 1)
        let name = Name(owner: row.owner, name: row.name)
        if tags[row.id] == nil {
            var tag = Tag(row: row)
            tag.place = ofOwner[row.owner]?.count ?? 0
            ofOwner[row.owner, default: []].append(row.id)
            nameBytes += 2 * name.bytes.count
            tags[row.id] = tag
        } else {
            tags[row.id]!.row = row
        }
        ids[name] = row.id
    }

    /// Tags that a put is about to bear stay until the next call.
    mutating func pin(_ ids: [TagID]) {
        for id in pinned where tags[id]?.count == 0 { unused.append(id) }
        pinned = ids
    }

    /// Forgets the tags that nothing bears.
    /// - Returns: them.
    mutating func takeUnused() -> [TagID] {
        if unused.isEmpty { return [] }
        var gone: [TagID] = []
        for id in exchange(&unused, with: []) {
            guard let tag = tags[id], tag.count == 0, !pinned.contains(id) else { continue }
            let owner = tag.row.owner
            let last = ofOwner[owner]!.removeLast()
            if last != id {
                ofOwner[owner]![tag.place] = last
                tags[last]!.place = tag.place
            }
            if ofOwner[owner]!.isEmpty { ofOwner[owner] = nil }
            let name = Name(owner: owner, name: tag.row.name)
            nameBytes -= 2 * name.bytes.count
            ids[name] = nil
            tags[id] = nil
            gone.append(id)
        }
        return gone
    }

    /// Has tags that came from the database and that nothing bears forgotten.
    mutating func noteUnused() {
        for tag in tags.values where tag.count == 0 { unused.append(tag.row.id) }
    }

    /// The tag of an owner that the fewest entries bear, of some drawn at random; none of those that are about to be borne.
    func smallest(of owner: Int64, _ random: inout RandomSource) -> TagID? {
        guard let some = ofOwner[owner] ?? ofOwner.values.max(by: { $0.count < $1.count }) else { return nil }
        var found: TagID?
        for _ in 0..<Self.draws {
            let id = some[random.below(some.count)]
            guard !pinned.contains(id) else { continue }
            if found == nil || tags[id]!.count < tags[found!]!.count { found = id }
        }
        return found
    }

    private static let draws = 32

    // MARK: who bears them

    /// The entry that has borne a tag longest.
    func oldest(of id: TagID) -> Slot? {
        guard let tag = tags[id], tag.oldest != Self.none else { return nil }
        return memberships[tag.oldest].slot
    }

    /// Who bears a tag, in the order of their rows.
    func members(of id: TagID) -> [Slot] {
        var slots: [Slot] = []
        var next = tags[id]?.oldest ?? Self.none
        while next != Self.none {
            slots.append(memberships[next].slot)
            next = memberships[next].newer
        }
        return slots
    }

    /// Adds an entry with the newest row to a tag that it does not bear yet.
    /// - Returns: false if there is no memory.
    @discardableResult
    mutating func add(_ slot: Slot, to id: TagID) -> Bool {
        guard let newest = tags[id]?.newest, first.grow(to: Int(slot) + 1) else { return tags[id] == nil }
        let membership = Membership(
            slot: slot, tag: id, older: newest, newer: Self.none, next: first.base[Int(slot)])
        guard let number = memberships.insert(membership) else { return false }
        first.base[Int(slot)] = number
        if newest == Self.none { tags[id]!.oldest = number } else { memberships[newest].newer = number }
        tags[id]!.newest = number
        tags[id]!.count += 1
        return true
    }

    /// An entry goes, or bears others from now on.
    /// - Returns: how many tags it bore.
    @discardableResult
    mutating func remove(_ slot: Slot) -> Int {
        guard Int(slot) < first.available else { return 0 }
        var next = exchange(&first.base[Int(slot)], with: Self.none)
        var count = 0
        while next != Self.none {
            let number = next
            next = memberships[number].next
            takeOff(number)
            memberships.remove(number)
            count += 1
        }
        return count
    }

    /// Takes the entry that has borne a tag longest off its list. The entry is gone already, in all but its memory.
    mutating func dropOldest(of id: TagID) {
        guard let number = tags[id]?.oldest, number != Self.none else { return }
        takeOff(number)
    }

    private mutating func takeOff(_ number: UInt32) {
        let membership = memberships[number]
        let id = membership.tag
        guard id != Self.noTag else { return }
        memberships[number].tag = Self.noTag
        let (older, newer) = (membership.older, membership.newer)
        if older == Self.none { tags[id]!.oldest = newer } else { memberships[older].newer = newer }
        if newer == Self.none { tags[id]!.newest = older } else { memberships[newer].older = older }
        tags[id]!.count -= 1
        if tags[id]!.count == 0 { unused.append(id) }
    }

    /// An entry that bears a tag, drawn at random; `nil` if the draw was in vain.
    func draw(_ random: inout RandomSource) -> Slot? {
        guard memberships.count > 0 else { return nil }
        let membership = memberships[UInt32(random.below(Int(memberships.end)))]
        return membership.tag == Self.noTag ? nil : membership.slot
    }

    /// Holds after any sequence of calls; ends the process if it does not. For tests.
    func check() {
        var borne = 0
        for (id, tag) in tags {
            var (count, before, next) = (0, Self.none, tag.oldest)
            while next != Self.none {
                precondition(memberships[next].tag == id && memberships[next].older == before)
                (before, next) = (next, memberships[next].newer)
                count += 1
            }
            precondition(tag.newest == before && tag.count == count)
            precondition(count > 0 || pinned.contains(id) || unused.contains(id), "a tag that nothing bears")
            precondition(ofOwner[tag.row.owner]?[tag.place] == id)
            precondition(ids[Name(owner: tag.row.owner, name: tag.row.name)] == id)
            borne += count
        }
        precondition(borne <= memberships.count, "a membership that is not counted")
        precondition(ids.count == tags.count && nameBytes >= 0)
    }
}
