/// Tags, each with the entries that bear it, so that clearing a tag looks at nothing else.
struct TagTable: ~Copyable {
    /// An entry that bore the tag when it was put: still the same one if the slot still has this row.
    struct Member: BitwiseCopyable {
        var slot: Slot
        var row: Int64
    }

    struct Tag {
        var row: TagRow
        var members: [Member] = []
        /// How many members to reach before looking which of them are still there.
        var compactAt = 64
    }

    /// By bytes: strings that only look the same are two names.
    private struct Name: Hashable {
        var owner: Int64
        var bytes: [UInt8]

        init(owner: Int64, name: String) {
            self.owner = owner
            bytes = Array(name.utf8)
        }
    }

    private var tags: [UInt32: Tag] = [:]
    private var numbers: [Name: UInt32] = [:]
    private var nextID: UInt32 = 1
    private var countByOwner: [Int64: Int] = [:]
    /// All tags, and where the search for unused ones goes on.
    private var ring: [UInt32] = []
    private var hand = 0
    /// That many tags may be in use, and a quarter more be waiting to be forgotten.
    let capacity: Int
    /// The same of one user's tags, where they are not everybody's.
    let capacityPerOwner: Int
    /// Tags looked at with each new one where there are many.
    static let looksPerTag = 64

    init(capacity: Int, capacityPerOwner: Int) {
        self.capacity = capacity
        self.capacityPerOwner = capacityPerOwner
    }

    var count: Int { tags.count }
    var rows: [TagRow] { tags.values.map(\.row) }

    /// Numbers below this were given out in an earlier run.
    mutating func reserve(_ next: UInt32) { nextID = max(nextID, next) }

    var bytes: Int { tags.values.reduce(0) { $0 + $1.members.capacity * MemoryLayout<Member>.stride + 128 } }

    func find(owner: Int64, name: String) -> UInt32? { numbers[Name(owner: owner, name: name)] }

    /// All tags of this name, whoever they belong to.
    func findAll(name: String) -> [UInt32] {
        tags.values.filter { $0.row.name.utf8.elementsEqual(name.utf8) }.map(\.row.id)
    }

    subscript(id: UInt32) -> Tag? {
        _read { yield tags[id] }
        _modify { yield &tags[id] }
    }

    /// Entries with this tag and a smaller row were cleared.
    func clearedBelow(_ id: UInt32) -> Int64 { tags[id]?.row.clearedBelow ?? 0 }

    /// Whether so many more tags of an owner are more than may be in use.
    func areTooMany(_ more: Int, of owner: Int64) -> Bool {
        tags.count + more > capacity
            || (owner != FunctionRow.everyone && countByOwner[owner, default: 0] + more > capacityPerOwner)
    }

    /// Whether there is no room for another tag of an owner, even with those that wait to be forgotten.
    private func isFull(for owner: Int64) -> Bool {
        tags.count >= capacity + capacity / 4
            || (owner != FunctionRow.everyone
                && countByOwner[owner, default: 0] >= capacityPerOwner + capacityPerOwner / 4)
    }

    /// - Returns: `nil` where there are too many tags; otherwise whether the tag is new.
    mutating func intern(owner: Int64, name: String) -> (id: UInt32, isNew: Bool)? {
        if let id = find(owner: owner, name: name) { return (id, false) }
        guard !isFull(for: owner) else { return nil }
        let id = nextID
        add(TagRow(id: id, owner: owner, name: name))
        return (id, true)
    }

    mutating func add(_ row: TagRow) {
        nextID = max(nextID, row.id + 1)
        if tags.updateValue(Tag(row: row), forKey: row.id) == nil {
            ring.append(row.id)
            countByOwner[row.owner, default: 0] += 1
        }
        numbers[Name(owner: row.owner, name: row.name)] = row.id
    }

    mutating func setMembers(_ members: [Member], of id: UInt32) {
        tags[id]?.members = members
        tags[id]?.compactAt = max(64, members.count * 2)
    }

    /// Adds an entry to a tag; entries that are gone are dropped now and then, in the order of the additions.
    mutating func add(_ member: Member, to id: UInt32, in entries: borrowing EntryIndex) {
        guard let count = tags[id]?.members.count, let compactAt = tags[id]?.compactAt else { return }
        if count >= compactAt {
            var kept: [Member] = []
            for member in tags[id]!.members where entries.isCurrent(member.slot, row: member.row) {
                kept.append(member)
            }
            tags[id]!.members = kept
            tags[id]!.compactAt = max(64, tags[id]!.members.count * 2)
        }
        tags[id]!.members.append(member)
    }

    /// Forgets those of the next tags that no entry bears any more.
    /// - Parameter spared: those that one is about to bear.
    /// - Returns: their numbers.
    mutating func removeUnused(
        in entries: borrowing EntryIndex, sparing spared: [UInt32], looks: Int
    ) -> [UInt32] {
        var unused: [UInt32] = []
        for _ in 0..<min(looks, ring.count) {
            if hand >= ring.count { hand = 0 }
            let id = ring[hand]
            guard let tag = tags[id], !spared.contains(id),
                !tag.members.contains(where: { entries.isCurrent($0.slot, row: $0.row) })
            else {
                hand += 1
                continue
            }
            ring.swapAt(hand, ring.count - 1)
            ring.removeLast()
            tags[id] = nil
            numbers[Name(owner: tag.row.owner, name: tag.row.name)] = nil
            countByOwner[tag.row.owner, default: 1] -= 1
            if countByOwner[tag.row.owner] == 0 { countByOwner[tag.row.owner] = nil }
            unused.append(id)
        }
        return unused
    }
}
