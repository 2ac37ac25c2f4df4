/// A row of the table `history`: a block of steps, or with level 0 the counters that the blocks reach up to.
struct HistoryRow: Sendable, Equatable {
    /// 0: everything; a function's number; -1 less a uid.
    var subject: Int64
    var level: UInt8
    /// Wall time of the block's first step, ms.
    var start: Int64
    /// `nil`: the row is to be deleted.
    var bytes: [UInt8]?
}
