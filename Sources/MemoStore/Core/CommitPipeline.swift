internal import Synchronization

/// The way of changes from memory to the database: what waits, what was committed, what failed and is tried again, and who
/// is to be told. It knows nothing of entries; the store's state says what the changes are.
struct CommitPipeline: ~Copyable {
    private(set) var queue: WriteQueue
    /// Rows up to this are in the database, as far as they still exist.
    private(set) var committedRow: Int64 = 0
    /// Changes up to this are in the database.
    private(set) var committedSequence: UInt64 = 0
    /// Someone waits for the commit of the changes up to this.
    private var urgentSequence: UInt64 = 0
    /// Whoever waited for the changes up to this was told that they are not committed.
    private var failedSequence: UInt64 = 0
    /// A commit that failed and is tried again, before anything else is committed.
    private(set) var failedBatch: Batch?
    /// How many of its changes the next try takes on.
    private var retryCount = Int.max
    /// What failed since the last success.
    private(set) var lastFailure: ColdFailure?
    /// The damage was found twice, the second time in what was read anew: it is no error of reading.
    private(set) var isDamageConfirmed = false
    /// The database is to be opened anew before the next commit.
    private(set) var needsRecovery = false
    /// Why the disk takes nothing, if so: new entries live in memory only.
    private(set) var degraded: String?
    /// Why the disk is not heard of, if so. What was sent to it waits.
    private(set) var stalled: String?
    /// Entries that were put while the disk took nothing and are still to be queued, the one used first at the end.
    private(set) var unpersisted: [Slot] = []
    /// Connections that wait for room in the queue.
    private var waitingForRoom: [ConnectionID] = []
    private var wakesWriter = false
    /// Connections with an operation under way that is to be committed as one.
    private var holders: Set<ConnectionID> = []
    /// Entries that are in memory only are to be gathered, now that they may be on disk.
    private(set) var needsGathering = false
    var writerIsIdle = true
    /// The last changes before the end were queued.
    private(set) var isClosed = false

    private let bytesLeast: Int
    private let bytesMost: Int

    init(limits: StoreLimits, hotBytes: Int) {
        bytesLeast = limits.queueBytesLeast
        bytesMost = limits.queueBytesMost
        queue = WriteQueue(
            costMax: Self.bound(
                limits.queueBytesFirst, hotBytes: hotBytes, least: bytesLeast, most: bytesMost))
    }

    // MARK: the queue

    /// Only what is queued is still to be committed.
    mutating func close() { isClosed = true }

    mutating func append(_ change: StoreChange, now: Int64) {
        queue.append(change, now: now)
        if writerIsIdle || queue.isFull {
            writerIsIdle = false
            wakesWriter = true
        }
    }

    /// Takes the newest changes back; none of them is an insert.
    mutating func takeBack(_ count: Int) { queue.dropLast(count) }

    /// The number of the newest change.
    var sequence: UInt64 { queue.sequence }

    /// To wait for what was given up for failed is no wait: that takes another change.
    var needsMarker: Bool { sequence > committedSequence && sequence <= failedSequence }

    /// Has all changes made until now committed without waiting for the flush interval.
    mutating func hurry() {
        guard sequence > committedSequence, urgentSequence < sequence else { return }
        urgentSequence = sequence
        wakesWriter = true
    }

    /// Whether a write has to wait for the writer: the queue holds what the disk takes in a flush interval.
    var isFull: Bool { queue.isFull && degraded == nil }

    /// The same for a writer, who has its share of the queue, whatever the others put.
    func isFull(for writer: QueueWriter, adding bytes: Int) -> Bool {
        isFull && !queue.mayExceed(writer, adding: bytes)
    }

    /// A writer has added what the queue holds more than it did.
    mutating func note(_ writer: QueueWriter, since cost: Int) {
        if queue.isHalfFull, queue.cost > cost { queue.note(queue.cost - cost, of: writer) }
    }

    /// Why nothing that has to reach the disk can be accepted, if so: it takes nothing, and enough waits for it.
    var refusal: String? { queue.isFull ? degraded : nil }

    mutating func waitForRoom(_ connection: ConnectionID) { waitingForRoom.append(connection) }

    /// Connections that waited for room in the queue, now that there is some.
    mutating func takeWaitingForRoom() -> [ConnectionID] {
        guard !waitingForRoom.isEmpty, !isFull else { return [] }
        return exchange(&waitingForRoom, with: [])
    }

    /// Whether the writer is to be told of new work.
    mutating func takeWriterWakeup() -> Bool { exchange(&wakesWriter, with: false) }

    /// Changes that are not in the database yet.
    var pendingCount: Int { queue.count + queue.countInFlight + (failedBatch?.writes.count ?? 0) }

    /// What they weigh.
    var pendingCost: Int { queue.cost + queue.costInFlight + (failedBatch?.bytes ?? 0) }

    /// Whether all changes are in the database, or on their way in a commit that did not fail.
    var isEmpty: Bool { queue.isEmpty && failedBatch == nil }

    // MARK: commits

    /// Whether nothing may be committed for the moment.
    var isHeld: Bool { !holders.isEmpty }

    /// Has all changes from here on, until `release`, committed together with those that wait.
    mutating func hold(for connection: ConnectionID) { holders.insert(connection) }

    mutating func release(for connection: ConnectionID) {
        guard !holders.isEmpty, holders.remove(connection) != nil, holders.isEmpty else { return }
        if !queue.isEmpty { wakesWriter = true }
    }

    /// Changes that are committed together.
    struct Batch {
        var writes: [StoreChange]
        /// The number of the newest.
        var sequence: UInt64
        /// No entry with a larger row is among them.
        var row: Int64
        var bytes: Int
        /// The database is to be opened anew before it is committed.
        var isRetry: Bool
        /// Someone is told when it is committed, and relies on it.
        var isAwaited: Bool

        /// Cuts it off after this many changes.
        /// - Returns: the others.
        mutating func split(after count: Int) -> Batch {
            var rest = self
            rest.writes = Array(writes[count...])
            rest.bytes = bytes * rest.writes.count / writes.count
            writes.removeLast(rest.writes.count)
            sequence -= UInt64(rest.writes.count)
            bytes -= rest.bytes
            // Rows are given out in the order of the changes.
            for case .insert(let row, _, _, _) in rest.writes {
                self.row = row - 1
                break
            }
            return rest
        }

        mutating func append(_ rest: Batch) {
            writes += rest.writes
            sequence = rest.sequence
            row = rest.row
            bytes += rest.bytes
        }

        func release() { release(0..<writes.count) }

        /// Lets go of the payloads of some of them.
        func release(_ some: Range<Int>) {
            for case .insert(_, _, _, let payload) in writes[some] { payload.release() }
        }
    }

    /// When the next commit is due.
    /// - Returns: in how many ms; `nil` if nothing waits.
    func due(flushIntervalMs: Int64, isClosing: Bool, now: Int64) -> Int64? {
        if failedBatch != nil || needsRecovery { return 0 }
        guard !queue.isEmpty else { return nil }
        if isHeld, !isClosing { return Self.heldMs }
        if isClosing || isCommitAwaited { return 0 }
        return max(0, queue.since + flushIntervalMs - now)
    }

    /// It is looked again after this if no one tells.
    private static let heldMs: Int64 = 20

    /// Whether someone waits for the next commit.
    var isCommitAwaited: Bool { urgentSequence > committedSequence || queue.isFull }

    /// - Parameter row: the newest that was given out.
    mutating func takeBatch(row: Int64) -> Batch {
        let isAwaited = urgentSequence > committedSequence
        if var batch = exchange(&failedBatch, with: nil) {
            batch.isRetry = true
            batch.isAwaited = isAwaited
            if retryCount < batch.writes.count { failedBatch = batch.split(after: retryCount) }
            return batch
        }
        let bytes = queue.cost
        let isRetry = exchange(&needsRecovery, with: false)
        return Batch(
            writes: queue.take(), sequence: queue.sequence, row: row, bytes: bytes, isRetry: isRetry,
            isAwaited: isAwaited)
    }

    enum Outcome {
        /// A part of what failed before; the rest is still to come.
        case part
        case all
        /// The same, and the disk took nothing before.
        case recovered
    }

    /// A batch is in the database; the caller releases its payloads.
    mutating func committed(
        _ batch: Batch, tookMs: Int64, flushIntervalMs: Int64, hotBytes: Int
    ) -> Outcome {
        adapt(to: batch, tookMs: tookMs, flushIntervalMs: flushIntervalMs, hotBytes: hotBytes)
        finish(sequence: batch.sequence, row: batch.row)
        guard failedBatch == nil else { return .part }
        retryCount = .max
        lastFailure = nil
        isDamageConfirmed = false
        return exchange(&degraded, with: nil) == nil ? .all : .recovered
    }

    /// Changes up to this number are in the database; the caller has released the payloads.
    mutating func finish(sequence: UInt64, row: Int64) {
        queue.finish()
        committedSequence = sequence
        committedRow = max(committedRow, row)
    }

    /// What was loaded from the database.
    mutating func begin(row: Int64) { committedRow = row }

    /// What may wait is what the disk takes in a flush interval, so that the next commit begins within it.
    private mutating func adapt(to batch: Batch, tookMs: Int64, flushIntervalMs: Int64, hotBytes: Int) {
        guard batch.writes.count >= 1000 || batch.bytes >= bytesLeast else { return }
        let perMs = Double(batch.bytes) / Double(max(1, tookMs))
        let target = perMs * Double(max(10, flushIntervalMs)) * 0.8
        let mixed = Double(queue.costMax) * 0.7 + target * 0.3
        queue.costMax = Self.bound(Int(mixed), hotBytes: hotBytes, least: bytesLeast, most: bytesMost)
    }

    /// What waits, and as much again in the commit under way, cannot leave memory: half of the hot tier's budget at
    /// most, or a disk that hangs would leave nothing of what is read again and again.
    private static func bound(_ wanted: Int, hotBytes: Int, least: Int, most: Int) -> Int {
        max(least, min(wanted, most, hotBytes / 4))
    }

    // MARK: failures

    /// Something failed and is tried once more before anyone hears of it.
    mutating func suspect(_ failure: ColdFailure, isConfirmed: Bool = false) {
        lastFailure = failure
        isDamageConfirmed = isConfirmed
    }

    /// A batch is not in the database, and is kept for another try.
    /// - Returns: the number of the newest change, and whether this is the first failure.
    mutating func failed(_ batch: Batch, _ error: ColdError) -> (sequence: UInt64, isNew: Bool) {
        let isNew = degraded == nil
        degraded = error.message
        if error.failure == .corrupt, lastFailure == .corrupt { isDamageConfirmed = true }
        lastFailure = error.failure
        // What is too much for the disk at once may fit in parts, or those may be evicted that did.
        if error.failure == .full { retryCount = max(1, batch.writes.count / 2) }
        var batch = batch
        if let rest = failedBatch { batch.append(rest) }
        failedBatch = batch
        queue.finish()
        failedSequence = queue.sequence
        return (queue.sequence, isNew)
    }

    /// The database is to be opened anew, or damage that is sure calls for a new one.
    /// - Returns: false if that is about to happen already.
    mutating func recover(from failure: ColdFailure, isConfirmed: Bool) -> Bool {
        guard failedBatch == nil, !needsRecovery else { return false }
        needsRecovery = true
        lastFailure = failure
        isDamageConfirmed = isConfirmed
        return true
    }

    /// The disk has not answered for long, or `nil`: it does.
    /// - Returns: whether that is news.
    mutating func stall(_ reason: String?) -> Bool {
        defer { stalled = reason }
        return (stalled == nil) != (reason == nil)
    }

    /// The database is gone, and a new one is there: what waited for the old one is of no use to it.
    mutating func lose() {
        needsRecovery = false
        lastFailure = nil
        isDamageConfirmed = false
        retryCount = .max
        failedBatch?.release()
        failedBatch = nil
        for case .insert(_, _, _, let payload) in queue.take() { payload.release() }
        queue.finish()
    }

    /// Lets go of a batch that was taken before the database was lost, and has what is queued instead committed soon.
    /// - Returns: whether all that memory has is queued.
    mutating func drop(_ batch: Batch) -> Bool {
        batch.release()
        urgentSequence = queue.sequence
        return unpersisted.isEmpty
    }

    // MARK: what only memory has

    /// Has them gathered.
    mutating func needGathering() { needsGathering = true }

    /// - Parameter slots: the one that was used first at the end.
    mutating func gather(unpersisted slots: [Slot]) {
        needsGathering = false
        unpersisted = slots
    }

    /// The next one to be queued, as long as there is room.
    mutating func nextUnpersisted() -> Slot? {
        if !queue.isFull, let slot = unpersisted.popLast() { return slot }
        // With the memory that it had.
        if unpersisted.isEmpty { unpersisted = [] }
        return nil
    }

    /// Holds between any two operations; ends the process if it does not. For tests.
    func check() {
        queue.check()
        precondition(
            committedSequence <= sequence && failedSequence <= sequence && urgentSequence <= sequence)
        precondition(committedSequence + UInt64(pendingCount) <= sequence, "more is pending than was queued")
        if let failedBatch {
            precondition(degraded != nil && lastFailure != nil, "a failure that no one is told of")
            precondition(failedBatch.sequence <= failedSequence && failedBatch.sequence > committedSequence)
        }
        precondition(degraded != nil || retryCount == .max)
    }
}
