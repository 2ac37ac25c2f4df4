internal import Glibc

/// What `define` changes; `nil` leaves a setting as it is.
package struct ProfileChange {
    package var maxsize: Int64??
    package var ttlMs: Int64??
    package var staleMs: Int64??
    package var typed: Bool?
    package var persists: Bool?
    package var maxBytes: Int64??
    package var remote: RemoteSetting?
    package var isCoherent: Bool?
    package var leasesRemotely: Bool?

    package init() {}

    var changesRemote: Bool { remote != nil || isCoherent != nil || leasesRemotely != nil }
}

extension StoreCore {
    /// Changes a function's profile, evicts what a smaller bound leaves no room for (see `isResizing`), and clears
    /// the function if `typed` changes, because its keys then mean something else, or `persist`, because what was kept
    /// under the other promise is to stay under it.
    package mutating func define(_ function: FunctionSlot, _ change: ProfileChange) {
        takeRegionUses(of: function)
        let before = functions[function].row
        var row = before
        row.defined = true
        if let maxsize = change.maxsize { row.maxsize = maxsize.map { max(0, $0) } }
        if let ttl = change.ttlMs { row.ttlMs = ttl }
        if let stale = change.staleMs { row.staleMs = stale }
        if let typed = change.typed { row.typed = typed }
        if let persists = change.persists { row.persists = persists }
        if let maxBytes = change.maxBytes { row.maxBytes = maxBytes }
        if change.changesRemote {
            defineRemote(function, change)
            row.usedMs = now
        }
        guard row != before else {
            // A use all the same.
            functions.markDirty(function)
            return
        }
        row.usedMs = now
        functions[function].row = row
        beginSampling(function)
        // Uses of what was published before are not told apart from others.
        if row.isBounded, !before.isBounded { hidePublished(function) }
        if remote.phase != .off { updateSharing(function) }
        if row.typed != before.typed {
            functions.typedChanged()
            renumber(function)
            _ = clear(function: function, cause: .typedChanged, resettingCounters: false)
        }
        if row.persists != before.persists {
            statistics.mismatches.forget(function: row.id)
            _ = clear(function: function, cause: .unpersisted, resettingCounters: false)
        }
        if row.maxsize != before.maxsize || row.maxBytes != before.maxBytes {
            // Which were in no journal until now.
            if !before.isBounded, functions[function].count > 0 { journal.lose() }
            resize(function, isInOrder: before.isBounded)
        }
        enqueue(.function(functions[function].row))
    }

    /// Brings the list of a function that was unbounded until now into the order of last use.
    mutating func sortByUse(_ function: FunctionSlot) {
        var slots: [(used: UInt64, slot: Slot)] = []
        slots.reserveCapacity(functions[function].count)
        var next = functions[function].oldest
        while next != Entry.none {
            slots.append((entries[next].used, next))
            next = entries[next].newer
        }
        slots.sort { $0.used < $1.used }
        functions[function].oldest = Entry.none
        functions[function].newest = Entry.none
        for (_, slot) in slots { link(slot) }
        work.spend(slots.count)
    }

    /// Adds hits that a client served within its own process, and what came of those that it computed again.
    /// - Parameter regionHits: how many of them were read from a published region.
    package mutating func report(
        _ function: FunctionSlot, hits: Int64, savedMs: Int64, regionHits: Int64 = 0, verified: Int64 = 0,
        mismatched: Int64 = 0
    ) {
        // Of hits within a client's own process no one knows which keys they were of.
        functions[function].advised &+= hits &- regionHits
        statistics.lookups.leaveOut(hits &- regionHits)
        functions[function].row.hits.addSaturating(hits)
        functions[function].row.savedMs.addSaturating(savedMs)
        functions.markDirty(function)
        functions[function].row.regionHits.addSaturating(regionHits)
        statistics.totals.report(
            hits: hits, savedMs: savedMs, regionHits: regionHits, verified: verified, mismatched: mismatched)
        guard verified > 0 || mismatched > 0 else { return }
        functions[function].row.verified.addSaturating(verified)
        functions[function].row.mismatched.addSaturating(mismatched)
    }

    /// What a function is set to and what was counted for it.
    package func info(_ function: FunctionSlot) -> FunctionInfo {
        var info = FunctionInfo(
            row: functions[function].row, currsize: functions[function].count,
            bytes: functions[function].bytes)
        noteRemote(function, in: &info)
        return info
    }

    /// A page of functions, in the order of their names, those of one name in the order of their owners. For tests.
    mutating func functions(
        after: (name: String, owner: Int64?)?, limit: Int, isMeant: (FunctionInfo) -> Bool
    ) -> (page: [FunctionInfo], hasMore: Bool) {
        var page = FunctionPage(after: after, limit: limit)
        while scan(&page, functions: .max, isMeant) {}
        page.finish()
        return (page.rows.compactMap { info($0) }, page.hasMore)
    }

    /// Looks at a number of functions for a page of them.
    /// - Parameter isMeant: which functions are meant; those that are empty never are.
    /// - Returns: whether there are more to look at.
    package mutating func scan(
        _ page: inout FunctionPage, functions count: Int, _ isMeant: (FunctionInfo) -> Bool
    ) -> Bool {
        let slots = functions.slots(from: page.next, atMost: count)
        work.spend(slots.count)
        for function in slots {
            guard functions.isLive(function), page.mayTake(functions[function].row),
                functions[function].count > 0 || !functions[function].row.isBlank, isMeant(info(function))
            else { continue }
            page.take(functions[function].row, function)
        }
        page.next = slots.upperBound
        return page.next < functions.allSlots.upperBound
    }

    /// What there is to say of a function of a page now; `nil` if it has gone since.
    package func info(_ row: FunctionPage.Row) -> FunctionInfo? {
        guard functions.allSlots.contains(row.slot), functions.isLive(row.slot),
            functions[row.slot].row.id == row.id
        else { return nil }
        return info(row.slot)
    }
}

/// A page of functions, in the order of their names, those of one name in the order of their owners, found by looking at
/// all functions a part at a time.
package struct FunctionPage {
    package struct Row {
        package let name: String
        package let owner: Int64
        fileprivate let slot: FunctionSlot
        fileprivate let id: FunctionID
    }

    fileprivate var next = FunctionSlot(0)
    private let limit: Int
    /// Without an owner: behind all of that name.
    private let start: (name: String, owner: Int64)?
    /// The first ones of those seen so far, and no more than as many others: there may be very many functions.
    private var first: [Row] = []
    private var last: (name: String, owner: Int64)?

    /// - Parameter after: the name, and perhaps the owner, of the last one that is not wanted.
    package init(after: (name: String, owner: Int64?)?, limit: Int) {
        self.limit = limit
        start = after.map { ($0.name, $0.owner ?? .max) }
    }

    fileprivate func mayTake(_ row: FunctionRow) -> Bool {
        if let start, !Self.precedes(start, (row.name, row.owner)) { return false }
        if let last, !Self.precedes((row.name, row.owner), last) { return false }
        return true
    }

    fileprivate mutating func take(_ row: FunctionRow, _ slot: FunctionSlot) {
        first.append(Row(name: row.name, owner: row.owner, slot: slot, id: row.id))
        if first.count == 2 * (limit + 1) { cut() }
    }

    private mutating func cut() {
        first.sort { Self.precedes(($0.name, $0.owner), ($1.name, $1.owner)) }
        guard first.count > limit else { return }
        first.removeLast(first.count - limit - 1)
        last = (first[limit].name, first[limit].owner)
    }

    /// To be called once all were looked at.
    package mutating func finish() { cut() }

    package var rows: ArraySlice<Row> { first.prefix(limit) }
    package var hasMore: Bool { first.count > limit }

    /// By the bytes of the names, then by owner.
    private static func precedes(
        _ one: (name: String, owner: Int64), _ other: (name: String, owner: Int64)
    ) -> Bool {
        var (name, otherName) = (one.name, other.name)
        let order = name.withUTF8 { name in
            otherName.withUTF8 { other in
                let common = min(name.count, other.count)
                let order = common == 0 ? 0 : Int(memcmp(name.baseAddress!, other.baseAddress!, common))
                return order == 0 ? name.count - other.count : order
            }
        }
        return order == 0 ? one.owner < other.owner : order < 0
    }
}

/// A function's profile, counters and size.
package struct FunctionInfo: Sendable {
    package var row: FunctionRow
    package var currsize: Int
    /// What its entries take, as on disk.
    package var bytes: Int
    /// What came from other machines, of what was asked for there.
    package var remoteHits: Int64 = 0
    package var remoteMisses: Int64 = 0
    package var remote = RemoteSetting.byPattern
    package var isCoherent = false
    package var leasesRemotely = false

    package init(row: FunctionRow, currsize: Int = 0, bytes: Int = 0) {
        self.row = row
        self.currsize = currsize
        self.bytes = bytes
    }

    /// Adds what another function holds and has counted.
    package mutating func add(_ other: FunctionInfo) {
        currsize += other.currsize
        bytes += other.bytes
        remoteHits.addSaturating(other.remoteHits)
        remoteMisses.addSaturating(other.remoteMisses)
        row.hits.addSaturating(other.row.hits)
        row.misses.addSaturating(other.row.misses)
        row.savedMs.addSaturating(other.row.savedMs)
        row.evictions.addSaturating(other.row.evictions)
        row.expirations.addSaturating(other.row.expirations)
        row.verified.addSaturating(other.row.verified)
        row.mismatched.addSaturating(other.row.mismatched)
    }

    /// Whether there is nothing to say of it.
    package var isEmpty: Bool { currsize == 0 && row.isBlank }
}
