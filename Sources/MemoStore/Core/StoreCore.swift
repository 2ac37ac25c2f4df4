internal import Synchronization

/// The cache's state, all of it guarded by the store's lock. Its operations take effect at once, in memory, and
/// queue what the database is to be told; none of them waits for anything.
///
/// Aspects stand in files of their own: `StoreCore+Find`, `+Get`, `+Put`, `+Clear`, `+Evict`, `+Sweep` and so on.
package struct StoreCore: ~Copyable, @unchecked Sendable {  // Lives in a `Lock`, and its memory is its own.
    var entries: EntryIndex
    /// A field that cannot be moved has the whole passed by address always. Without one the compiler copies all of
    /// its 880 bytes to the stack for calls that do not change it, once or more for each request.
    private let immovable = Atomic(false)
    var functions: FunctionTable
    var tags: TagTable
    var leases: LeaseTable
    var pipeline: CommitPipeline
    var hot: HotTier
    var random: RandomSource
    let limits: StoreLimits

    /// Store time when the batch under way began, in ms.
    package internal(set) var now: Int64 = 0
    var cold: ColdTier
    var journal: AccessJournal
    var piecework = Piecework()
    var wakeups = Wakeups()
    /// What was done while the lock is held this time, and the most that ever was.
    package var work = WorkMeter()
    var statistics: Statistics
    var published = PublishedRegions(reason: "shared-bytes is 0")
    /// The tier that is shared with other machines.
    var remote: RemoteState

    init?(hotBytes: Int, coldBytes: Int, interning: Bool = true, limits: StoreLimits, random: RandomSource) {
        var random = random
        guard let entries = EntryIndex(capacity: limits.entriesMax),
            let tags = TagTable(
                capacity: limits.tagsMax, capacityPerOwner: limits.tagsPerOwnerMax,
                bytesMax: limits.tagBytesMax, entries: limits.entriesMax),
            let functions = FunctionTable(
                keyHash: KeyHash(seed: (random.next(), random.next())),
                nameHash: KeyHash(seed: (random.next(), random.next())), capacity: limits.functionsMax,
                bytesMax: limits.functionBytesMax),
            let interned = InternTable(isOn: interning, seed: random.next(), capacity: limits.entriesMax)
        else { return nil }
        self.tags = tags
        self.entries = entries
        self.functions = functions
        leases = LeaseTable(
            capacity: limits.leasesMax, keyBytesMax: limits.leasedKeyBytesMax, waitersMax: limits.waitersMax)
        pipeline = CommitPipeline(limits: limits, hotBytes: hotBytes)
        hot = HotTier(limit: hotBytes, interned: interned)
        journal = AccessJournal(capacity: limits.journalEntries)
        statistics = Statistics(limits: limits)
        remote = RemoteState(instance: random.next() | 1)
        cold = ColdTier(limit: coldBytes)
        self.limits = limits
        self.random = random
    }

    /// A payload that shares its value with others if that pays.
    mutating func makePayload(
        _ metadata: EntryMetadata, tags: some Collection<TagID>, key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer, prepared: PreparedValue? = nil
    ) -> Payload? {
        if let block = prepared?.take(for: hot.interned) {
            work.spend(bytes: key.count)
            return Payload.allocate(metadata, tags: tags, key: key, value: value, block: block)
        }
        work.spend(bytes: key.count &+ value.count)
        return Payload.allocate(
            metadata, tags: tags, key: key, value: value, block: hot.interned.intern(value))
    }

    // MARK: functions

    /// A function's slot, or `nil` if it was never seen.
    package mutating func function(owner: Int64, name: UnsafeRawBufferPointer) -> FunctionSlot? {
        guard let known = functions.findAgain(owner: owner, name: name) else { return nil }
        if !piecework.massClears.isEmpty { performClears(of: known) }
        // Perhaps it was forgotten.
        return functions.isLive(known) ? known : nil
    }

    /// The slot of a function, which is made known if it was not.
    /// - Returns: `nil` if there are too many functions, in all or of this owner.
    package mutating func internFunction(owner: Int64, name: UnsafeRawBufferPointer) -> FunctionSlot? {
        if let known = function(owner: owner, name: name) { return known }
        if owner != FunctionRow.everyone,
            functions.countByOwner[owner, default: 0] >= limits.functionsPerOwnerMax
        {
            forgetUnusedFunctions(of: owner)
            if functions.countByOwner[owner, default: 0] >= limits.functionsPerOwnerMax { return nil }
        }
        if !functions.hasRoom(nameBytes: name.count) { forgetUnusedFunctions(of: FunctionRow.everyone) }
        guard let function = functions.add(owner: owner, name: name) else { return nil }
        functions[function].row.usedMs = now
        functions[function].clearedBy = piecework.massClears.latest
        if remote.phase != .off { updateSharing(function) }
        // Its entries' rows refer to it: it has to be in the database before them.
        enqueue(.function(functions[function].row))
        return function
    }

    package func isTyped(_ function: FunctionSlot) -> Bool { functions[function].row.typed }

    /// Makes room in a full table: of the next functions those without entries that no one defined go, their counts
    /// with them.
    /// - Parameter owner: whose; `everyone`: all.
    private mutating func forgetUnusedFunctions(of owner: Int64) {
        let count = min(Self.functionsAtOnce, functions.allSlots.count)
        work.spend(count / 8)
        for _ in 0..<count {
            let function = functions.nextForRoom()
            guard functions.isLive(function), functions[function].count == 0,
                functions[function].clearedLists == 0,
                !functions[function].row.defined,
                owner == FunctionRow.everyone || functions[function].row.owner == owner,
                !leases.concerns(function: function)
            else { continue }
            work.spend(1)
            let row = functions[function].row
            noteHistory(function)
            statistics.retire(row, functions[function].tierHits)
            enqueue(.forget(function: row.id))
            givePlaceBack(function)
            functions.remove(function)
        }
    }

    /// Functions looked at with each new one if the table is full: looking at all would hold everyone up.
    private static let functionsAtOnce = 512

    package func hash(_ function: FunctionSlot, _ key: UnsafeRawBufferPointer) -> UInt64 {
        functions.hash(functions[function].row.id, key)
    }

    // MARK: the queue

    mutating func enqueue(_ write: StoreChange) { pipeline.append(write, now: now) }

    /// The number of the newest change; `needCommit` has it committed soon.
    package var sequence: UInt64 { pipeline.sequence }

    /// Changes up to this are in the database.
    package var committedSequence: UInt64 { pipeline.committedSequence }

    /// Why the disk takes nothing, if so: new entries live in memory only.
    package var degraded: String? { pipeline.degraded }

    /// Has all changes made until now committed without waiting for the flush interval.
    /// - Returns: the number of the newest of them, to wait for.
    package mutating func needCommit() -> UInt64 {
        if pipeline.needsMarker { enqueue(.totals(statistics.totals.all)) }
        pipeline.hurry()
        return pipeline.sequence
    }

    /// Whether a write has to wait: for the writer, where the queue holds what the disk takes in a flush interval, or until
    /// entries have left memory.
    package var isQueueFull: Bool { pipeline.isFull || (hot.isOver && isHotFarOver) }

    /// The same for one who would add this many bytes.
    package func isQueueFull(for writer: QueueWriter, adding bytes: Int) -> Bool {
        pipeline.isFull(for: writer, adding: bytes)
            || (hot.isOver && isHotFarOver && !hot.mayExceed(writer, adding: bytes, of: hotRoom))
    }

    /// What waits in the queue, in bytes: what is noted of a writer is how much more it is afterwards.
    package var queuedBytes: Int { pipeline.queue.cost }

    /// - Parameter bytes: of what was stored in memory.
    @inline(__always)
    package mutating func note(_ writer: QueueWriter, since queuedBytes: Int, storing bytes: Int = 0) {
        pipeline.note(writer, since: queuedBytes)
        hot.note(bytes, of: writer)
    }

    /// Has a connection told when there is room in the queue again.
    package mutating func waitForRoom(_ connection: ConnectionID) { pipeline.waitForRoom(connection) }

    /// Why entries are in memory only that the commits to come will not write, if so.
    package var heldInMemory: String? {
        degraded
            ?? (pipeline.unpersisted.isEmpty && !pipeline.needsGathering
                ? nil : "what was put while the disk took no writes is still being written")
    }

    /// Why nothing that has to reach the disk can be accepted, if so: it takes nothing, and enough waits for it.
    package var refusesChanges: String? { pipeline.refusal }

    /// What the threads are to be told after the lock is released.
    mutating func takeWakeups() -> (writer: Bool, maintenance: Bool, remote: Bool, wakes: [ConnectionID]) {
        let wakesWriter = pipeline.takeWriterWakeup()
        // Who waits is granted a lease as soon as it ends, not at the maintenance thread's next turn.
        if leases.waiterCount > 0 { wakeups.callMaintenance(by: leases.nextEnd) }
        let wakesMaintenance = wakeups.takeMaintenance() || leases.hasEnded || !LargeBlocks.isEmpty
        let wakesRemote = remote.wakesLink
        if wakesRemote { remote.wakesLink = false }
        let wakes = wakeups.takeWakes()
        if wakes.isEmpty { return (wakesWriter, wakesMaintenance, wakesRemote, leases.takeWakes()) }
        return (wakesWriter, wakesMaintenance, wakesRemote, wakes + leases.takeWakes())
    }

    /// Has what a connection changes from here on committed as one, until `releaseCommit` or the connection's end.
    package mutating func holdCommit(for connection: ConnectionID) {
        pipeline.hold(for: connection)
    }

    package mutating func releaseCommit(for connection: ConnectionID) {
        pipeline.release(for: connection)
    }

    // MARK: connections

    /// No more requests come from a connection: the leases that it holds end.
    package mutating func inputEnded(_ connection: ConnectionID) {
        leases.release(allOf: connection, now: now)
    }

    /// A connection is gone: it holds nothing and waits for nothing.
    package mutating func connectionClosed(_ connection: ConnectionID) {
        leases.stopWaiting(connection)
        leases.release(allOf: connection, now: now)
        piecework.leave(connection)
        unmapRegions(connection)
        if !remote.waiters.isEmpty { remote.waiters.removeAll { $0 == connection } }
        releaseCommit(for: connection)
    }

    /// Whether an entry's row is in the database: not only on its way there.
    func isCommitted(_ slot: Slot) -> Bool {
        entries[slot].row <= pipeline.committedRow && !entries[slot].flags.contains(.unpersisted)
    }
}
