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
    /// The same where the disk is nearly full: what the small ballast has room for.
    static let checkpointFramesWhenScarce = 200
    /// The same where nothing else is to be written.
    static let checkpointFramesWhenResting = 200
    /// So many deletions and more in a commit are noted, those of small entries: fewer change as many pages at once.
    static let noteLeast = 16
    static let notedBytesMax = 1024
    /// With so many rows noted, or a sixteenth of the database and at least a quarter of a mebibyte, they begin to be taken out.
    static let notedRowsMax = 1 << 18
    /// With so many none is noted any more.
    static let notedRowsHardMax = 1 << 19
    static let notedPart: Int64 = 16
    static let notedBytesLeast = 1 << 18
    /// Taken out in one transaction, and how long it may take: others wait for it.
    static let takenOutAtOnce = 2048
    static let takingOutMs: Int64 = 50
    /// After a failure nothing is taken out or packed for so long.
    static let tidyingPauseMs: Int64 = 30_000
    /// So much more than its entries take, or than its budget, the database may always have before rows are packed.
    static let packedBytesLeast: Int64 = 1 << 20
    /// Bytes of rows in one transaction: others wait for it.
    static let packedAtOnce = 256 << 10
    /// Of larger rows there is one in a page.
    static let packedRowBytesMax = pageBytes / 2
    /// Free pages are given back where there are so many, and more than this part of all.
    static let freePagesLeast: Int64 = 256
    static let freePart: Int64 = 4
    static let freePartWhenResting: Int64 = 16
    /// The log file is cut to this once it was larger, such as during a backup.
    static let logBytesKept = 32 << 20
    static let writerCacheBytes = 8 << 20
    static let readerCacheBytes = 2 << 20
    static let busyTimeoutMs: Int32 = 5000
    /// How long the end waits for others that read.
    static let lastWaitMs: Int32 = 1000
}
