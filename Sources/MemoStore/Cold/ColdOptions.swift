/// How the cold tier is to be opened.
struct ColdOptions: Sendable {

    var path: String
    var durability: Durability = .normal
    /// Whether values that several entries have in common are stored once.
    var interning = true
    /// What this memod knows of the schema; a test's may differ.
    var schema: Schema = .current

    /// Limits that the interface does not set.
    static let pageBytes = 8192
    /// Frames in the write-ahead log at which it is moved into the database: 12 MiB, and with the commit that
    /// reaches it under 16.
    static let checkpointFrames = 1500
    /// The same if the disk is nearly full: what the small ballast has room for.
    static let checkpointFramesWhenScarce = 200
    /// The same if nothing else is to be written.
    static let checkpointFramesWhenIdle = 200
    /// This many deletions and more in a commit are marked deleted, those of small entries: fewer change as many pages at once.
    static let tombstonesLeast = 16
    static let tombstoneEntryBytesMax = 1024
    /// With this many rows marked deleted, or a sixteenth of the database and at least a quarter of a mebibyte, they begin to be taken out.
    static let tombstonesMax = 1 << 18
    /// With this many none is marked deleted any more.
    static let tombstonesHardMax = 1 << 19
    static let tombstonePart: Int64 = 16
    static let tombstoneBytesLeast = 1 << 18
    /// Taken out in one transaction, and how long it may take: others wait for it.
    static let takenOutAtOnce = 2048
    static let takingOutMs: Int64 = 50
    /// After a failure nothing is taken out or compacted for so long.
    static let idleWorkPauseMs: Int64 = 30_000
    /// So much more than its entries take, or than its budget, the database may always have before rows are compacted.
    static let compactionBytesLeast: Int64 = 1 << 20
    /// Bytes of rows in one transaction: others wait for it.
    static let compactedAtOnce = 256 << 10
    /// Of larger rows there is one in a page.
    static let compactedRowBytesMax = pageBytes / 2
    /// Free pages are given back if there are this many, and more than this part of all.
    static let freePagesLeast: Int64 = 256
    static let freePart: Int64 = 4
    static let freePartWhenIdle: Int64 = 16
    /// The log file is cut to this once it was larger, such as during a backup.
    static let logBytesKept = 32 << 20
    static let writerCacheBytes = 8 << 20
    static let readerCacheBytes = 2 << 20
    static let busyTimeoutMs: Int32 = 5000
    /// How long the end waits for others that read.
    static let lastWaitMs: Int32 = 1000
}
