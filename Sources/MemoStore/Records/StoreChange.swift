/// One change of the database. A batch's changes are made in order, in one transaction. The large cases are
/// indirect, so that the common ones are small.
enum StoreChange {
    /// The payload is immutable, and the queue holds a reference to it until the commit is over.
    case insert(row: Int64, function: FunctionID, hash: UInt64, payload: Payload)
    /// - Parameter bytes: what the entry takes; `nil` if its row is to be taken out of the database at once.
    case delete(row: Int64, bytes: Int? = nil)
    /// Inserts or replaces the function's row.
    indirect case function(FunctionRow)
    case forget(function: FunctionID)
    /// Inserts or replaces the tag's row.
    indirect case tag(TagRow)
    case forgetTag(TagID)
    indirect case totals(Totals)
    /// Rows in the order of their last use, oldest first: appended to the access journal.
    case accesses([Int64])
    /// The same for every entry there is: replaces the journal.
    case recency([Int64])
    /// Inserts, replaces or deletes a piece of a history.
    indirect case history(HistoryRow)
    /// Deletes all of a subject's history.
    case forgetHistory(Int64)
    indirect case mismatch(MismatchRow)
    case forgetMismatch(Int64)
    /// Inserts, replaces or deletes a note about the tier that is shared with other machines.
    indirect case remote(RemoteRow)
}
