internal import RemoteLink

/// What the store knows of the tier that is shared across machines. It only says what is to be sent (`outbox`), and is told
/// what came; the link to the helper is someone else's.
struct RemoteState: Sendable {
    enum Phase: Sendable {
        /// Not configured.
        case off
        /// The helper or the servers cannot be reached.
        case down
        /// They can, and what happened meanwhile is being heard.
        case catchingUp
        case up
    }

    var configuration: RemoteConfiguration?
    var phase = Phase.off
    var link: LinkReply.State?
    /// The helper is connected.
    var isLinked = false
    /// Why it is not, for people.
    var missing = "the helper is not there yet"
    /// The log was read to its end since the last connection to it.
    var isCaughtUp = false
    /// The requests for epochs after that which are not answered yet; `nil`: they were not sent.
    var verification: Set<UInt64>?
    /// When the helper was last heard, in store time.
    var heard: Int64 = 0

    // MARK: what survives restarts

    var namespace = EpochRecord()
    var functions: [[UInt8]: RemoteFunction] = [:]
    var tags: [[UInt8]: EpochRecord] = [:]
    /// Keys deleted here that the others do not know yet.
    var deletions: [Deletion: PendingDeletion] = [:]
    /// How far the log was read; `nil`: never.
    var position: LogPosition?
    /// The server that it was read of.
    var identity: [UInt8] = []

    struct Deletion: Hashable, Sendable {
        var function: [UInt8]
        var key: [UInt8]
    }

    struct PendingDeletion: Sendable {
        var generation: Generation
        var since: Int64
        /// The request under way.
        var request: UInt64?
    }

    // MARK: what does not

    let instance: UInt64
    var nextID: UInt64 = 1
    var epochChanges: UInt64 = 0
    var flights = RemoteFlights()
    var misses = RecentMisses()
    var outbox: [LinkRequest] = []
    var outboxBytes = 0
    var wakesLink = false
    /// What requests about epochs asked for, and as of which change.
    var epochRequests: [UInt64: EpochRequest] = [:]
    /// Epochs that were asked for and are not known yet.
    var asked: Set<EpochField> = []
    /// What is to be raised.
    var raising: Set<EpochField> = []
    var held = HeldPuts()
    var figures = RemoteFigures()
    /// Where the next poll of epochs goes on.
    var pollHand = 0
    /// The epochs that the helper reads by itself about once a second; `nil`: none.
    var watch: Watch?
    /// Tombstones that were asked for.
    var burials: [UInt64: Deletion] = [:]
    /// What others cleared and deleted, to be told to those who watch.
    var notices: [RemoteNotice] = []
    var hasLostNotices = false
    /// Whose turn it is to compute, of functions for which one host does so for all.
    var leases = RemoteLeases()
    /// What was found for those who only look.
    var inspections: [UInt64: RemoteWhereabouts] = [:]
    /// Who waits until what was cleared or deleted here is known there.
    var waiters: [ConnectionID] = []

    struct Watch: Sendable {
        var id: UInt64
        var fields: [EpochField]
        /// As of which change the next answer is asked for, at the earliest: the last one before the answer before it came.
        var asOf: UInt64
        /// When the last answer came, in store time; `nil`: never.
        var answered: Int64?
    }

    struct EpochRequest: Sendable {
        enum Purpose: Sendable {
            case poll
            /// The last look before the tier is used.
            case verification
            /// Beside a look-up.
            case lookup
            /// For tags of entries of this look-up.
            case tags(flight: UInt64)
            case raise
        }

        var fields: [EpochField]
        var asOf: UInt64
        var purpose: Purpose
    }

    init(instance: UInt64) { self.instance = instance }

    static let functionsMax = 100_000
    static let tagsMax = 100_000
    /// More keys that wait to be deleted there become a clear of their function.
    static let deletionsMax = 10_000
    /// Without a word of the helper for so long nothing is read from it. Looked at once a second: within 5 s.
    static let silenceMs: Int64 = 4_000
    /// How long a tombstone stays there: deletes that are older cannot be lost.
    static let tombstoneMs: Int64 = 2 * 3_600_000
    /// What is kept of what others cleared and deleted until it is told.
    static let noticesMax = 10_000
    static let inspectionsMax = 1000
    /// How often is looked after all of this.
    static let tickMs: Int64 = 1000
    /// Epochs that the helper has not read for so long are asked for, so that they are read once a second in any case.
    static let watchPatienceMs: Int64 = 950
    /// Fields asked for at once.
    static let fieldsAtOnce = 1024

    /// Whether it was ever shared in, so that clears have to be noted.
    var isInUse: Bool {
        phase != .off || namespace.known != 0 || namespace.pending != 0 || !functions.isEmpty
    }

    var takesWrites: Bool { configuration?.mode != .readOnly && link?.isReadOnly != true }

    mutating func makeID() -> UInt64 {
        defer { nextID += 1 }
        return nextID
    }

    /// - Returns: false if too much waits to be sent already.
    @discardableResult
    mutating func send(_ request: LinkRequest, bytes: Int = 0) -> Bool {
        guard isLinked else { return false }
        guard bytes == 0 || outboxBytes + bytes <= configuration?.queueBytes ?? 0 else { return false }
        outbox.append(request)
        outboxBytes += bytes
        wakesLink = true
        return true
    }

    subscript(field: EpochField) -> EpochRecord {
        get {
            switch field {
            case .namespace: namespace
            case .function(let name): functions[name]?.epoch ?? EpochRecord()
            case .tag(let name): tags[name] ?? EpochRecord()
            }
        }
        set {
            switch field {
            case .namespace: namespace = newValue
            case .function(let name): functions[name, default: RemoteFunction()].epoch = newValue
            case .tag(let name): tags[name] = newValue
            }
        }
    }

    mutating func note(_ notice: RemoteNotice) {
        if notices.count < Self.noticesMax { notices.append(notice) } else { hasLostNotices = true }
    }

    /// Whether another field can be remembered.
    func hasRoom(for field: EpochField) -> Bool {
        switch field {
        case .namespace: true
        case .function(let name): functions.count < Self.functionsMax || functions[name] != nil
        case .tag(let name): tags.count < Self.tagsMax || tags[name] != nil
        }
    }

    /// Everything that has an epoch here.
    var fields: [EpochField] {
        [.namespace] + functions.keys.map { .function($0) } + tags.keys.map { .tag($0) }
    }
}

/// What was counted of the shared tier since the start.
package struct RemoteFigures: Sendable {
    package var hits: Int64 = 0
    package var misses: Int64 = 0
    package var timeouts: Int64 = 0
    package var errors: Int64 = 0
    package var skipped: Int64 = 0
    package var lateFills: Int64 = 0
    package var puts: Int64 = 0
    package var putsRefused: Int64 = 0
    package var putsDropped: Int64 = 0
    package var queued: Int64 = 0
    package var tooLarge: Int64 = 0
}
