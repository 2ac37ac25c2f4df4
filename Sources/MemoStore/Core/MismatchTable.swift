/// The last mismatches, oldest first. If there is no room for another, the owner who has the most of them loses the
/// oldest, so that one user's do not push out those of the others.
struct MismatchTable: ~Copyable {
    private struct Kept {
        let row: MismatchRow
        let owner: Int64
        /// Not on the disk, and not to be.
        let isPrivate: Bool
        var isDirty: Bool
    }

    private var kept: [Kept] = []
    /// Rows on the disk that are to go.
    private var dropped: [Int64] = []
    private var next: Int64 = 1
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// - Parameter isPrivate: whether the function's results may not be on the disk.
    mutating func add(
        _ row: MismatchRow, function: FunctionID, owner: Int64, isPrivate: Bool, wallMs: Int64
    ) {
        var row = row
        row.number = next
        row.function = function
        row.at = wallMs
        next += 1
        kept.append(Kept(row: row, owner: owner, isPrivate: isPrivate, isDirty: !isPrivate))
        trim()
    }

    private mutating func trim() {
        while kept.count > capacity {
            var counts: [Int64: Int] = [:]
            for one in kept { counts[one.owner, default: 0] += 1 }
            let most = counts.values.max()
            guard let index = kept.firstIndex(where: { counts[$0.owner] == most }) else { return }
            dropped.append(kept.remove(at: index).row.number)
        }
    }

    mutating func forget(function: FunctionID) {
        dropped += kept.filter { $0.row.function == function }.map(\.row.number)
        kept.removeAll { $0.row.function == function }
    }

    /// Those of a function, newest first.
    func rows(of function: FunctionID) -> [MismatchRow] {
        kept.reversed().filter { $0.row.function == function }.map(\.row)
    }

    var count: Int { kept.count }

    // MARK: the database

    /// Takes a row that was read at a start.
    /// - Parameter owner: `nil` if its function is not known any more.
    mutating func load(_ row: MismatchRow, owner: Int64?) {
        next = max(next, row.number + 1)
        guard let owner else { return dropped.append(row.number) }
        kept.append(Kept(row: row, owner: owner, isPrivate: false, isDirty: false))
        trim()
    }

    /// What the database is to be told since the last call.
    mutating func takeChanges() -> (rows: [MismatchRow], dropped: [Int64]) {
        guard !dropped.isEmpty || kept.contains(where: \.isDirty) else { return ([], []) }
        let rows = kept.filter(\.isDirty).map(\.row)
        for index in kept.indices { kept[index].isDirty = false }
        defer { dropped = [] }
        return (rows, dropped)
    }

    /// The database is a new one: all are to be written.
    mutating func writeAll() {
        dropped = []
        for index in kept.indices { kept[index].isDirty = !kept[index].isPrivate }
    }
}
