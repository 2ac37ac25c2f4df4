internal import Glibc

/// What a `get` found. It may be read until the lock is released.
package struct Hit {
    package let value: UnsafeRawBufferPointer
    let payload: Payload
    /// In the grace time, or (with `early`) told so before it.
    package var stale = false
    package let isHot: Bool
    package let hits: UInt32
    fileprivate let now: Int64
    package var lease: LeaseToken?

    // Few requests ask for these.
    package var ageMs: Int64 { max(0, now - payload.created) }
    /// Fresh for this long yet; negative in the grace time; `nil`: for ever.
    package var ttlMs: Int64? { payload.fresh == .max ? nil : payload.fresh - now }
    package var costMs: Int64 { Int64(payload.costMs) }
    package var uid: UInt32 { payload.uid }

    /// Keeps the value until it is released, whatever becomes of the entry.
    /// - Parameter mayLend: whether `lentPages` are of any use to the caller; they cost something.
    package func held(mayLend: Bool) -> HeldValue {
        payload.retain()
        let pages =
            mayLend && payload.isShared ? InternTable.lend(payload.block) : .init(start: nil, count: 0)
        return HeldValue(bytes: value, lentPages: pages, payload: payload)
    }
}

/// A value that is kept without the store's lock, to be given back with `StoreCore.release`.
package struct HeldValue {
    package let bytes: UnsafeRawBufferPointer
    /// The part of it that may be sent by reference: it never changes, even after the value was given back.
    package let lentPages: UnsafeRawBufferPointer
    fileprivate let payload: Payload

    init(bytes: UnsafeRawBufferPointer, lentPages: UnsafeRawBufferPointer, payload: Payload) {
        self.bytes = bytes
        self.lentPages = lentPages
        self.payload = payload
    }

    init(_ payload: Payload) {
        payload.retain()
        self.init(bytes: payload.value, lentPages: .init(start: nil, count: 0), payload: payload)
    }
}

package enum GetOutcome {
    case hit(Hit)
    case miss(lease: LeaseToken?)
    /// Someone else computes it, and this request may not wait, or no longer.
    case held
    /// Read this from disk and ask again.
    case cold(RowReference)
    /// Someone else computes it: ask again when woken.
    case wait
    /// Others may have it: ask them, and then again.
    case remote
    /// Too many leases or waiting requests.
    case busy
}

extension StoreCore {
    /// Looks a key up: counts a hit or a miss, and is a use.
    package mutating func get(
        _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64, loadedRows: [LoadedRow],
        lease request: LeaseRequest?, early: Double?, asksRemote: Bool = false
    ) -> GetOutcome {
        takeUses(before: function)
        if functions[function].isWithheld { return getWithheld(function, key, hash, lease: request) }
        switch find(function, key, hash: hash, loadedRows: loadedRows) {
        case .cold(let reference): return .cold(reference)
        case .absent: break
        case .here(let slot, let payload):
            if payload.expires > now {
                let wasRead = !loadedRows.isEmpty && loadedRows.contains { $0.reference.slot == slot }
                return .hit(
                    use(
                        function, slot, payload, key, hash: hash, isHot: !wasRead, lease: request,
                        early: early))
            }
            expire(slot)
        }
        if asksRemote, functions[function].sharing != .none { return .remote }
        guard let request else {
            countMiss(function, hash)
            return .miss(lease: nil)
        }
        let leaseKey = LeaseTable.Key(function: function, hash: hash, key: key)
        switch leases.acquire(leaseKey, request, now: now) {
        case .wait: return .wait
        case .busy: return .busy
        case .granted(let token):
            countMiss(function, hash)
            return .miss(lease: token)
        case .held:
            countMiss(function, hash)
            return .held
        }
    }

    /// What is here may be outdated: whoever asks computes, and waits for no one whose result would not be served either.
    @inline(never)
    private mutating func getWithheld(
        _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, _ hash: UInt64, lease request: LeaseRequest?
    ) -> GetOutcome {
        countMiss(function, hash)
        guard var request else { return .miss(lease: nil) }
        request.mayWait = false
        switch leases.acquire(LeaseTable.Key(function: function, hash: hash, key: key), request, now: now) {
        case .granted(let token): return .miss(lease: token)
        case .wait, .busy, .held: return .held
        }
    }

    package func release(_ value: HeldValue) { value.payload.release() }

    /// Counts misses of a function that there is no place for.
    package mutating func countMisses(_ count: Int, ofUnknown owner: Int64) {
        statistics.totals.countMisses(count, of: owner)
    }

    private mutating func countMiss(_ function: FunctionSlot, _ hash: UInt64) {
        noteLookup(function, hash, bytes: 0)
        functions.countMiss(function)
        statistics.totals.countMiss()
    }

    @inline(__always)
    private mutating func use(
        _ function: FunctionSlot, _ slot: Slot, _ payload: Payload, _ key: UnsafeRawBufferPointer,
        hash: UInt64, isHot: Bool, lease request: LeaseRequest?, early: Double?
    ) -> Hit {
        entries[slot].hits &+= 1
        markUsed(slot)
        noteLookup(function, hash, bytes: payload.footprint &+ HotTier.overhead)
        let cost = Int64(payload.costMs)
        functions.countHit(function, savedMs: cost, isHot: isHot)
        statistics.totals.countHit(savedMs: cost, isHot: isHot)
        var hit = Hit(
            value: payload.value, payload: payload, isHot: isHot, hits: entries[slot].hits, now: now)
        if payload.fresh != .max { refresh(&hit, function, key, hash: hash, lease: request, early: early) }
        return hit
    }

    /// Finds out whether a hit that is not fresh for ever is to be computed again, and by whom.
    @inline(never)
    private mutating func refresh(
        _ hit: inout Hit, _ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64,
        lease request: LeaseRequest?, early: Double?
    ) {
        let isOver = hit.payload.fresh <= now
        hit.stale = isOver
        guard isOver || early != nil, var request, isOver || isEarly(hit.payload, early ?? 0) else { return }
        request.mayWait = false
        let leaseKey = LeaseTable.Key(function: function, hash: hash, key: key)
        if case .granted(let token) = leases.acquire(leaseKey, request, now: now) {
            hit.lease = token
            hit.stale = true
        }
    }

    /// Whether to compute again before the time is over, so that not all do at once when it is: the XFetch rule
    /// (A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal probabilistic cache stampede prevention", VLDB 2015).
    private mutating func isEarly(_ payload: Payload, _ beta: Double) -> Bool {
        let ahead = -Double(payload.costMs) * beta * log(random.unit())
        return Double(now) + ahead >= Double(payload.fresh)
    }

    /// An entry was used: it is now the one that its function evicts last.
    @inline(__always)
    mutating func markUsed(_ slot: Slot) {
        entries[slot].used = journal.countUse()
        let function = entries[slot].function
        guard functions[function].row.isBounded else { return }
        if functions[function].newest != slot {
            unlink(slot)
            link(slot)
        }
        journal.note(slot, in: &entries)
    }

    /// Adds an entry to its function's list, as the newest.
    mutating func link(_ slot: Slot) {
        let function = entries[slot].function
        let newest = functions[function].newest
        entries[slot].older = newest
        entries[slot].newer = Entry.none
        if newest == Entry.none { functions[function].oldest = slot } else { entries[newest].newer = slot }
        functions[function].newest = slot
    }

    /// The same, as the oldest.
    mutating func linkAsOldest(_ slot: Slot) {
        let function = entries[slot].function
        let oldest = functions[function].oldest
        entries[slot].older = Entry.none
        entries[slot].newer = oldest
        if oldest == Entry.none { functions[function].newest = slot } else { entries[oldest].older = slot }
        functions[function].oldest = slot
    }

    mutating func unlink(_ slot: Slot) {
        let older = entries[slot].older
        let newer = entries[slot].newer
        let function = entries[slot].function
        if older == Entry.none { functions[function].oldest = newer } else { entries[older].newer = newer }
        if newer == Entry.none { functions[function].newest = older } else { entries[newer].older = older }
    }

    /// Makes an entry hot, taking over the caller's hold on the payload, and others cold where it gets tight.
    mutating func makeHot(_ slot: Slot, _ payload: Payload) {
        entries[slot].setHot(payload)
        hot.insert(slot, payload)
        functions[entries[slot].function].hotBytes += HotTier.bytes(of: payload)
        functions[entries[slot].function].hotCount += 1
        trimHot(keeping: slot)
    }

    /// Takes a hot entry off the list; the hold on its payload goes to the caller.
    mutating func leaveHot(_ slot: Slot, _ payload: Payload) {
        hot.remove(payload, in: entries)
        let function = entries[slot].function
        // Those of cleared entries were taken off together.
        guard entries[slot].row >= functions[function].row.clearedBelow else { return }
        functions[function].hotBytes -= HotTier.bytes(of: payload)
        functions[function].hotCount -= 1
    }
}
