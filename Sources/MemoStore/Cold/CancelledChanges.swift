/// What the changes of a batch both make and take away again: it is not written.
struct CancelledChanges {
    private(set) var rows: Set<Int64> = []
    private(set) var functions: Set<FunctionID> = []
    private(set) var tags: Set<TagID> = []

    /// - Parameter next: numbers that the database does not have yet. Of a batch that is repeated it may have all; then
    ///   rows are cancelled nevertheless, and deleted.
    init(_ writes: ContiguousArray<StoreChange>, next: MetaTable.NextNumbers) {
        var first = next.row
        for case .insert(let row, _, _, _) in writes { first = min(first, row) }
        var deleted: Set<Int64> = []
        for write in writes {
            switch write {
            case .delete(let row, _) where row >= first: deleted.insert(row)
            case .forget(let function) where Int64(function.rawValue) >= next.function:
                functions.insert(function)
            case .function(let row): functions.remove(row.id)
            case .forgetTag(let tag) where Int64(tag.rawValue) >= next.tag: tags.insert(tag)
            case .tag(let row): tags.remove(row.id)
            default: break
            }
        }
        guard !deleted.isEmpty else { return }
        for case .insert(let row, _, _, _) in writes where deleted.contains(row) { rows.insert(row) }
    }
}
