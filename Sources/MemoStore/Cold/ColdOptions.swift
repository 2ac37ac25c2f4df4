/// How the cold tier is to be opened.
struct ColdOptions: Sendable {
    enum Durability: Sendable {
        /// A commit survives the death of the process; power loss costs at most the newest ones.
        case normal
        /// A commit survives power loss.
        case full
    }

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
    /// The log file is cut to this once it was larger, such as during a backup.
    static let logBytesKept = 32 << 20
    static let writerCacheBytes = 8 << 20
    static let readerCacheBytes = 2 << 20
    static let busyTimeoutMs: Int32 = 5000
}
