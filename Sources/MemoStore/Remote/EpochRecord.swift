internal import RemoteLink

/// What this host knows of an epoch.
struct EpochRecord: Sendable {
    /// 0: not known.
    var known: Epoch = 0
    /// Which of all changes of epochs here the last one of this was: an answer that was asked for before says nothing of it.
    var changed: UInt64 = 0
    /// Cleared here since the servers last raised it for us: how often. Nothing of it is read or put meanwhile.
    var pending: UInt64 = 0
    /// When that began, in store time.
    var pendingSince: Int64 = 0
    /// The servers have none yet, and are to make one.
    var isWanted = false
    /// The request that raises it, and which clears it covers.
    var raise: (id: UInt64, pending: UInt64)?
    /// It was read or made before the log said anything of it: a line of it that still comes, unless it is our own, may be of
    /// a clear that was not heard before.
    var awaitsLine = false
    /// Something was shared under it meanwhile, and would have to be taken back.
    var isSharedUnheard = false
    /// Leases up to this one were granted before it was known: what they compute may be of before a clear.
    var leasesBefore: UInt64 = 0

    var isUsable: Bool { known != 0 && pending == 0 && !isWanted }
    var needsRaise: Bool { pending > 0 || isWanted }
}

/// A function that is shared, or was.
struct RemoteFunction: Sendable {
    var epoch = EpochRecord()
    var setting = RemoteSetting.byPattern
    /// Not served here while the others cannot be heard.
    var isCoherent = false
    /// One host computes while the others wait.
    var isLeased = false
    /// When a key of it was last deleted, here or elsewhere, in store time; 0: never.
    var deletedAt: Int64 = 0
    var hits: Int64 = 0
    var misses: Int64 = 0
    var isDirty = false
    var benefit = RemoteBenefit()

    mutating func count(hits: Int, misses: Int) {
        self.hits += Int64(hits)
        self.misses += Int64(misses)
        isDirty = true
        for _ in 0..<hits { benefit.asked(found: true) }
        for _ in 0..<misses { benefit.asked(found: false) }
    }
}

/// What `define` says of a function.
package enum RemoteSetting: Int64, Sendable {
    case byPattern = 0
    case on, off, readOnly
}

/// Whether asking pays for a function.
struct RemoteBenefit: Sendable {
    private static let costsLeast = 16
    private static let window = 1000
    private static let oneIn = 16
    private var costs = 0
    private var costMs = 0.0
    private var asked = 0
    private var found = 0
    private var isPoor = false
    private var skipped = 0

    /// A result was computed. A cost of 0 ms is half a one.
    mutating func computed(inMs cost: Int64) {
        if costs == Self.window {
            costs /= 2
            costMs /= 2
        }
        costs += 1
        costMs += cost == 0 ? 0.5 : Double(cost)
    }

    mutating func asked(found isFound: Bool) {
        asked += 1
        if isFound {
            found += 1
            isPoor = false
        }
        guard asked >= Self.window else { return }
        isPoor = found * 100 < asked
        asked = 0
        found = 0
    }

    /// Whether to ask: not where computing is faster, and seldom if nothing is found.
    mutating func pays(roundTripMicroseconds: UInt64) -> Bool {
        if costs >= Self.costsLeast, costMs / Double(costs) * 1000 < 3 * Double(roundTripMicroseconds) {
            return false
        }
        guard isPoor else { return true }
        skipped += 1
        return skipped % Self.oneIn == 0
    }
}
