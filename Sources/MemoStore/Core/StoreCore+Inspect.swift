/// What is known of an entry, for `keys` and `why`.
package struct EntryInfo {
    /// `nil` if it has to be read from disk first.
    package var key: UnsafeRawBufferPointer?
    package var isHot: Bool
    package var bytes: Int
    package var hits: Int64
    package var ageMs: Int64?
    package var ttlMs: Int64?
    package var costMs: Int64?
    package var uid: UInt32?
    package var reference: RowReference
    /// Where it is in memory; may be read until the lock is released.
    var payload: Payload?
}

extension EntryInfo {
    package var value: UnsafeRawBufferPointer? { payload?.value }

    /// Keeps the value until it is released; there has to be one.
    package func held() -> HeldValue { HeldValue(payload.unsafelyUnwrapped) }
}

package enum Whereabouts {
    case present(EntryInfo, isStale: Bool)
    case expired(agoMs: Int64)
    case gone(Ghost, agoMs: Int64)
    case unknown
    case cold(RowReference)
}

extension StoreCore {
    /// Why a key is there or not. Not a use.
    package mutating func why(
        _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64, loadedRows: [LoadedRow]
    ) -> Whereabouts {
        switch find(function, key, hash: hash, loadedRows: loadedRows) {
        case .cold(let reference): return .cold(reference)
        case .here(let slot, let payload):
            if payload.expires <= now { return .expired(agoMs: now - payload.expires) }
            return .present(info(slot, payload), isStale: payload.fresh <= now)
        case .absent:
            let short = UInt32(truncatingIfNeeded: hash)
            guard let ghost = statistics.ghosts.find(hash: short, function: functions[function].row.id) else {
                return .unknown
            }
            return .gone(ghost, agoMs: max(0, now - ghost.at))
        }
    }

    private func info(_ slot: Slot, _ payload: Payload) -> EntryInfo {
        EntryInfo(
            key: payload.key, isHot: entries[slot].flags.contains(.hot),
            bytes: payload.key.count + payload.value.count, hits: Int64(entries[slot].hits),
            ageMs: max(0, now - payload.created), ttlMs: payload.fresh == .max ? nil : payload.fresh - now,
            costMs: Int64(payload.costMs), uid: payload.uid,
            reference: RowReference(slot: slot, row: entries[slot].row), payload: payload)
    }

    /// What remains of the grace time, if there is any.
    package func graceMs(of entry: EntryInfo) -> Int64? {
        guard let payload = entry.payload, payload.expires != payload.fresh else { return nil }
        return payload.graceMs - max(0, now - payload.fresh)
    }

    package func tagNames(of entry: EntryInfo) -> [String] {
        entry.payload?.tags.compactMap { tags[$0]?.row.name } ?? []
    }

    /// Goes through the entries of functions in the order of their slots, which do not change while they live: an entry
    /// that is there all the time is met exactly once. Looks at a bounded number of slots.
    /// - Parameter body: called with each; returns whether to go on.
    /// - Returns: the slot to go on from, or `nil` at the end.
    package func walk(
        _ wanted: Set<FunctionSlot>, from start: UInt32, slots: Int, loadedRows: [LoadedRow],
        _ body: (EntryInfo) -> Bool
    ) -> UInt32? {
        // Mostly there is one.
        let only = wanted.count == 1 ? wanted.first : nil
        var slot = Int(start)
        let end = min(entries.slotCount, slot + slots)
        while slot < end {
            let entry = entries[Slot(slot)]
            if entry.flags.contains(.live),
                only.map({ $0 == entry.function }) ?? wanted.contains(entry.function),
                entry.row >= functions[entry.function].row.clearedBelow
            {
                let loadedRow = loadedRows.first {
                    $0.reference.slot == slot && $0.reference.row == entry.row
                }
                if let payload = entry.payload ?? loadedRow?.payload {
                    if payload.expires > now, !isCleared(entry, payload), !body(info(Slot(slot), payload)) {
                        return Slot(slot)
                    }
                } else {
                    let unknown = EntryInfo(
                        key: nil, isHot: false, bytes: entry.coldBytes, hits: Int64(entry.hits),
                        reference: RowReference(slot: Slot(slot), row: entry.row))
                    if !body(unknown) { return Slot(slot) }
                }
            }
            slot += 1
        }
        return end < entries.slotCount ? Slot(end) : nil
    }

    /// Figures of the whole store, or of one owner's functions. For tests.
    mutating func statistics(owner: Int64?) -> StoreStatistics {
        var walk = FunctionSums(owner: owner)
        while sum(&walk, functions: .max) {}
        return statistics(walk)
    }

    /// Adds a number of functions to sums.
    /// - Returns: whether there are more.
    package mutating func sum(_ sums: inout FunctionSums, functions count: Int) -> Bool {
        if sums.next == FunctionSlot(0) { sums.retirements = statistics.totals.retirements }
        let slots = functions.slots(from: sums.next, atMost: count)
        work.spend(slots.count / 2)
        for function in slots {
            guard functions.isLive(function), sums.owner == nil || functions[function].row.owner == sums.owner
            else { continue }
            let row = functions[function].row
            if functions[function].count > 0 || !row.isBlank {
                sums.functions += 1
                sums.entries += functions[function].count
            }
            if sums.owner != nil {
                sums.totals.add(Totals(row, functions[function].tierHits))
                sums.hotEntries += functions[function].hotCount
                sums.hotBytes += functions[function].hotBytes
                sums.coldBytes += functions[function].bytes
            }
        }
        sums.next = slots.upperBound
        guard sums.next >= functions.allSlots.upperBound else { return true }
        guard sums.owner != nil, sums.retirements != statistics.totals.retirements,
            sums.tries < FunctionSums.triesMax
        else {
            return false
        }
        sums = FunctionSums(owner: sums.owner, tries: sums.tries + 1)
        return true
    }

    /// The figures that these are the sums of, up to now where it is all users'.
    package func statistics(_ sums: FunctionSums) -> StoreStatistics {
        var figures = StoreStatistics()
        figures.hotLimit = hot.limit
        figures.coldLimit = cold.limit
        figures.degraded = pipeline.degraded ?? pipeline.stalled
        figures.pendingWrites = pipeline.pendingCount
        figures.pendingBytes = pipeline.pendingCost
        figures.pendingLimit = pipeline.queue.costMax
        figures.entries = sums.entries
        figures.functions = sums.functions
        if let owner = sums.owner {
            figures.totals = sums.totals
            figures.totals.add(statistics.totals.retired(of: owner))
            figures.hotEntries = sums.hotEntries
            figures.hotBytes = sums.hotBytes
            figures.coldEntries = sums.entries
            figures.coldBytes = sums.coldBytes
            return figures
        }
        figures.totals = statistics.totals.all
        figures.hotEntries = hot.count
        figures.hotBytes = hot.bytes
        figures.coldEntries = entries.count
        figures.coldBytes = cold.bytes
        figures.indexBytes = entries.bytes
        figures.indexCapacity = entries.capacity
        figures.damagedRows = cold.damagedRows
        figures.leases = leases.count
        figures.leaseLimit = leases.capacity
        figures.waiters = leases.waiterCount
        figures.waiterLimit = leases.waitersMax
        figures.leaseBytes = leases.bytes
        figures.ghostBytes = statistics.ghosts.bytes
        figures.ghostLimit = statistics.ghosts.capacity
        figures.tags = tags.count
        figures.tagBytes = tags.bytes
        figures.tagLimit = tags.bytesMax
        figures.functionCount = functions.count
        figures.functionLimit = functions.capacity
        figures.functionBytes = functions.bytes
        figures.functionBytesLimit = functions.bytesMax
        figures.mostWork = work.most
        figures.internedValues = hot.interned.count
        figures.internedReferences = hot.interned.references
        figures.internedSavedBytes = hot.interned.savedBytes
        figures.disk = cold.figures
        return figures
    }
}

/// What functions have and counted, summed up a part at a time. If one was retired meanwhile, it is to be begun again:
/// otherwise it might be missed, or counted twice.
package struct FunctionSums: Sendable {
    package let owner: Int64?
    fileprivate var next = FunctionSlot(0)
    fileprivate var retirements: UInt64 = 0
    fileprivate let tries: Int
    fileprivate var entries = 0
    fileprivate var functions = 0
    fileprivate var hotEntries = 0
    fileprivate var hotBytes = 0
    fileprivate var coldBytes = 0
    fileprivate var totals = Totals()

    fileprivate static let triesMax = 8

    package init(owner: Int64?) { self.init(owner: owner, tries: 0) }

    fileprivate init(owner: Int64?, tries: Int) {
        self.owner = owner
        self.tries = tries
    }
}

extension Totals {
    init(_ row: FunctionRow, _ tierHits: TierHits) {
        self.init()
        hotHits = tierHits.hot
        coldHits = tierHits.cold
        hits = row.hits
        misses = row.misses
        savedMs = row.savedMs
        evictions = row.evictions
        expirations = row.expirations
        verified = row.verified
        mismatched = row.mismatched
        regionHits = row.regionHits
    }
}

package struct StoreStatistics: Sendable {
    package var totals = Totals()
    package var entries = 0
    package var functions = 0
    package var hotEntries = 0
    package var hotBytes = 0
    package var hotLimit = 0
    package var coldEntries = 0
    package var coldBytes = 0
    package var coldLimit = 0
    package var pendingWrites = 0
    package var pendingBytes = 0
    package var pendingLimit = 0
    package var indexBytes = 0
    package var indexCapacity = 0
    package var damagedRows: Int64 = 0
    package var leases = 0
    package var leaseLimit = 0
    package var waiters = 0
    package var waiterLimit = 0
    package var leaseBytes = 0
    package var ghostBytes = 0
    package var ghostLimit = 0
    package var tags = 0
    package var tagBytes = 0
    package var tagLimit = 0
    package var functionCount = 0
    package var functionLimit = 0
    package var functionBytes = 0
    package var functionBytesLimit = 0
    /// The most that was done while the lock was held (`WorkMeter`).
    package var mostWork = 0
    package var internedValues = 0
    package var internedReferences = 0
    package var internedSavedBytes = 0
    var disk = ColdTier.Figures()
    package var diskInternedValues: Int { disk.interning.values }
    package var diskInternedReferences: Int { disk.interning.references }
    package var diskInternedSavedBytes: Int64 { disk.interning.savedBytes }
    package var degraded: String?
}
