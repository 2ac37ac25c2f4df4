/// What the database has of the entries: which row is next, how much disk they take and may take.
struct ColdTier {
    private(set) var nextRow: Int64 = 1
    /// Disk that the entries take.
    private(set) var bytes = 0
    /// Disk that they may take.
    var limit: Int
    /// Rows below this one were in a database that is gone; 0 but for while that is dealt with.
    private(set) var lostRows: Int64 = 0
    /// Rows found damaged since the start.
    private(set) var damagedRows: Int64 = 0
    /// What the writer last said of the database.
    var figures = Figures()

    struct Figures {
        var journalRows = 0
        var interning = InterningFigures()
    }

    init(limit: Int) {
        self.limit = limit
    }

    var isOver: Bool { bytes > limit }

    @inline(__always)
    mutating func takeRow() -> Int64 {
        defer { nextRow += 1 }
        return nextRow
    }

    @inline(__always)
    mutating func add(bytes more: Int) { bytes += more }

    @inline(__always)
    mutating func remove(bytes less: Int) { bytes -= less }

    /// The database is gone, with all rows that it was given.
    mutating func loseRows() { lostRows = nextRow }

    /// What was lost is dealt with.
    mutating func endLoss() { lostRows = 0 }

    mutating func countDamaged() { damagedRows += 1 }

    /// Goes on where an earlier run ended.
    mutating func resume(at row: Int64) { nextRow = row }

    mutating func resume(bytes: Int) { self.bytes = bytes }
}
